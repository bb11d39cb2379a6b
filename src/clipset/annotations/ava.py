"""AVA and AVA-Kinetics: no header; a moment of a video, a box, an action. The test lists have only the moment.

The clip is the three seconds around the moment, which is what AVA's annotators judged; the label is the number of the
action, the box and the person are `extra`.
"""

import re
from collections.abc import Iterator
from typing import TextIO

from clipset.annotations import bare
from clipset.annotations.csv_rows import split_line
from clipset.annotations.fields import annotation, time_us
from clipset.annotations.headed import seconds
from clipset.annotations.reader import Tally
from clipset.types import VIDEO_ID, Annotation, BadRow

AROUND_US = 1_500_000
_COLUMNS = ("moment", "x1", "y1", "x2", "y2", "action", "person")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_ACTION_AT = 6
_WIDTHS = (2, 7, 8)


def sniff(head: str) -> bool:
    video_id, *numbers = split_line(bare.first_line(head), ",") or [""]
    is_row = len(numbers) + 1 in _WIDTHS and all(_NUMBER.fullmatch(number) or not number for number in numbers)
    return is_row and bool(numbers[0]) and VIDEO_ID.fullmatch(video_id) is not None


def read(text: TextIO, tally: Tally) -> Iterator[Annotation | BadRow]:  # noqa: ARG001 - it has no header
    head = text.read(4096)
    text.seek(0)
    yield from bare.read_cells(text, len(split_line(bare.first_line(head), ",")), _row)


def _row(cells: list[str], line: int) -> Annotation:
    video_id, moment, *_ = cells
    moment_us = time_us(moment, "moment's")
    start, end = seconds(max(0, moment_us - AROUND_US)), seconds(moment_us + AROUND_US)
    label = cells[_ACTION_AT] if len(cells) > _ACTION_AT else None
    extra = tuple((name, cell) for name, cell in zip(_COLUMNS, cells[1:], strict=False) if name != "action")
    return annotation(video_id, start, end, None, label, extra, line)
