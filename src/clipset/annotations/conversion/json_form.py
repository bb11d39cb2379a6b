"""The Kinetics JSON as a table: its rows, and what an entry says beyond them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from clipset.annotations.archive import named, open_text
from clipset.annotations.conversion.entry import BLOCKED, JSON_NUMBER, derived_duration, entry_of, time_cell
from clipset.annotations.conversion.row import Row, kept_of, patch, same
from clipset.annotations.fields import annotation, clean, time_us
from clipset.annotations.json_stream import Number, members
from clipset.annotations.kinetics_csv import COLUMNS, REQUIRED, Header
from clipset.annotations.kinetics_json import URL, bad_entry, cell_text, clips_of, segment
from clipset.annotations.reader import OWN_KEY, FieldError, Tally
from clipset.types import BadRow

_NO_CELL = frozenset((*COLUMNS, *BLOCKED, OWN_KEY))
_DERIVED = ("duration", "url")


class JsonTable:
    """Columns are what the entries hold, so the list is read once more to know them."""

    def __init__(self, path: Path, tally: Tally) -> None:  # noqa: ARG002 - JSON repeats no header
        self._path = path
        self._plain = False
        self.header = Header(REQUIRED, REQUIRED)
        self.keeps = False
        columns, first = Columns(), None
        for video_id, rows in self._good():
            columns.add(video_id, rows)
            first = first or (video_id, rows)
        self.header = columns.header()
        if first is not None:
            self._plain = columns.marked is None and needs_columns(self.header, *first)
        self.keeps = self._plain or columns.keeps

    def _good(self) -> Iterator[tuple[str, list[Row]]]:
        for video_id, rows in self._entries():
            if not isinstance(rows, BadRow):
                yield video_id, rows

    def _entries(self) -> Iterator[tuple[str, list[Row] | BadRow]]:
        with named(self._path), open_text(self._path) as text:
            for video_id, entry in members(text):
                try:
                    yield video_id, rows_of(video_id, entry, self.header.keys)
                except FieldError as error:
                    yield video_id, bad_entry(video_id, entry, error)

    def rows(self) -> Iterator[Row | BadRow]:
        return in_place(self._unplaced())

    def _unplaced(self) -> Iterator[Row | BadRow]:
        plain = {"plain": True} if self._plain else {}
        for _video_id, rows in self._entries():
            if isinstance(rows, BadRow):
                yield rows
                continue
            rows[0].kept.pop("columns", None)
            rows[0].kept.update(plain)
            plain = {}
            yield from rows


class Columns:
    """Gathers the header that a list of entries gives by itself, or that the first one was told to keep."""

    def __init__(self) -> None:
        self.marked: list[str] | None = None
        self._extra: dict[str, None] = {}
        self._derived = dict.fromkeys(_DERIVED, True)
        self._with = {"label": 0, "split": 0}
        self._rows = 0
        self._kept = False

    def add(self, video_id: str, rows: Sequence[Row]) -> None:
        for row in rows:
            self._rows += 1
            columns = row.kept.pop("columns", None)
            self.marked = columns if self._rows == 1 else self.marked
            self._kept = self._kept or bool(row.kept.keys() - {"row"})
            self._add_cells(video_id, row.cells)

    def _add_cells(self, video_id: str, cells: dict[str, str]) -> None:
        for key in cells:
            if key in self._with:
                self._with[key] += 1
            elif key not in self._derived and key not in REQUIRED:
                self._extra[key] = None
        self._derived["url"] &= cells["url"] == URL + video_id
        self._derived["duration"] &= same(Number(cells["duration"]), derived_duration(cells))

    @property
    def keeps(self) -> bool:
        """Whether some row has something kept; a key that only some clips have is kept too."""
        return self._kept or any(0 < rows < self._rows for rows in self._with.values())

    def header(self) -> Header:
        """The published order, then the extra columns as they came, then what turned out not to be derived."""
        own = [name for name in COLUMNS if self._with.get(name, 1)]
        found = [*own, *self._extra, *(name for name in _DERIVED if not self._derived[name])]
        marked = Header.of(tuple(self.marked)) if self.marked else Header((), ())
        more = [name for name in found if name not in marked.keys]
        return Header.of((*marked.names, *more))


def needs_columns(header: Header, video_id: str, rows: Sequence[Row]) -> bool:
    """Whether the first entry must say the header, because the rows alone would give another one."""
    columns = Columns()
    columns.add(video_id, rows_of(video_id, entry_of(video_id, rows)))
    return columns.header().names != header.names


def rows_of(video_id: str, entry: object, keys: Collection[str] = ()) -> list[Row]:
    """One row a clip, with at least a cell for each of `keys`. Raises FieldError for a clip that is none.

    `kept` holds what `entry_of` would not give back: patches of the clip and (in the first row) of the entry.
    """
    if (usual := _usual_row(video_id, entry)) is not None:
        return [usual]
    clips = clips_of(entry)
    if not clips or not isinstance(entry, dict):
        raise FieldError("the entry has no clip; a table has no row for it")
    own_entry = kept_of(entry.get(OWN_KEY, {}), ("columns",))
    said = {key: value for key, value in entry.items() if key != OWN_KEY}
    rows = [_row(video_id, said, clip, keys) for clip in clips]
    derived = entry_of(video_id, rows)
    _keep_rest(rows, said, clips, derived)
    rows[0].kept.update(own_entry)
    return rows


def _usual_row(video_id: str, entry: object) -> Row | None:
    """The published entry, of which a list has 650,000, in a short way; None for any other."""
    match entry:
        case {
            "annotations": {"label": str(label), "segment": [Number(start), Number(end)], **more_of_clip},
            "duration": Number(duration),
            "subset": str(split),
            "url": str(url),
            **more,
        } if (
            not more and not more_of_clip and url and JSON_NUMBER.fullmatch(duration) and _are_plain(label, split, url)
        ):
            annotation(video_id, start, end, split, label)
            times = {"time_start": time_cell(start), "time_end": time_cell(end)}
            facts = {"split": split, "duration": str(duration), "url": url}
            return Row({"label": label, "youtube_id": video_id, **times, **facts}, {})
    return None


def _are_plain(*texts: str) -> bool:
    """Text, not the text of a number, that a table holds as it is."""
    return all(type(text) is str for text in texts) and clean("".join(texts)) == "".join(texts)


def _row(video_id: str, entry: dict[str, Any], clip: dict[str, Any], keys: Collection[str]) -> Row:
    own = dict(kept_of(clip.get(OWN_KEY, {}), ("row", "cells", "time_start", "time_end", "object")))
    start, end = segment(clip)
    annotation(video_id, start, end, split=None, label=None)
    facts = {key: value for key, value in (entry | clip).items() if key not in _NO_CELL and clean(key) == key}
    cells = dict.fromkeys((*_DERIVED, *keys), "") | {key: _cell(value) for key, value in facts.items()}
    cells |= {
        "youtube_id": video_id,
        "time_start": _time(start, own.pop("time_start", None)),
        "time_end": _time(end, own.pop("time_end", None)),
    }
    texts = {"label": clip.get("label"), "split": clip.get("subset", entry.get("subset"))}
    cells |= {key: _cell(text) for key, text in texts.items() if text is not None}
    return Row(cells | own.pop("cells", {}), own)


def _cell(value: object) -> str:
    return "" if value is None else cell_text(value)


def _time(number: str, written: str | None) -> str:
    """The text that the table had, unless the number has been changed since."""
    if written is not None and time_us(written, "kept") >= 0 and Decimal(written.strip()) == Decimal(number.strip()):
        return written
    return time_cell(number) if isinstance(number, Number) else number


def _keep_rest(rows: list[Row], entry: dict[str, Any], clips: list[dict[str, Any]], derived: dict[str, Any]) -> None:
    """Write into `kept` what the derived entry does not say."""
    made = derived.pop("annotations")
    for row, clip, derived_clip in zip(rows, clips, made if isinstance(made, list) else [made], strict=True):
        if change := patch(clip, derived_clip):
            row.kept["annotation"] = change
    if change := patch({key: value for key, value in entry.items() if key != "annotations"}, derived):
        rows[0].kept["entry"] = change
    if isinstance(entry["annotations"], list) and len(rows) == 1:
        rows[0].kept["list"] = True


def in_place(rows: Iterable[Row | BadRow]) -> Iterator[Row | BadRow]:
    """Put rows that the grouping by video had moved back to the place they remember; the others keep their order.

    Memory for the moved rows that wait for their place.
    """
    moved: dict[int, list[Row]] = {}
    at = 0
    for row in rows:
        if isinstance(row, Row) and "row" in row.kept:
            moved.setdefault(int(row.kept.pop("row")), []).append(row)
            continue
        while at in moved:
            here = moved.pop(at)
            yield from here
            at += len(here)
        yield row
        at += 1
    for _place, left in sorted(moved.items()):
        yield from left
