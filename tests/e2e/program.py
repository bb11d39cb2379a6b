"""The whole program as a process of its own, against the rehearsal."""

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from clipset.cli import main


def clipset_command(*words: object) -> list[str]:
    return [sys.executable, "-m", "clipset", *map(str, words)]


def environment() -> dict[str, str]:
    """Nothing of the user's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CLIPSET_")}


def clipset(*words: object, cwd: Path | None = None, timeout_s: float = 240) -> subprocess.CompletedProcess[str]:
    """Run to the end; the caller looks at returncode, stdout and stderr."""
    return subprocess.run(
        clipset_command(*words),
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def here(*words: object) -> subprocess.CompletedProcess[str]:
    """As `clipset`, but in this process: for tests that would start Python many times."""
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        returncode = main([str(word) for word in words])
    return subprocess.CompletedProcess(words, returncode, said.getvalue(), complained.getvalue())


def status(directory: Path) -> dict:
    found = clipset("status", directory, "--json")
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tree(directory: Path) -> dict[str, bytes]:
    """Every clip under its relative name."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in sorted(directory.rglob("*.mp4"))}


def write_list(path: Path, rows: Sequence[tuple[str, str, object, object, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["label", "youtube_id", "time_start", "time_end", "split"])
        writer.writerows(rows)
    return path
