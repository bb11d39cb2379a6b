"""stats.csv and failed.csv read back, when the ledger that wrote them is damaged or gone.

What the tables made safe stays so: a message that was one line of many is one line now. Only the ' in front of what
a spreadsheet would run is taken off again. A row that makes no sense is left out: the file itself, or the next fetch,
knows better.
"""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from clipset.ledger.tables import FORMULA
from clipset.reasons import Disposition, Reason
from clipset.types import US_PER_S, Clip

_LINE = "line "
_MOST_SECONDS = 10**9
Row = TypeVar("Row")


class DoneRow(NamedTuple):
    """A row of stats.csv. Times are microseconds; `at_us` is a date."""

    clip: Clip
    label: str
    split: str
    source: str
    download_us: int
    trim_us: int
    total_us: int
    fetched_bytes: int
    requests: int
    size_bytes: int
    at_us: int
    session: int


class FailedRow(NamedTuple):
    """A row of failed.csv that names a clip. `not_before_us` is 0 for none."""

    clip: Clip
    label: str
    split: str
    reason: str
    is_lost: bool
    message: str
    attempts: int
    at_us: int
    not_before_us: int


class RefusedRow(NamedTuple):
    """A row of failed.csv that stands for a bad row of a list; `line` is 0 where it had none."""

    line: int
    message: str


def done_rows(path: Path) -> Iterator[DoneRow]:
    """The rows of stats.csv that make sense; none if there is no such file. Raises OSError."""
    return _rows(path, _done)


def failed_rows(path: Path) -> Iterator[FailedRow | RefusedRow]:
    """The rows of failed.csv that make sense; none if there is no such file. Raises OSError."""
    return _rows(path, _failed)


def _rows(path: Path, parse: Callable[[dict[str, str]], Row]) -> Iterator[Row]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        rows = csv.DictReader(line.replace("\0", "") for line in file)
        while True:
            try:
                yield parse(next(rows))
            except StopIteration:
                return
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError, csv.Error):
                continue


def _done(row: dict[str, str]) -> DoneRow:
    return DoneRow(
        Clip.from_id(row["clip_id"]),
        _plain(row["label"]),
        _plain(row["split"]),
        _plain(row["source"]),
        _us(row["download_duration"]),
        _us(row["ffmpeg_duration"]),
        _us(row["total_duration"]),
        _count(row["fetched_bytes"]),
        _count(row["requests"]),
        _count(row["size_bytes"]),
        _date_us(row["finished_at"]),
        _count(row["session"]),
    )


def _failed(row: dict[str, str]) -> FailedRow | RefusedRow:
    message = _plain(row["message"])
    if row["reason"] == Reason.BAD_ANNOTATION.value and not row["clip_id"]:
        number, colon, rest = message.removeprefix(_LINE).partition(": ")
        is_numbered = message.startswith(_LINE) and colon and number.isdecimal()
        return RefusedRow(int(number), rest) if is_numbered else RefusedRow(0, message)
    return FailedRow(
        Clip.from_id(row["clip_id"]),
        _plain(row["label"]),
        _plain(row["split"]),
        row["reason"],
        Disposition(row["disposition"]) is Disposition.LOST,
        message,
        _count(row["attempts"]),
        _date_us(row["last_at"]),
        _date_us(row["not_before"]) if row["not_before"] else 0,
    )


def _plain(text: str) -> str:
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text


def _us(seconds: str) -> int:
    if not 0 <= float(seconds) < _MOST_SECONDS:
        raise ValueError(seconds)
    return round(float(seconds) * US_PER_S)


def _count(text: str) -> int:
    if not 0 <= int(text) < 1 << 62:
        raise ValueError(text)
    return int(text)


def _date_us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * US_PER_S
