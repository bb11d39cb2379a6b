"""AudioSet's CSV: comment lines, the last of them the header, then id, start, end and the labels in one quoted cell.

A clip with several labels is several annotations: selected by any of them, counted with each, stored once.
"""

from collections.abc import Iterator
from itertools import takewhile
from typing import TextIO

from clipset.annotations.csv_rows import physical_lines, records
from clipset.annotations.fields import annotation, row_text
from clipset.annotations.reader import FieldError, Tally
from clipset.types import Annotation, BadRow

_WIDTH = 4


def sniff(head: str) -> bool:
    comments = takewhile(lambda line: line.startswith("#"), head.lstrip().split("\n"))
    return any(map(_is_header, comments))


def _is_header(line: str) -> bool:
    return line.startswith("#") and line[1:].lstrip().casefold().startswith("ytid")


def read(text: TextIO, tally: Tally) -> Iterator[Annotation | BadRow]:  # noqa: ARG001 - its header is a comment
    """Yield an annotation for each label of each row."""
    lines = physical_lines(text)
    header = next((number for number, line in enumerate(lines, 1) if _is_header(line)), 0)
    for record in records(lines, ",", _WIDTH, header + 1, spaced=True):
        if isinstance(record, BadRow):
            yield record
        else:
            yield from _row(*record)


def _row(line: int, cells: list[str]) -> list[Annotation] | list[BadRow]:
    video_id, start, end, labels = cells
    try:
        row = annotation(video_id, start, end, None, None, (), line)
    except FieldError as error:
        return [BadRow(line, row_text(",".join(cells)), str(error))]
    return [row._replace(label=label.strip() or None) for label in labels.split(",")]
