"""The Kinetics JSON: {id: {annotations: {label, segment}, duration, subset, url}}; `annotations` may be a list of such.

Duration and url are kept as `extra` only where they say more than the clip itself does.
"""

import re
from collections.abc import Iterator
from typing import Any, TextIO

from clipset.annotations.fields import annotation, clean, row_text, shown, time_us
from clipset.annotations.json_stream import Number, json_text, members
from clipset.annotations.reader import OWN_KEY, FieldError, Tally
from clipset.types import Annotation, BadRow

URL = "https://www.youtube.com/watch?v="
_FIRST_VALUE_NESTS = re.compile(r'\s*\{\s*(?:\}|"[^"\\]*+(?:\\.[^"\\]*+)*+"\s*:\s*[{\[])', re.DOTALL)
_OWN_ENTRY_KEYS = frozenset(("annotations", "subset", OWN_KEY))
_OWN_MEMBER_KEYS = frozenset(("label", "segment", "subset", OWN_KEY))


def sniff(head: str) -> bool:
    return _FIRST_VALUE_NESTS.match(head) is not None


def read(text: TextIO, tally: Tally) -> Iterator[Annotation | BadRow]:  # noqa: ARG001 - JSON repeats no header
    """Yield every clip, several of one video in a row. An entry whose `annotations` is an empty list has no clip.

    Rows have no line; the message of a bad one names its key.
    """
    for video_id, entry in members(text):
        yield from rows(video_id, entry)


def rows(video_id: str, entry: Any) -> Iterator[Annotation | BadRow]:
    """The clips of an entry, or the entry as a bad row."""
    try:
        clips = clips_of(entry)
    except FieldError as error:
        yield bad_entry(video_id, entry, error)
        return
    for clip in clips:
        yield _row(video_id, entry, clip)


def clips_of(entry: object) -> list[dict[str, Any]]:
    """The annotation objects of an entry. Raises FieldError."""
    if not isinstance(entry, dict):
        raise FieldError("the entry is not an object")
    found = entry.get("annotations")
    clips: list[Any] = found if isinstance(found, list) else [found]
    for clip in clips:
        if not isinstance(clip, dict):
            raise FieldError("annotations is missing, or is neither an object nor a list of objects")
    return clips


def bad_entry(video_id: str, value: object, error: FieldError) -> BadRow:
    try:
        written = json_text(value)
    except FieldError:
        written = ""
    return BadRow(0, row_text(written), f"entry {shown(video_id)!r}: {error}")


def _row(video_id: str, entry: dict[str, Any], clip: dict[str, Any]) -> Annotation | BadRow:
    try:
        start, end = segment(clip)
        split, label = (
            plain_text(clip.get("subset", entry.get("subset")), "subset"),
            plain_text(clip.get("label"), "label"),
        )
        row = annotation(video_id, start, end, split, label)
        extra = _extra(row, entry, clip)
        return row._replace(extra=extra) if extra else row
    except FieldError as error:
        return bad_entry(video_id, clip, error)


def segment(clip: dict[str, Any]) -> tuple[str, str]:
    """The text of start and end. Raises FieldError."""
    found = clip.get("segment")
    if not isinstance(found, list) or len(found) != 2:
        raise FieldError("the segment is missing, or is not a list of start and end")
    start, end = found
    if not (isinstance(start, str) and isinstance(end, str)):  # a Number is text too
        raise FieldError(f"the segment {shown(json_text(found))} does not hold two numbers")
    return start, end


def plain_text(value: object, name: str) -> str | None:
    """A label or split as text. Raises FieldError for anything but text, a number and null."""
    if value is None or isinstance(value, str):
        return clean(str(value)) if value else None
    raise FieldError(f"the {name} is not text")


def cell_text(value: object) -> str:
    """Any value as the text of one cell: text as it is, everything else as JSON. Raises FieldError."""
    return clean(str(value) if isinstance(value, str) else json_text(value))


def _extra(row: Annotation, entry: dict[str, Any], clip: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    kept = []
    for key, value in entry.items():
        if key not in _OWN_ENTRY_KEYS and not is_derived(row, key, value):
            kept.append((key, value))
    if len(clip) > 2:
        kept += [(key, value) for key, value in clip.items() if key not in _OWN_MEMBER_KEYS]
    return tuple([(clean(key), cell_text(value)) for key, value in kept]) if kept else ()


def is_derived(row: Annotation, key: str, value: object) -> bool:
    """Whether the value says only what id and span say: the published `url`, and `duration` = end - start."""
    if key == "url":
        return value == URL + row.video_id
    return key == "duration" and isinstance(value, Number) and _is_duration(value, row.end_us - row.start_us)


def _is_duration(value: Number, duration_us: int) -> bool:
    try:
        return time_us(value, "duration") == duration_us
    except FieldError:
        return False
