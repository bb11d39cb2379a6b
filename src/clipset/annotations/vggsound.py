"""VGG-Sound: no header, ten seconds from a start. `ID_000030.mp4,label`, or `ID,30,label,split` as published.

Labels may hold commas, quoted; lines may end with a carriage return.
"""

import csv
import re
from collections.abc import Iterator
from typing import TextIO

from clipset.annotations import bare
from clipset.annotations.csv_rows import split_line
from clipset.annotations.fields import annotation, shown, time_us
from clipset.annotations.headed import seconds
from clipset.annotations.reader import FieldError, Tally
from clipset.types import US_PER_S, Annotation, BadRow

CLIP_S = 10
_NAMED = re.compile(r"([A-Za-z0-9_-]{11})_(\d{6})(?:\.[a-z0-9]{2,4})?", re.ASCII)
_PUBLISHED = re.compile(r"[A-Za-z0-9_-]{11},\d+,(?:\"[^\"]*\"|[^\",]*),(?:train|test)", re.ASCII)
_NAMED_WIDTH, _PUBLISHED_WIDTH = 2, 4


def sniff(head: str) -> bool:
    line = bare.first_line(head)
    cells = split_line(line, ",")
    is_named = len(cells) == _NAMED_WIDTH and _NAMED.fullmatch(cells[0]) is not None
    return is_named or _PUBLISHED.fullmatch(line) is not None


def read(text: TextIO, tally: Tally) -> Iterator[Annotation | BadRow]:  # noqa: ARG001 - it has no header
    head = text.read(csv.field_size_limit())
    text.seek(0)
    if _PUBLISHED.fullmatch(bare.first_line(head)):
        yield from bare.read_cells(text, _PUBLISHED_WIDTH, _published)
    else:
        yield from bare.read_cells(text, _NAMED_WIDTH, _named)


def _published(cells: list[str], line: int) -> Annotation:
    video_id, start, label, split = cells
    return _clip(video_id, start, split, label, line)


def _named(cells: list[str], line: int) -> Annotation:
    name, label = cells
    found = _NAMED.fullmatch(name)
    if found is None:
        raise FieldError(f"{shown(name)!r} is no video id with six digits of its start after it")
    return _clip(found[1], found[2], None, label, line)


def _clip(video_id: str, start: str, split: str | None, label: str, line: int) -> Annotation:
    end = seconds(time_us(start, "start") + CLIP_S * US_PER_S)
    return annotation(video_id, start, end, split, label, (), line)
