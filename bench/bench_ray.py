"""What a cluster costs: N nodes in one run beside N runs on this machine at once, and the driver's CPU an outcome.

    python -m bench.bench_ray [NODES] [--videos N] [--outcomes N]

Both ways do the same videos on the same cores: the share of the clips a second, and of the CPU seconds a clip, that
is left. The driver's cost is measured with outcomes that cost the nodes nothing (an empty folder is asked), ledger
and Ray's own threads included (Linux only: it reads /proc).
"""

import argparse
import csv
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from clipset.rehearsal import Rehearsal, Scenario, Video

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_CLIPS = 3  # of a video
_LENGTH_S = 10


@dataclass(frozen=True, slots=True)
class Taken:
    """Without starting up: from the first clip to the last; CPU seconds of all processes but the server."""

    clips_per_s: float
    cpu_s_per_clip: float


def family(pids: Sequence[int]) -> set[int]:
    """The processes and all that descend from them."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = set(pids)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


@contextmanager
def cluster(nodes: int, folder: Path) -> Iterator[tuple[str, list[int]]]:
    """The address of a cluster of so many nodes, and the processes that it begins with."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ray = str(Path(sys.executable).with_name("ray"))
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}  # for the driver too
    environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "TMPDIR": str(folder)}
    begun: list[int] = []
    try:
        for number in range(nodes):
            role = (
                (f"--address=127.0.0.1:{port}",)
                if number
                else ("--head", f"--port={port}", "--include-dashboard=false")
            )
            command = [ray, "start", *role, f"--node-ip-address=127.0.0.{number + 1}", f"--node-name=n{number}"]
            command += ["--num-cpus=1", "--object-store-memory=100000000", f"--temp-dir={folder / str(number)}"]
            (folder / str(number)).mkdir()
            subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        begun = processes_with(str(folder))
        yield f"127.0.0.1:{port}", begun
    finally:
        for pid in family(begun or processes_with(str(folder))):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def processes_with(text: str) -> list[int]:
    """Whose command line says so; not this process."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [pid for pid in pids if text in command_line(pid) and pid != os.getpid()]


def command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def write_list(path: Path, video_ids: Sequence[str], clips: int) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["label", "youtube_id", "time_start", "time_end", "split"])
        for video_id in video_ids:
            writer.writerows(["x", video_id, start_s, start_s + 3, "train"] for start_s in range(0, 3 * clips, 3))
    return path


def start(annotations: Path, out: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "clipset", "fetch", str(annotations), "--out", str(out), *options]
    log = out.with_suffix(".log").open("w")
    return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)


def follow(runs: Sequence[subprocess.Popen[bytes]], roots: Sequence[int], outs: Sequence[Path]) -> Taken:
    used: dict[int, float] = {}
    before, before_s = 0, 0.0
    while any(run.poll() is None for run in runs):
        for pid in family([*roots, *(run.pid for run in runs)]):
            used[pid] = max(used.get(pid, 0.0), cpu_s(pid))
        if not before and (before := len(finished(outs))):
            before_s = sum(used.values())
        time.sleep(0.2)
    assert all(run.returncode == 0 for run in runs)
    times_s = sorted(path.stat().st_mtime for path in finished(outs))
    rate = (len(times_s) - 1) / (times_s[-1] - times_s[0])
    return Taken(rate, (sum(used.values()) - before_s) / (len(times_s) - before))


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far, without its children."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
    return 0.0


def finished(outs: Sequence[Path]) -> list[Path]:
    return [path for out in outs for path in out.rglob("*.mp4")]


def side_by_side(nodes: int, videos: int, address: str, begun: Sequence[int], folder: Path) -> tuple[Taken, Taken]:
    """The same videos by so many runs at once, and by one run on the cluster."""
    ids = [f"video{number:06d}" for number in range(videos)]
    with Rehearsal(Scenario(default=Video(duration_s=_LENGTH_S, shrink=2, itags=(18,), media_key=7))) as youtube:
        fixed = ("--youtube-origin", youtube.origin, "--rate", "unlimited", "--jobs", "1")
        lists = [write_list(folder / f"{part}.csv", ids[part::nodes], _CLIPS) for part in range(nodes)]
        outs = [folder / f"apart-{part}" for part in range(nodes)]
        apart = follow([start(some, out, *fixed) for some, out in zip(lists, outs, strict=True)], (), outs)
        together = folder / "together"
        everything = write_list(folder / "all.csv", ids, _CLIPS)
        run = start(everything, together, *fixed, "--engine", "ray", "--ray-address", address)
        return apart, follow([run], begun, [together])


def driver_ms(outcomes: int, address: str, folder: Path) -> float:
    """CPU of the driver an outcome: what more outcomes cost more, for starting up is the same for all."""
    (folder / "empty").mkdir(exist_ok=True)
    few = outcomes // 10
    costs_s = [_driver_cpu_s(count, address, folder) for count in (few, outcomes)]
    return (costs_s[1] - costs_s[0]) / (outcomes - few) * 1000


def _driver_cpu_s(outcomes: int, address: str, folder: Path) -> float:
    annotations = write_list(folder / f"{outcomes}.csv", [f"v{number:010d}" for number in range(outcomes)], 1)
    asked = ("--source", f"folder:{folder / 'empty'}", "--engine", "ray", "--ray-address", address)
    run = start(annotations, folder / f"absent-{outcomes}", *asked)
    _, status, used = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    assert run.returncode == 3, "all clips are absent, so the run is not finished"
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nodes", nargs="?", type=int, default=2)
    parser.add_argument("--videos", type=int, default=60)
    parser.add_argument("--outcomes", type=int, default=10_000)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    try:
        with cluster(asked.nodes, folder) as (address, begun):
            apart, together = side_by_side(asked.nodes, asked.videos, address, begun, folder)
            cost_ms = driver_ms(asked.outcomes, address, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for what, taken in ((f"{asked.nodes} runs apart", apart), (f"{asked.nodes} nodes of a cluster", together)):
        print(f"{what:24} {taken.clips_per_s:6.2f} clips/s  {taken.cpu_s_per_clip:.3f} CPU s a clip")
    rate, cpu = together.clips_per_s / apart.clips_per_s, apart.cpu_s_per_clip / together.cpu_s_per_clip
    print(f"the cluster brings {rate:.2f} of the clips a second, {cpu:.2f} of the clips a CPU second")
    print(f"driver: {cost_ms:.2f} ms of CPU an outcome, over {asked.outcomes} outcomes")


if __name__ == "__main__":
    main()
