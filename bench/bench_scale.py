"""How the commands bear lists of any length: plan, first start, resume and status, each as a user runs it.

    python -m bench.bench_scale [ROWS...]          65,000 and 650,000 rows by default; 6,500,000 takes some minutes

CPU is that of the command with its media child; a row's is what a hundred rows do not take. A start ends with the first
clip (`--max-clips 1`), the seconds to it are by the clock.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.bench_load import rows
from bench.bench_plan import write
from clipset.rehearsal import Rehearsal, Scenario, Video

LENGTHS = (65_000, 650_000)
_FEW = 100
_VIDEO = Video(duration_s=320, itags=(18,), shrink=2, media_key=7)
"""What every row's video is: the lists' clips end within 310 s."""


@dataclass(frozen=True, slots=True)
class Used:
    cpu_s: float
    wall_s: float
    peak_mib: int
    first_clip_s: float | None = None


def run(*words: object) -> Used:
    began_s, first_clip_s = time.monotonic(), None
    command = [sys.executable, "-m", "clipset", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if first_clip_s is None and line.startswith("{") and json.loads(line).get("event") == "clip":
                first_clip_s = time.monotonic() - began_s
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 3), process.returncode
    peak_kib = used.ru_maxrss // (1 if sys.platform != "darwin" else 1024)
    return Used(used.ru_utime + used.ru_stime, time.monotonic() - began_s, peak_kib // 1024, first_clip_s)


def show(count: int, what: str, used: Used, fixed: Used | None) -> None:
    a_row = "" if fixed is None else f"{max(0.0, used.cpu_s - fixed.cpu_s) / count * 1e6:.1f} us"
    first = "" if used.first_clip_s is None else f"{used.first_clip_s:.1f} s"
    print(f"| {count:,} | {what} | {used.cpu_s:.1f} s | {a_row} | {first} | {used.peak_mib} MiB |", flush=True)


def bench(count: int, folder: Path, origin: str, fixed: dict[str, Used]) -> dict[str, Used]:
    annotations, dataset = folder / "list.csv", folder / "dataset"
    write(annotations, rows(count))
    fetch = ("fetch", annotations, "--out", dataset, "--json", "--youtube-origin", origin)
    one = ("--max-clips", 1, "--jobs", 1)
    commands = {
        "plan": ("plan", annotations, "--json"),
        "first start": (*fetch, *one),
        "resume": (*fetch, *one),
        "status": ("status", dataset, "--json"),
    }
    seen = {}
    for what, command in commands.items():
        seen[what] = run(*command)
        show(count, what, seen[what], fixed.get(what))
    return seen


def main() -> None:
    print("| rows | what | CPU | a row | to the first clip | peak memory |\n|---|---|---|---|---|---|")
    lengths = tuple(map(int, sys.argv[1:])) or LENGTHS
    fixed: dict[str, Used] = {}
    with Rehearsal(Scenario(default=_VIDEO)) as youtube:
        youtube.prepare(["abcdefghijk"])
        for count in (_FEW, *lengths):
            with tempfile.TemporaryDirectory(prefix="clipset-bench-") as name:
                seen = bench(count, Path(name), youtube.origin, fixed)
            fixed = fixed or seen


if __name__ == "__main__":
    main()
