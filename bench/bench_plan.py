"""Planning lists of the size of Kinetics as a user does it: the whole command, CPU seconds and peak memory.

python -m bench.bench_plan [ROWS]          650,000 rows by default, and four versions of 1.9 million together
"""

import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from bench.bench_load import rows
from clipset.types import Annotation

VERSIONS = {"kinetics400": (0, 300_000), "kinetics600": (120_000, 600_000), "kinetics700": (290_000, 850_000)}
"""Which clips of one long list a version has: they overlap as the versions do; the fourth is nearly the third."""


def write(path: Path, clips: Iterable[Annotation]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("label,youtube_id,time_start,time_end,split\n")
        for row in clips:
            start_s, end_s = row.start_us // 1_000_000, row.end_us // 1_000_000
            file.write(f"{row.label},{row.video_id},{start_s},{end_s},{row.split}\n")


def measure(paths: list[Path], what: str) -> None:
    """Prints; peak memory is that of the largest child so far, so the longest list comes last."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "clipset", "plan", *map(str, paths), "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    peak_kib = used.ru_maxrss // (1 if sys.platform != "darwin" else 1024)
    print(f"clipset plan, {what}: {cpu_s:.1f} s CPU, {peak_kib // 1024} MiB at most")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 650_000
    with tempfile.TemporaryDirectory(prefix="clipset-bench-") as name:
        folder = Path(name)
        write(folder / "list.csv", rows(count))
        measure([folder / "list.csv"], f"{count:,} rows")
        spans = VERSIONS | {"kinetics700-2020": (300_000, 860_000)}
        for version, (first, end) in spans.items():
            write(folder / f"{version}.csv", islice(rows(end), first, end))
        total = sum(end - first for first, end in spans.values())
        measure([folder / f"{version}.csv" for version in spans], f"four versions, {total:,} rows")


if __name__ == "__main__":
    main()
