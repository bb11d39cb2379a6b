"""Tables with a header whose columns are not named as those of Kinetics: a plan says which column is what."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

from clipset.annotations.csv_rows import DELIMITERS, physical_lines, records, split_line
from clipset.annotations.fields import annotation, row_text, shown, time_us
from clipset.annotations.reader import AnnotationError, FieldError, Tally
from clipset.types import US_PER_S, Annotation, BadRow

Cells = dict[str, str]
"""The cells of a row by the names of their columns."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what. The end is a column of its own, or start + `duration`, or start + `implied_s`.

    `refine` may change what a row says, given its cells: video id, start and end (text), label.
    """

    video_id: str
    start: str
    end: str | None = None
    duration: str | None = None
    label: str | None = None
    split: str | None = None
    implied_s: int | None = None
    refine: Callable[[Cells, "Said"], "Said"] = field(default=lambda cells, said: said)  # noqa: ARG005 - the default

    @property
    def needed(self) -> tuple[str, ...]:
        return tuple(name for name in (self.video_id, self.start, self.end, self.duration) if name is not None)

    @property
    def named(self) -> tuple[str, ...]:
        return (*self.needed, *(name for name in (self.label, self.split) if name is not None))


@dataclass(frozen=True, slots=True)
class Said:
    """What a row says: ids and times as text, before they are checked."""

    video_id: str
    start: str
    end: str
    label: str | None


def first_cells(head: str) -> list[list[str]]:
    """The cells of a list's first line, for each delimiter."""
    line = head.lstrip("\r\n").partition("\n")[0]
    return [[cell.strip() for cell in split_line(line, delimiter)] for delimiter in DELIMITERS]


def has_header(head: str, names: tuple[str, ...]) -> bool:
    return any(set(names) <= set(cells) for cells in first_cells(head))


def read(text: TextIO, tally: Tally, columns: Columns) -> Iterator[Annotation | BadRow]:
    """Yield every row; columns that mean nothing here are kept as `extra`. A repeated header is counted.

    Raises AnnotationError when a column is missing.
    """
    lines = physical_lines(text)
    blank, first = 0, next(lines, "")
    while first.isspace():
        blank, first = blank + 1, next(lines, "")
    delimiter = max(DELIMITERS, key=lambda each: len({*columns.named} & {*map(str.strip, split_line(first, each))}))
    header = [cell.strip() for cell in split_line(first, delimiter)]
    _check(header, columns)
    parse = _parser(header, columns)
    for record in records(lines, delimiter, len(header), blank + 2):
        if isinstance(record, BadRow):
            yield record
        elif [cell.strip() for cell in record[1]] == header:
            tally.repeated_headers += 1
        else:
            yield parse(*record)


def _check(header: list[str], columns: Columns) -> None:
    missing = [name for name in columns.named if name not in header]
    if missing:
        found = ", ".join(shown(name, 40) for name in header[:12])
        raise AnnotationError(f"has no column {', '.join(map(repr, missing))}; its first line has: {found}")
    twice = next((name for name in columns.named if header.count(name) > 1), None)
    if twice is not None:
        raise AnnotationError(f"the column {twice} stands twice in the header; remove one")


def _parser(header: list[str], columns: Columns) -> Callable[[int, list[str]], Annotation | BadRow]:
    """From (line, cells) to a row."""
    others = [name for name in header if name not in columns.named]

    def parse(line: int, written: list[str]) -> Annotation | BadRow:
        cells = dict(zip(header, written, strict=True))
        label = cells[columns.label] if columns.label is not None else None
        split = cells[columns.split] if columns.split is not None else None
        try:
            said = Said(cells[columns.video_id], cells[columns.start], _end(cells, columns), label)
            said = columns.refine(cells, said)
            extra = tuple([(name, cells[name]) for name in others])
            return annotation(said.video_id, said.start, said.end, split, said.label, extra, line)
        except FieldError as error:
            return BadRow(line, row_text(",".join(written)), str(error))

    return parse


def _end(cells: Cells, columns: Columns) -> str:
    """The text of the end. Raises FieldError."""
    if columns.end is not None:
        return cells[columns.end]
    start_us = time_us(cells[columns.start], "start")
    if columns.duration is not None:
        return seconds(start_us + time_us(cells[columns.duration], "duration"))
    return seconds(start_us + (columns.implied_s or 0) * US_PER_S)


def seconds(time: int) -> str:
    """Microseconds as the text of seconds, exactly."""
    return f"{time // US_PER_S}.{time % US_PER_S:06d}"
