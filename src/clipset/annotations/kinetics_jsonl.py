"""JSON Lines: one object a line, with the keys of the Kinetics CSV's columns."""

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from clipset.annotations.csv_rows import physical_lines
from clipset.annotations.fields import annotation, clean, row_text
from clipset.annotations.json_stream import DECODER
from clipset.annotations.kinetics_csv import COLUMNS, REQUIRED, Header, key_of
from clipset.annotations.kinetics_json import cell_text, plain_text
from clipset.annotations.reader import OWN_KEY, FieldError, Tally
from clipset.types import Annotation, BadRow

_FIRST_VALUE_IS_PLAIN = re.compile(r'\s*\{\s*"[^"\\]*+(?:\\.[^"\\]*+)*+"\s*:\s*[^\s{\[]', re.DOTALL)
_OWN_KEYS = frozenset((*COLUMNS, OWN_KEY))


def sniff(head: str) -> bool:
    """The first line is an object with the key of a Kinetics column; or, broken or not, its first value is plain."""
    try:
        first = _object(head.lstrip().partition("\n")[0])
    except FieldError:
        first = {}
    return any(key_of(key) in COLUMNS for key in first) or _FIRST_VALUE_IS_PLAIN.match(head) is not None


def read(text: TextIO, tally: Tally) -> Iterator[Annotation | BadRow]:  # noqa: ARG001 - JSON repeats no header
    """Yield every row; an object that lacks a time or the id is a bad row, unless the first one lacks its key."""
    for record in objects(text):
        yield record if isinstance(record, BadRow) else _row(*record)


def objects(text: TextIO) -> Iterator[tuple[int, dict[str, Any]] | BadRow]:
    """Yield (line, object). Raises AnnotationError when the first object lacks the key of a required column."""
    first = True
    for line, written in enumerate(physical_lines(text), 1):
        if written.isspace():
            continue
        try:
            found = _object(written)
        except FieldError as error:
            yield BadRow(line, row_text(written), str(error))
            continue
        if first:
            Header.of(tuple(found))
            first = False
        yield line, found


def _object(line: str) -> dict[str, Any]:
    try:
        found = DECODER.decode(line)
    except json.JSONDecodeError as error:
        raise FieldError(f"the line is not valid JSON: {error.msg} at character {error.pos + 1}") from error
    except RecursionError as error:
        raise FieldError("the line is nested too deeply") from error
    if not isinstance(found, dict):
        raise FieldError("the line is not a JSON object")
    return found


def _row(line: int, written: dict[str, Any]) -> Annotation | BadRow:
    found = {key_of(key): value for key, value in written.items()}
    try:
        video_id, start, end = (_text(found, key) for key in REQUIRED)
        split, label = plain_text(found.get("split"), "split"), plain_text(found.get("label"), "label")
        extra = tuple((clean(key), cell_text(value)) for key, value in found.items() if key not in _OWN_KEYS)
        return annotation(video_id, start, end, split, label, extra, line)
    except FieldError as error:
        return BadRow(line, row_text(_written(found)), str(error))


def _text(found: dict[str, Any], key: str) -> str:
    """A number is text too; null is like an empty cell."""
    value = found.get(key)
    if value is not None and not isinstance(value, str):
        raise FieldError(f"{key} is neither a number nor text")
    return str(value or "")


def _written(found: dict[str, Any]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in found.items() if isinstance(value, str))
