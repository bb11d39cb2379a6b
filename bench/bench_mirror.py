"""A sweep of a mirror beside `curl | tar xz`, from the same server on loopback: seconds, CPU seconds, peak memory.

    python -m bench.bench_mirror [CLIPS]          1,200 clips in four tars by default

The tars are real gzip of H.264, which gzip cannot shrink. The CPU is that of the clients, without the server's. «passed
over» streams the tars for one clip at the end of each, «kept» takes every clip, decoded in full: the price of knowing.
"""

import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from clipset.rehearsal import MirrorFile, Rehearsal, Scenario, Tarball, TarMember

TARS = 4
ROOT = "https://s3.amazonaws.com/kinetics"
FIELDS = ("label", "youtube_id", "time_start", "time_end", "split")


def names(clips: int) -> Iterator[list[str]]:
    """The video ids of each tar."""
    for first in range(TARS):
        yield [f"video{number:06d}" for number in range(first, clips, TARS)]


def mirror(clips: int) -> dict[str, MirrorFile]:
    files = {}
    for number, ids in enumerate(names(clips)):
        members = tuple(TarMember(name=f"{name}_000000_000010.mp4", duration_s=10, height_px=360) for name in ids)
        files[f"400/val/part_{number}.tar.gz"] = MirrorFile(tar=Tarball(members=members))
    text = "".join(f"{ROOT}/{path}\n" for path in files)
    return {"400/val/k400_val_path.txt": MirrorFile(text=text), **files}


def write_list(path: Path, ids: list[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([FIELDS, *(("x", name, 0, 10, "val") for name in ids)])
    return path


def measured(what: str, size_bytes: int, command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    before, began_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall_s, after = time.monotonic() - began_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{what:<42}{wall_s:>8.2f} s{cpu_s:>8.2f} s CPU{size_bytes / wall_s / 1e6:>8.0f} MB/s")
    return wall_s, cpu_s


def compare(ours: tuple[float, float], theirs: tuple[float, float]) -> None:
    print(f"{'':<4}of curl | tar: {ours[0] / theirs[0]:.2f} of the time, {ours[1] / theirs[1]:.2f} of the CPU")


def main() -> None:
    clips = int(sys.argv[1]) if len(sys.argv) > 1 else 1200
    with (
        tempfile.TemporaryDirectory(prefix="clipset-bench-") as folder,
        Rehearsal(Scenario(mirror=mirror(clips))) as site,
    ):
        here, environment = Path(folder), os.environ | {"XDG_CACHE_HOME": folder}
        urls = [f"{site.origin}/kinetics/400/val/part_{number}.tar.gz" for number in range(TARS)]
        sizes = [_size_bytes(url) for url in urls]
        print(f"{clips} clips of 10 s at 360p in {TARS} tars, {sum(sizes) / 1e6:.0f} MB")

        def fetch(what: str, out: str, ids: list[str], jobs: int) -> tuple[float, float]:
            command = [sys.executable, "-m", "clipset", "fetch", str(write_list(here / "k400.csv", ids))]
            command += ["--out", str(here / out), "--source", "cvdf", "--mirror-origin", site.origin, "--json"]
            return measured(what, sum(sizes), [*command, "--precision", "copy", "--jobs", str(jobs)], environment)

        pipes = [f"curl -s {url} | tar xz -C {here}" for url in urls]
        one = measured("curl | tar xz, one after the other", sum(sizes), ["sh", "-c", "; ".join(pipes)], environment)
        many = measured(
            "curl | tar xz, all at once", sum(sizes), ["sh", "-c", " & ".join([*pipes, "wait"])], environment
        )
        lasts = [ids[-1] for ids in names(clips)]
        compare(fetch("passed over, one stream", "a", lasts, 1), one)
        compare(fetch("passed over, four streams", "b", lasts, 4), many)
        everything = [name for ids in names(clips) for name in ids]
        compare(fetch("kept, four streams", "c", everything, 4), many)
    peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"{peak_kib // (1024 if sys.platform != 'darwin' else 1 << 20)} MiB at most in any process")


def _size_bytes(url: str) -> int:
    """The first request makes the tar."""
    head = subprocess.run(["curl", "-sI", url], check=True, capture_output=True, text=True).stdout  # noqa: S607
    return int(next(line.split()[1] for line in head.splitlines() if line.lower().startswith("content-length")))


if __name__ == "__main__":
    main()
