"""Showing work on files that exist: a bar on a terminal, plain lines elsewhere, JSON events for programs."""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from clipset.clock import Clock
from clipset.existing.watching import Finding, Verdict, Watcher
from clipset.progress.text import human_duration, printable
from clipset.types import US_PER_S

_LINE_EVERY_S, _EVENT_EVERY_S = 10, 5
_FINE = frozenset({Verdict.VERIFIED, Verdict.ADOPTED, Verdict.EXPORTED, Verdict.MERGED, Verdict.SILENT, Verdict.KNOWN})
_SHOWN_LINES = 200  # of a tree in which nothing is right, the first ones tell; programs get all of them


class FileCount:
    """How far it is. `left_s` is None while nothing can be said."""

    def __init__(self, clock: Clock) -> None:
        self.files = 0
        self.verdicts: Counter[Verdict] = Counter()
        self._clock = clock
        self._started_us = clock.now_us()

    def begin(self, files: int) -> None:
        self.files, self._started_us = files, self._clock.now_us()

    @property
    def looked_at(self) -> int:
        return self.verdicts.total()

    @property
    def elapsed_s(self) -> float:
        return (self._clock.now_us() - self._started_us) / US_PER_S

    @property
    def left_s(self) -> float | None:
        if not self.looked_at:
            return None
        return max(0, self.files - self.looked_at) * self.elapsed_s / self.looked_at


class FileEvents:
    """Events `file` (each one) and `progress` (every five seconds)."""

    def __init__(self, clock: Clock, out: TextIO) -> None:
        self._count = FileCount(clock)
        self._out = out
        self._next_s = float(_EVENT_EVERY_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""

    def begin(self, files: int) -> None:
        self._count.begin(files)

    def found(self, finding: Finding) -> None:
        self._count.verdicts[finding.verdict] += 1
        self.say(event="file", path=finding.path, verdict=finding.verdict.value, message=finding.message)
        if self._count.elapsed_s >= self._next_s:
            self._next_s = self._count.elapsed_s + _EVENT_EVERY_S
            left_s = self._count.left_s
            eta_s = None if left_s is None else round(left_s)
            self.say(event="progress", files=self._count.files, looked_at=self._count.looked_at, eta_s=eta_s)

    def say(self, **event: object) -> None:
        print(json.dumps(event), file=self._out, flush=True)


class FileLines:
    """A line each ten seconds, and one for each file with which something is wrong."""

    def __init__(self, clock: Clock, out: TextIO) -> None:
        self._count = FileCount(clock)
        self._out = out
        self._next_s = float(_LINE_EVERY_S)
        self._shown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown > _SHOWN_LINES:
            self._say(f"… and {self._shown - _SHOWN_LINES} more files with which something is wrong (--json lists all)")

    def begin(self, files: int) -> None:
        self._count.begin(files)
        self._say(f"{files:,} files to look at")

    def found(self, finding: Finding) -> None:
        self._count.verdicts[finding.verdict] += 1
        if finding.verdict not in _FINE:
            self._shown += 1
            if self._shown <= _SHOWN_LINES:
                self._say(finding_text(finding))
        if self._count.elapsed_s >= self._next_s:
            self._next_s = self._count.elapsed_s + _LINE_EVERY_S
            self._say(f"{self._count.looked_at} of {self._count.files} files{_left_text(self._count)}")

    def _say(self, line: str) -> None:
        print(line, file=self._out, flush=True)


class FileBar:
    """A bar with what is left; files with which something is wrong are listed above it."""

    def __init__(self, console: Console, doing: str = "Verifying") -> None:
        columns = (TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True)
        self._task = self._progress.add_task("Reading what is there", total=None)
        self._doing = doing
        self._shown = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, files: int) -> None:
        self._progress.update(self._task, description=f"{self._doing} files", total=files)

    def found(self, finding: Finding) -> None:
        if finding.verdict not in _FINE:
            self._shown += 1
            if self._shown <= _SHOWN_LINES:
                self._progress.console.print(finding_text(finding), markup=False, highlight=False)
        self._progress.advance(self._task)


def finding_text(finding: Finding) -> str:
    """One line of what is wrong with a file; names of files are hostile text."""
    said = f" ({printable(finding.message)})" if finding.message else ""
    return f"{printable(finding.path)}: {finding.verdict.value}{said}"


def counts_text(verdicts: Mapping[Verdict, int]) -> str:
    """`3 verified, 1 damaged`."""
    return ", ".join(f"{verdicts[verdict]:,} {verdict.value}" for verdict in Verdict if verdicts.get(verdict)) or "none"


def file_watcher(clock: Clock, *, as_json: bool, doing: str = "Verifying") -> "FileEvents | FileLines | FileBar":
    """What fits where the program runs; `doing` says what is done with the files."""
    if as_json:
        return FileEvents(clock, sys.stdout)
    return FileBar(Console(stderr=True), doing) if sys.stderr.isatty() else FileLines(clock, sys.stderr)


def _left_text(count: FileCount) -> str:
    return "" if count.left_s is None else f" · ETA {human_duration(count.left_s)}"


_ARE_WATCHERS: tuple[type[Watcher], ...] = (FileEvents, FileLines, FileBar)
