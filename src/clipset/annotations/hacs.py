"""HACS Clips: two-second clips that show an action, or, where `label` is -1, do not: those are labelled «not …»."""

from collections.abc import Iterator
from typing import TextIO

from clipset.annotations import headed
from clipset.annotations.headed import Cells, Columns, Said
from clipset.annotations.reader import Tally
from clipset.types import Annotation, BadRow

_NAMES = ("classname", "youtube_id", "subset", "start", "end")


def sniff(head: str) -> bool:
    return headed.has_header(head, _NAMES)


def read(text: TextIO, tally: Tally) -> Iterator[Annotation | BadRow]:
    label, video_id, split, start, end = _NAMES
    yield from headed.read(text, tally, Columns(video_id, start, end, label=label, split=split, refine=_negative))


def _negative(cells: Cells, said: Said) -> Said:
    if cells.get("label", "").strip() != "-1":
        return said
    return Said(said.video_id, said.start, said.end, f"not {said.label}")
