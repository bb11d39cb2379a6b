"""Lists of clip files as mmaction2 and its kin write them: `label/ID_000010_000020.mp4 7`, a path and perhaps numbers.

The label is the last folder with its underscores as spaces; the numbers (frames, index of the class) are `extra`.
Folders such as `val` or `videos_val` are no label but the split. A list of whole videos has no clips in it.
"""

import re
from collections.abc import Iterator
from typing import TextIO

from clipset.annotations import bare
from clipset.annotations.fields import annotation, shown
from clipset.annotations.reader import FieldError, Tally
from clipset.types import Annotation, BadRow

_ID = r"(?P<id>[A-Za-z0-9_-]{11})"
_TIME = r"\d{6}(?:\.\d{3})?"
_FILE = rf"{_ID}(?:_(?P<start>{_TIME})_(?P<end>{_TIME}))?"
_SUFFIX = r"\.(?:mp4|mkv|webm|avi|mov)"
_NUMBERS = r"(?:[ ,\t]+\d+){0,2}"
_LINE = re.compile(rf"(?:(?P<folders>.*)/)?{_FILE}(?P<suffix>{_SUFFIX})?(?P<numbers>{_NUMBERS})\s*", re.ASCII)
_SPLIT = re.compile(r"(?:videos_|rawframes_)?(train|val|valid|validate|validation|test)(?:_videos|_256|_320)?")


def sniff(head: str) -> bool:
    found = _LINE.fullmatch(bare.first_line(head))
    return found is not None and bool(found["start"] or (found["suffix"] and found["numbers"]))


def read(text: TextIO, tally: Tally) -> Iterator[Annotation | BadRow]:  # noqa: ARG001 - it has no header
    yield from bare.read_lines(text, _row)


def _row(written: str, line: int) -> Annotation:
    found = _LINE.fullmatch(written)
    if found is None:
        raise FieldError(f"{shown(written)!r} is no path of a clip such as label/ID_000010_000020.mp4")
    if found["start"] is None:
        raise FieldError("names a whole video, without start and end; take the list that has them")
    folders = (found["folders"] or "").split("/")
    split = next((match[1] for match in map(_SPLIT.fullmatch, folders) if match), None)
    label = None if _SPLIT.fullmatch(folders[-1]) else folders[-1].replace("_", " ")
    return annotation(found["id"], found["start"], found["end"], split, label, _extra(found["numbers"]), line)


def _extra(numbers: str) -> tuple[tuple[str, str], ...]:
    """The last number is the index of the class; one before it the number of frames."""
    found = numbers.replace(",", " ").split()
    return tuple(zip(("frames", "label_index")[-len(found) :], found, strict=True)) if found else ()
