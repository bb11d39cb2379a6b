"""Delimited text as records with true line numbers, whatever is inside; one bad record never costs its neighbours."""

import csv
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import TextIO

from clipset.annotations.fields import row_text
from clipset.annotations.reader import AnnotationError
from clipset.types import BadRow

MAX_LINE_CHARS = 16 * 1024 * 1024  # memory stays bounded whatever the file is; the csv module stops a field at 131,072
DELIMITERS = (",", "\t", ";")
_CHUNK_LINES = 500  # bounded memory; many enough that the csv module works alone, a tenth of the time


def split_line(line: str, delimiter: str) -> list[str]:
    """The cells of one physical line; of a line whose quotes are broken, the pieces between delimiters."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return line.rstrip("\r\n").split(delimiter)


def physical_lines(text: TextIO) -> Iterator[str]:
    """Lines with their ends. Raises AnnotationError where a line has no end in sight."""
    while line := text.readline(MAX_LINE_CHARS):
        if len(line) == MAX_LINE_CHARS and not line.endswith("\n"):
            raise AnnotationError(f"a line is longer than {MAX_LINE_CHARS:,} characters; this is not a list of clips")
        yield line


def records(
    lines: Iterator[str], delimiter: str, width: int, first_line: int, *, spaced: bool = False
) -> Iterator[tuple[int, list[str]] | BadRow]:
    """Yield (line, cells) for each record of `width` cells, a BadRow for any other; blank lines are passed over.

    `first_line` is the number of the first of `lines`. `spaced`: a space may follow a delimiter.
    An unclosed quote swallows the lines that follow it: such a record costs its first line only, the others are read
    again.
    """
    feed = _Feed(lines)
    line = first_line
    while chunk := feed.chunk():
        rows = _one_a_line(chunk, delimiter, width, spaced=spaced)
        if rows is not None:
            yield from enumerate(rows, line)
            line += len(chunk)
            continue
        feed.put_back(chunk)
        end = line + len(chunk)
        one_by_one = _one_by_one(feed, delimiter, width, line, spaced=spaced)
        while line < end:
            line, record = next(one_by_one)
            if record is not None:
                yield record


def _one_a_line(chunk: list[str], delimiter: str, width: int, *, spaced: bool) -> list[list[str]] | None:
    """The records of `chunk` where each line is one, of the right width, as all lines of a sound list are."""
    try:
        rows = list(csv.reader(chunk, delimiter=delimiter, strict=True, skipinitialspace=spaced))
    except csv.Error:
        return None
    return rows if len(rows) == len(chunk) and set(map(len, rows)) == {width} else None


def _one_by_one(
    feed: "_Feed", delimiter: str, width: int, line: int, *, spaced: bool
) -> Iterator[tuple[int, tuple[int, list[str]] | BadRow | None]]:
    """Yield the number of the line after each record, and the record, None for a blank line."""
    rows = csv.reader(feed, delimiter=delimiter, strict=True, skipinitialspace=spaced)
    while True:
        feed.taken.clear()
        record: tuple[int, list[str]] | BadRow | None = None
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            fault = csv_fault(error)
        else:
            fault = "" if len(cells) == width else _width_fault(len(cells), width)
            record = (line, cells)
        if fault:
            record = None if feed.taken[0].isspace() else BadRow(line, row_text(feed.taken[0]), fault)
            feed.give_back()
        line += len(feed.taken)
        yield line, record


class _Feed:
    """Hands physical lines to csv.reader, many at once or one by one, and remembers those of the record at hand."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.taken: list[str] = []

    def chunk(self) -> list[str]:
        """The next lines; those that were put back first."""
        again = [self._again.popleft() for _ in range(min(_CHUNK_LINES, len(self._again)))]
        return again + list(islice(self._lines, _CHUNK_LINES - len(again)))

    def put_back(self, chunk: list[str]) -> None:
        self._again.extendleft(reversed(chunk))

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line

    def give_back(self) -> None:
        """All lines of the record at hand but the first will be read again."""
        self.put_back(self.taken[1:])
        del self.taken[1:]


def _width_fault(found: int, width: int) -> str:
    return f"the row has {found} columns, the header {width}"


def csv_fault(error: csv.Error) -> str:
    """The csv module's error in words that say where to look."""
    if "field larger than" in str(error):
        return f"a field is longer than {csv.field_size_limit():,} characters"
    if "new-line" in str(error):
        return "a carriage return stands where no line ends"
    return "the quotes are broken"
