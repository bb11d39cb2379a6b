"""The Kinetics CSV: label, youtube_id, time_start, time_end, split in any order, with comma, tab or semicolon.

Columns are found by the names in the header; `label` and `split` may be missing, other columns are kept as `extra`.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Self, TextIO

from clipset.annotations.csv_rows import DELIMITERS, csv_fault, physical_lines, records, split_line
from clipset.annotations.fields import annotation, row_text, shown
from clipset.annotations.reader import OWN_KEY, AnnotationError, FieldError, Tally
from clipset.types import Annotation, BadRow

REQUIRED = ("youtube_id", "time_start", "time_end")
COLUMNS = ("label", *REQUIRED, "split")  # in the published order


@dataclass(frozen=True, slots=True)
class Header:
    """The column names as written, and the keys they stand for: a Kinetics name, or the name itself."""

    names: tuple[str, ...]
    keys: tuple[str, ...]

    @classmethod
    def of(cls, names: tuple[str, ...]) -> Self:
        """Raises AnnotationError when a required column is missing or a Kinetics column stands twice."""
        keys = tuple(key_of(name) for name in names)
        missing = [name for name in REQUIRED if name not in keys]
        if missing:
            found = ", ".join(shown(name, 40) for name in names[:12])
            raise AnnotationError(
                f"missing columns: {', '.join(missing)} (found: {found}); the header must name youtube_id, time_start "
                "and time_end, and may name label and split"
            )
        twice = [name for name in COLUMNS if keys.count(name) > 1]
        if twice:
            raise AnnotationError(f"the column {twice[0]} stands twice in the header; remove one")
        return cls(names, keys)

    def position(self, key: str) -> int | None:
        return self.keys.index(key) if key in self.keys else None

    @property
    def extra(self) -> tuple[tuple[str, int], ...]:
        """Name and position of the columns that clipset does not interpret."""
        own = {*COLUMNS, OWN_KEY}
        return tuple((self.names[at], at) for at, key in enumerate(self.keys) if key not in own)

    def repeats_in(self, cells: list[str]) -> bool:
        return tuple(key_of(cell) for cell in cells) == self.keys


def key_of(name: str) -> str:
    """A Kinetics column may be written with other capitals and spaces around it."""
    plain = name.strip().casefold()
    return plain if plain in COLUMNS else name


def sniff(head: str) -> bool:
    return _known_names(_first_line(head)) > 0


def _known_names(line: str) -> int:
    return max(_matches(line, delimiter) for delimiter in DELIMITERS)


def _matches(line: str, delimiter: str) -> int:
    return sum(key_of(cell) in COLUMNS for cell in split_line(line, delimiter))


def _first_line(head: str) -> str:
    return head.lstrip("\r\n").partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Opened:
    """A list whose header has been read. `records` yields (line, cells) or BadRow."""

    header: Header
    records: Iterator[tuple[int, list[str]] | BadRow]


def open_records(text: TextIO) -> Opened:
    """Read the header. Raises AnnotationError."""
    lines = physical_lines(text)
    blank, first = 0, next(lines, "")
    while first.isspace():
        blank, first = blank + 1, next(lines, "")
    if not first:
        raise AnnotationError("is empty")
    delimiter = max(DELIMITERS, key=lambda candidate: _matches(first, candidate))
    header = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
    try:
        names = tuple(next(header))
    except csv.Error as error:
        raise AnnotationError(f"has a header that is no CSV: {csv_fault(error)}") from error
    return Opened(Header.of(names), records(lines, delimiter, len(names), blank + header.line_num + 1))


def read(text: TextIO, tally: Tally) -> Iterator[Annotation | BadRow]:
    """Yield every row. Line numbers are those of the file: a line end inside quotes counts too."""
    opened = open_records(text)
    parse = parser(opened.header)
    for record in opened.records:
        row = record if isinstance(record, BadRow) else parse(*record)
        if row is None:
            tally.repeated_headers += 1
        else:
            yield row


def parser(header: Header) -> Callable[[int, list[str]], Annotation | BadRow | None]:
    """From (line, cells) to a row; None for a header repeated inside the list, which is no data."""
    video_id_at, start_at, end_at = (header.keys.index(name) for name in REQUIRED)
    split_at, label_at, extra = header.position("split"), header.position("label"), header.extra

    def parse(line: int, cells: list[str]) -> Annotation | BadRow | None:
        split = None if split_at is None else cells[split_at]
        label = None if label_at is None else cells[label_at]
        kept = tuple((name, cells[at]) for name, at in extra) if extra else ()
        try:
            return annotation(cells[video_id_at], cells[start_at], cells[end_at], split, label, kept, line)
        except FieldError as error:
            return None if header.repeats_in(cells) else BadRow(line, row_text(",".join(cells)), str(error))

    return parse
