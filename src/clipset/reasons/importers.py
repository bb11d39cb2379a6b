"""Reads the failure logs of other downloaders. Pure: lines or a text in, rows out."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from clipset.reasons.classify import classify
from clipset.reasons.reason import Reason

_ID = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
_TORN = re.compile(r"(?P<id>[A-Za-z0-9_-]{11}),(?:(?P<label>[^,'\"]*),)?\"?(?P<message>b['\"].*)", re.ASCII | re.DOTALL)
_ID_COLUMNS = ("video_id", "youtube_id", "ytid", "id", "video")
_LABEL_COLUMNS = ("label", "class", "category")
_MESSAGE_COLUMNS = ("message", "error", "reason", "detail")
_LONGEST_FIELD = 16 << 20


class Imported(NamedTuple):
    """A failure as somebody else recorded it. `video_id` is None where a torn row no longer tells it."""

    video_id: str | None
    label: str | None
    message: str
    reason: Reason


def read_log(text: str) -> Iterator[Imported]:
    """A failure log of either kind, by what it looks like. Raises ValueError."""
    if text.lstrip("\ufeff \t\r\n").startswith(("[", "{")):
        return download_report(text)
    return failed_csv(text.splitlines(keepends=True))


def failed_csv(lines: Iterable[str]) -> Iterator[Imported]:
    """Rows of a `failed.csv`: with a header, or `video_id,message` and `video_id,label,message` mixed without one.

    Messages may be Python bytes literals. A row that two processes wrote into each other gives what can be saved.
    Raises ValueError where the text is no CSV.
    """
    rows = _rows(lines)
    first = next(rows, None)
    if first is None:
        return
    columns = _columns(first)
    if columns is None:
        yield _imported(*_headless(first))
    for row in rows:
        yield _imported(*(_by_column(row, columns) if columns else _headless(row)))


def download_report(text: str) -> Iterator[Imported]:
    """Failures of the ActivityNet crawler's `download_report.json`: a list of [clip name, downloaded, message].

    Raises ValueError where the text is something else.
    """
    try:
        rows = json.loads(text)
    except RecursionError:
        raise ValueError("not a download report: the JSON is nested too deeply") from None
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) >= 3 for row in rows):
        raise ValueError("not a download report: it is a JSON list of [clip, downloaded, message]")
    for name, downloaded, message, *_ in rows:
        if not downloaded:
            yield _imported(str(name)[:11], None, str(message))


def _rows(lines: Iterable[str]) -> Iterator[list[str]]:
    previous = csv.field_size_limit(_LONGEST_FIELD)
    try:
        yield from (row for row in csv.reader(line.replace("\0", "") for line in lines) if row)
    except csv.Error as error:
        raise ValueError(f"not a CSV file: {error}") from None
    finally:
        csv.field_size_limit(previous)


def _columns(row: Sequence[str]) -> Mapping[str, int] | None:
    """Where a header puts id, label and message; None when the row is no header."""
    names = [name.strip().lower().removeprefix("\ufeff") for name in row]
    found = {
        kind: next((names.index(name) for name in known if name in names), -1)
        for kind, known in (("id", _ID_COLUMNS), ("label", _LABEL_COLUMNS), ("message", _MESSAGE_COLUMNS))
    }
    return found if found["id"] >= 0 and found["message"] >= 0 else None


def _by_column(row: Sequence[str], columns: Mapping[str, int]) -> tuple[str, str | None, str]:
    def cell(kind: str) -> str:
        return row[columns[kind]] if 0 <= columns[kind] < len(row) else ""

    return cell("id"), cell("label") or None, cell("message")


def _headless(row: Sequence[str]) -> tuple[str, str | None, str]:
    if _ID.fullmatch(row[0]) and len(row) in {2, 3}:
        return row[0], row[1] if len(row) == 3 else None, row[-1]
    torn = ",".join(row)
    if saved := _TORN.search(torn):
        return saved["id"], saved["label"] or None, saved["message"]
    return row[0], None, torn.partition(",")[2]


def _imported(video_id: str, label: str | None, message: str) -> Imported:
    return Imported(video_id if _ID.fullmatch(video_id) else None, label, message, classify(message))
