"""Findings from the files that a run left: `stats.csv` (of 2019, or ours) and `failed.csv`, or a table of counts.

The downloader of 2019 appended to `stats.csv` and wrote its header anew in each session, so a header begins a session.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from clipset.annotations.archive import named, open_text
from clipset.config import UserError
from clipset.ledger.status import iso
from clipset.reasons.importers import read_log
from clipset.report.durations import Timings
from clipset.report.findings import Counts, Findings, Session
from clipset.types import US_PER_S

_DURATIONS = ("download_duration", "ffmpeg_duration", "total_duration")
_COUNT_COLUMNS = ("count", "clips", "n")
_LONGEST_S = 10_000_000.0


@dataclass(frozen=True, slots=True)
class Logs:
    """`wanted` and `done` are what is known beside the files, None where they tell it all."""

    stats: Path
    failed: Path | None = None
    wanted: int | None = None
    done: int | None = None


def from_logs(logs: Logs, now_us: int) -> Findings:
    """Raises UserError, and AnnotationError for files that cannot be read."""
    stats = _read_stats(logs.stats)
    failed = _Failed() if logs.failed is None else _read_failed(logs.failed)
    told, rows = sum(failed.reasons.values()), len(stats.timings)
    done = rows if logs.done is None else logs.done
    wanted = done + told if logs.wanted is None else logs.wanted
    if wanted < done:
        raise UserError(f"--wanted {wanted:,}: {done:,} clips are done already")
    missing = wanted - done
    lost = missing if logs.done is not None else min(missing, told)
    sizes = stats.sums
    return Findings(
        name=logs.stats.name,
        made_at=iso(now_us),
        clips=Counts(done, lost, missing - lost),
        timings=stats.timings,
        splits=_counts(stats.splits, {}),
        classes=_counts(stats.labels, failed.labels) if failed.labels else {},
        reasons=dict(failed.reasons.most_common()),
        sessions=[Session(name, clips) for name, clips in stats.sessions.items() if clips],
        fetched_bytes=sizes.get("fetched_bytes"),
        stored_bytes=sizes.get("size_bytes"),
        sources=[(name, clips, None, None) for name, clips in stats.sources.most_common()],
        notes=_notes(stats, logs, told, missing, done),
    )


@dataclass(slots=True)
class _Stats:
    timings: Timings = field(default_factory=Timings)
    labels: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    sessions: dict[str, int] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=dict)
    unreadable: int = 0


@dataclass(slots=True)
class _Failed:
    reasons: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)


def _read_stats(path: Path) -> _Stats:
    found, columns, appended = _Stats(), dict[str, int](), 0
    for row in _rows(path):
        if set(_DURATIONS) <= set(row):
            columns = {name.strip(): index for index, name in enumerate(row)}
            appended += 1
        elif not columns:
            raise UserError(f"--from-stats {path}: no header with {', '.join(_DURATIONS)}; give the stats.csv of a run")
        elif (times := _times(row, columns)) is None:
            found.unreadable += 1
        else:
            found.timings.add(*times)
            _note(found, row, columns, f"session {appended}")
    if not len(found.timings):
        raise UserError(f"--from-stats {path}: it has no row of a finished clip")
    return found


def _rows(path: Path) -> Iterator[list[str]]:
    with named(path), open_text(path) as file:
        try:
            yield from (row for row in csv.reader(line.replace("\0", "") for line in file) if row)
        except csv.Error as error:
            raise UserError(f"{path}: not a CSV file: {error}") from None


def _times(row: Sequence[str], columns: Mapping[str, int]) -> tuple[int, int, int] | None:
    """In microseconds; None where the row is torn. The total may be missing."""
    try:
        download_s, trim_s = (float(row[columns[name]]) for name in _DURATIONS[:2])
        total_s = float(row[columns[_DURATIONS[2]]] or download_s + trim_s)
    except (ValueError, IndexError):
        return None
    if not all(0 <= seconds <= _LONGEST_S for seconds in (download_s, trim_s, total_s)):
        return None
    return round(download_s * US_PER_S), round(trim_s * US_PER_S), round(total_s * US_PER_S)


def _note(found: _Stats, row: Sequence[str], columns: Mapping[str, int], appended: str) -> None:
    def cell(name: str) -> str | None:
        return row[columns[name]] if columns.get(name, len(row)) < len(row) else None

    for name, counter in (("label", found.labels), ("split", found.splits), ("source", found.sources)):
        if (value := cell(name)) is not None:
            counter[value] += 1
    own = cell("session")
    session = appended if own is None else f"session {own}"
    found.sessions[session] = found.sessions.get(session, 0) + 1
    for name in ("fetched_bytes", "size_bytes"):
        value = cell(name)
        if value is not None and value.isascii() and value.isdigit():
            found.sums[name] = found.sums.get(name, 0) + int(value[:18])


def _read_failed(path: Path) -> _Failed:
    with named(path), open_text(path) as file:
        text = file.read()
    if (counted := _counted(text)) is not None:
        return _Failed(counted)
    found = _Failed()
    try:
        for row in read_log(text):
            found.reasons[row.reason.value] += 1
            if row.label is not None:
                found.labels[row.label] += 1
    except ValueError as error:
        raise UserError(f"--from-failed {path}: {error}") from None
    return found


def _counted(text: str) -> Counter[str] | None:
    """Of a table whose first column names a reason and which has a column `count`; None where it is no such table."""
    try:
        rows = list(csv.reader(StringIO(text[:100_000])))
        header = [name.strip().lower() for name in rows[0]]
        column = next(header.index(name) for name in _COUNT_COLUMNS if name in header)
        return Counter({row[0]: int(row[column].replace(",", "")) for row in rows[1:] if row})
    except (csv.Error, IndexError, StopIteration, ValueError):
        return None


def _counts(done: Mapping[str, int], lost: Mapping[str, int]) -> dict[str, Counts]:
    return {name: Counts(done.get(name, 0), lost.get(name, 0)) for name in sorted({*done, *lost})}


def _notes(stats: _Stats, logs: Logs, told: int, missing: int, done: int) -> list[str]:
    notes: list[str] = []
    if told and told != missing:
        notes.append(
            f"The reasons add up to {told:,}, but {done + missing:,} wanted less {done:,} downloaded leaves {missing:,}"
            f" missing: they differ by {abs(missing - told):,}. Shares of reasons are of their sum."
        )
    notes += _differences(stats, logs)
    if stats.unreadable:
        notes.append(f"Torn rows of {logs.stats.name}, in no count here: {stats.unreadable:,}.")
    return notes


def _differences(stats: _Stats, logs: Logs) -> Iterable[str]:
    rows = len(stats.timings)
    if logs.done is not None and logs.done != rows:
        yield f"{logs.stats.name} has {rows:,} rows of the {logs.done:,} clips downloaded: times are of those."
