"""What a run is bound by: `clipset fetch` over the modelled line, and where its CPU goes, process by process.

    python -m bench.bench_throughput [CLIPS] [--minutes N] [--mbit N] [--rtt-ms N] [--jobs N] [--cache DIR]

Two bounds are compared with the time it took: the bytes over the line's rate and the
CPU seconds over the cores that were left by other programs (Linux only: it reads /proc four times a second).
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bench.peers.rows import Row, make_rows, scenario
from clipset.rehearsal import Rehearsal
from clipset.rehearsal.scenario import Line

_EVERY_S = 0.25
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_SET = 60  # rows of one call: ids have one digit for the copy
PARTS = ("loop", "workers", "media")


def cpu_s_by_part(pid: int) -> dict[str, float]:
    """CPU seconds so far of the loop's thread, of the other threads, and of the children."""
    used: dict[str, float] = defaultdict(float)
    for task in Path(f"/proc/{pid}/task").iterdir():
        used["loop" if task.name == str(pid) else "workers"] += _cpu_s(task / "stat")
        for child in (task / "children").read_text().split():
            used["media"] += _cpu_s(Path(f"/proc/{child}/stat"))
    return used


def _cpu_s(stat: Path) -> float:
    with suppress(OSError):
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
    return 0.0


def machine_busy_s() -> float:
    """CPU seconds of all programs since the machine started."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / _TICKS_PER_S


def follow(process: subprocess.Popen[str]) -> tuple[float, float, dict[str, float]]:
    """(wall seconds, CPU seconds of the machine, CPU seconds by part) from the first worker to the end."""
    first: dict[str, float] | None = None
    latest: dict[str, float] = {}
    began_s = busy_s = 0.0
    while process.poll() is None:
        with suppress(OSError):
            seen = cpu_s_by_part(process.pid)
            if first is None and seen["workers"] > 0:
                first, began_s, busy_s = seen, time.monotonic(), machine_busy_s()
            # children that end take their seconds with them, so a part never shrinks
            latest = {part: max(seen[part], latest.get(part, 0.0)) for part in PARTS}
        time.sleep(_EVERY_S)
    first = first or dict.fromkeys(PARTS, 0.0)
    used = {part: latest[part] - first.get(part, 0.0) for part in PARTS}
    return time.monotonic() - began_s, machine_busy_s() - busy_s, used


def fetch(rows: Sequence[Row], origin: str, folder: Path, options: Sequence[str]) -> subprocess.Popen[str]:
    with (folder / "list.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["label", "youtube_id", "time_start", "time_end", "split"])
        writer.writerows(["x", row.video_id, row.start_s, row.end_s, "train"] for row in rows)
    command = [sys.executable, "-m", "clipset", "fetch", str(folder / "list.csv"), "--out", str(folder / "dataset")]
    command += ["--youtube-origin", origin, "--rate", "unlimited", "--json", *options]
    return subprocess.Popen(command, text=True, stdout=(folder / "said.txt").open("w"), stderr=subprocess.STDOUT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="?", type=int, default=_SET, help=f"at most {_SET}")
    parser.add_argument("--minutes", type=int, default=5)
    parser.add_argument("--mbit", type=float, default=60.0, help="what the line carries")
    parser.add_argument("--rtt-ms", type=float, default=30.0, help="from a request to its answer")
    parser.add_argument("--cache", type=Path, help="keep generated media here")
    parser.add_argument("--jobs", type=int, help="videos in flight, instead of what clipset takes")
    asked = parser.parse_args()
    rows = make_rows(asked.minutes, _SET // 6)[: asked.clips]
    line = Line(rtt_s=asked.rtt_ms / 1000, rate_bytes_per_s=round(asked.mbit * 1e6 / 8))
    with tempfile.TemporaryDirectory() as name, Rehearsal(scenario(rows, line), cache=asked.cache) as youtube:
        youtube.prepare(row.video_id for row in rows)
        options = () if asked.jobs is None else ("--jobs", str(asked.jobs))
        wall_s, busy_s, used = follow(fetch(rows, youtube.origin, Path(name), options))
        sent_bytes = sum(entry.bytes_sent for entry in youtube.log)
        clips = len(list(Path(name).rglob("*.mp4")))
        said = [json.loads(line) for line in Path(name, "said.txt").read_text().splitlines() if line.startswith("{")]
    cpu_s, cores = sum(used.values()), len(os.sched_getaffinity(0))
    others_s = busy_s - cpu_s
    bounds = {"line": sent_bytes * 8 / (asked.mbit * 1e6), "cores": cpu_s / max(0.1, cores - others_s / wall_s)}
    print(f"{clips} clips in {wall_s:.1f} s, {cpu_s / clips:.2f} CPU s a clip; others used {others_s:.1f} CPU s")
    progress = [event for event in said if event["event"] == "progress"]
    print("in flight: " + " ".join(f"{event['in_flight']} ({event['bound_by']})" for event in progress[:-1]))
    print("CPU: " + ", ".join(f"{part} {used[part]:.1f} s ({used[part] / cpu_s:.1%})" for part in PARTS))
    print("bounds: " + ", ".join(f"{what} {bound_s:.1f} s" for what, bound_s in bounds.items()), end="; ")
    print(f"took {wall_s / max(bounds.values()):.2f} of the larger")


if __name__ == "__main__":
    main()
