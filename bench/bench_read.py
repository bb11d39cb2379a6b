"""Reads a list as long as Kinetics-700 in each form; prints CPU seconds, microseconds a row and peak memory.

Run it as `python bench/bench_read.py [rows]`. Limits: 3 s for CSV, 6 s and 100 MB for the JSON of 197 MB.
"""

import json
import lzma
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from clipset.annotations import read

ROWS = 650_000
LABELS = ("testifying", "playing american football", "massaging person's head", "exercising arm")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
NAMES = ("list.csv", "list.csv.xz", "list.json")


def clips(count: int) -> Iterator[tuple[str, int, str]]:
    """Yield (video id, start in seconds, label), the same ones each time."""
    dice = random.Random(700)  # noqa: S311 - a seed for repeatable data, not cryptography
    for _ in range(count):
        yield "".join(dice.choices(ALPHABET, k=11)), dice.randrange(600), dice.choice(LABELS)


def write_csv(path: Path, count: int) -> None:
    with path.open("w") as file:
        file.write("label,youtube_id,time_start,time_end,split\n")
        file.writelines(f"{label},{video_id},{start},{start + 10},train\n" for video_id, start, label in clips(count))


def write_json(path: Path, count: int) -> None:
    """Indented as the published lists are: 300 bytes an entry."""
    with path.open("w") as file:
        separator = "{\n"
        for video_id, start, label in clips(count):
            entry = {
                "annotations": {"label": label, "segment": [float(start), start + 10.0]},
                "duration": 10.0,
                "subset": "train",
                "url": f"https://www.youtube.com/watch?v={video_id}",
            }
            file.write(f'{separator}    "{video_id}": {json.dumps(entry, indent=8)}')
            separator = ",\n"
        file.write("\n}\n")


def measure(path: Path) -> tuple[float, int, int]:
    """(CPU seconds, rows, peak resident bytes) of reading in a process of its own."""
    code = f"import runpy; runpy.run_path({__file__!r})['report']({str(path)!r})"
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    return float(answer[0]), int(answer[1]), int(answer[2])


def report(path: str) -> None:
    begin = time.process_time()
    rows = sum(1 for _ in read(Path(path)))
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    sys.stdout.write(f"{time.process_time() - begin:.3f} {rows} {peak}\n")


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        paths = [Path(directory, name) for name in NAMES]
        write_csv(paths[0], count)
        with lzma.open(paths[1], "w", preset=1) as packed, paths[0].open("rb") as plain:
            shutil.copyfileobj(plain, packed)
        write_json(paths[2], count)
        sys.stdout.write(f"{'file':<14}{'MB':>8}{'rows':>10}{'CPU s':>8}{'us/row':>8}{'peak MB':>9}\n")
        for path in paths:
            cpu_s, rows, peak_bytes = measure(path)
            sys.stdout.write(
                f"{path.name:<14}{path.stat().st_size / 1e6:>8.1f}{rows:>10,}{cpu_s:>8.2f}"
                f"{cpu_s / rows * 1e6:>8.2f}{peak_bytes / 1e6:>9.1f}\n"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
