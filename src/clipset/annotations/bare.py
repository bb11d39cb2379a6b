"""Lists without a header: each line by itself, told by its form. What VGG-Sound, AVA and mmaction2 share."""

from collections.abc import Callable, Iterator
from typing import TextIO

from clipset.annotations.csv_rows import physical_lines, records
from clipset.annotations.fields import row_text
from clipset.annotations.reader import FieldError
from clipset.types import Annotation, BadRow


def first_line(head: str) -> str:
    return head.lstrip("\r\n").partition("\n")[0].rstrip("\r")


def read_lines(text: TextIO, parse: Callable[[str, int], Annotation]) -> Iterator[Annotation | BadRow]:
    """What `parse` makes of each line that is not blank; where it raises FieldError, a bad row."""
    for line, written in enumerate(physical_lines(text), 1):
        if written.isspace():
            continue
        try:
            yield parse(written.rstrip("\r\n"), line)
        except FieldError as error:
            yield BadRow(line, row_text(written), str(error))


def read_cells(
    text: TextIO, width: int, parse: Callable[[list[str], int], Annotation]
) -> Iterator[Annotation | BadRow]:
    """As `read_lines`, for comma-separated rows of `width` cells, with quotes where a cell needs them."""
    for record in records(physical_lines(text), ",", width, 1):
        if isinstance(record, BadRow):
            yield record
            continue
        line, cells = record
        try:
            yield parse(cells, line)
        except FieldError as error:
            yield BadRow(line, row_text(",".join(cells)), str(error))
