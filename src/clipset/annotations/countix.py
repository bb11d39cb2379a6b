"""Countix: repetitions inside Kinetics clips. The clip is that of Kinetics; the repetition is kept as `extra`."""

from collections.abc import Iterator
from typing import TextIO

from clipset.annotations import headed
from clipset.annotations.headed import Columns
from clipset.annotations.reader import Tally
from clipset.types import Annotation, BadRow

_NAMES = ("video_id", "kinetics_start", "kinetics_end")


def sniff(head: str) -> bool:
    return headed.has_header(head, _NAMES)


def read(text: TextIO, tally: Tally) -> Iterator[Annotation | BadRow]:
    """Yield every row; the test list has no column `class`."""
    head = text.read(4096)
    text.seek(0)
    label = "class" if headed.has_header(head, (*_NAMES, "class")) else None
    yield from headed.read(text, tally, Columns(*_NAMES, label=label))
