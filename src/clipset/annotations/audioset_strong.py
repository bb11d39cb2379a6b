"""AudioSet's temporally strong labels: a TSV of events, whose times count from the start of their segment.

`segment_id` is the video id and the segment's start in milliseconds; files were put together with their headers in.
An event that is marked as not present is labelled «not …», so that nobody takes it for an example.
"""

import re
from collections.abc import Iterator
from typing import TextIO

from clipset.annotations import headed
from clipset.annotations.fields import shown, time_us
from clipset.annotations.headed import Cells, Columns, Said
from clipset.annotations.reader import FieldError, Tally
from clipset.types import Annotation, BadRow

_SEGMENT = re.compile(r"(.*)_(\d{1,12})", re.ASCII | re.DOTALL)
_NAMES = ("segment_id", "start_time_seconds", "end_time_seconds", "label")


def sniff(head: str) -> bool:
    return headed.has_header(head, _NAMES)


def read(text: TextIO, tally: Tally) -> Iterator[Annotation | BadRow]:
    """Yield every event, its times counted from the start of the video."""
    segment, start, end, label = _NAMES
    yield from headed.read(text, tally, Columns(segment, start, end, label=label, refine=_absolute))


def _absolute(cells: Cells, said: Said) -> Said:
    found = _SEGMENT.fullmatch(said.video_id)
    if found is None:
        raise FieldError(f"the segment id {shown(said.video_id)!r} is no video id with milliseconds after it")
    start_us = int(found[2]) * 1000
    start, end = (
        headed.seconds(start_us + time_us(text, name)) for text, name in ((said.start, "start"), (said.end, "end"))
    )
    is_absent = cells.get("present", "").strip().upper() == "NOT_PRESENT"
    return Said(found[1], start, end, f"not {said.label}" if is_absent else said.label)
