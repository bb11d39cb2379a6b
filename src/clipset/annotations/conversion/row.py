"""What every form becomes on the way to another: a header, and rows of text that can be read again from the start.

What a form says beyond the cells of a row travels with the row as `kept`, and is written under the one column or key
named `clipset`, so that the way back restores it. Plain lists need none of it.
"""

import re
from collections.abc import Collection, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, Protocol

from clipset.annotations.fields import annotation
from clipset.annotations.json_stream import Number
from clipset.annotations.kinetics_csv import REQUIRED, Header
from clipset.annotations.reader import OWN_KEY, FieldError
from clipset.types import BadRow

_PLACE = re.compile(r"\d{1,9}", re.ASCII)
_SHAPES: dict[str, type] = {
    "annotation": dict,  # patch of an annotation object of the JSON
    "entry": dict,  # patch of an entry of the JSON, with the first of its rows
    "object": dict,  # patch of a JSON Lines object
    "cells": dict,  # columns whose names mean something else in the JSON
    "row": Number,  # place in the table, from 0, of a clip that the JSON had to move to its video's first
    "time_start": str,  # how the CSV wrote a time that the JSON writes as a number
    "time_end": str,
    "columns": list,  # the header, where the rows do not show it
    "list": bool,  # `annotations` is a list although it holds one
    "plain": bool,  # `columns` is not to be written
}


class Row(NamedTuple):
    """Cells by key (a Kinetics name, or the extra column's own), and what other forms asked to keep."""

    cells: dict[str, str]
    kept: dict[str, Any]


class Table(Protocol):
    """A list in one form. `keeps` says whether any of its rows has something kept."""

    @property
    def header(self) -> Header: ...

    @property
    def keeps(self) -> bool: ...

    def rows(self) -> Iterator[Row | BadRow]:
        """From the start, each time it is called. Raises AnnotationError."""
        ...


def check(row: Row) -> Row:
    """The row itself if it names a clip. Raises FieldError."""
    video_id, start, end = (row.cells.get(key, "") for key in REQUIRED)
    annotation(video_id, start, end, split=None, label=None)
    return row


def kept_of(value: object, parts: Collection[str] = tuple(_SHAPES)) -> dict[str, Any]:
    """What an own column or key holds, of `parts` only. Raises FieldError when it was not convert that wrote it."""
    if not isinstance(value, dict) or not all(key in parts and _fits(key, part) for key, part in value.items()):
        raise FieldError(f"the column or key {OWN_KEY!r} is not as convert writes it; rename or remove it")
    return value


def _fits(key: str, part: object) -> bool:
    if not isinstance(part, _SHAPES.get(key, ())):
        return False
    if key in {"annotation", "entry", "object"} and isinstance(part, dict):
        return isinstance(part.get("set", {}), dict) and isinstance(part.get("without", []), list)
    texts = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return all(type(text) is str for text in texts) and (key != "row" or _PLACE.fullmatch(str(part)) is not None)


def patch(actual: dict[str, Any], derived: dict[str, Any]) -> dict[str, Any]:
    """What makes `actual` out of `derived`; empty when they are the same."""
    changed = {key: value for key, value in actual.items() if key not in derived or not same(value, derived[key])}
    gone = [key for key in derived if key not in actual]
    return ({"set": changed} if changed else {}) | ({"without": gone} if gone else {})


def patched(derived: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    if not change:
        return derived
    gone, changed = change.get("without", ()), change.get("set", {})
    return {**{key: value for key, value in derived.items() if key not in gone}, **changed}


def same(one: object, other: object) -> bool:
    """Equal as JSON: numbers by value (84 and 84.0 are one), everything else by type and value."""
    if type(one) is not type(other):
        return False
    if type(one) is str:
        return one == other
    if isinstance(one, Number):
        return str(one) == str(other) or _value(one) == _value(str(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def _value(number: str) -> object:
    try:
        return Decimal(number)
    except InvalidOperation:  # an exponent beyond all use
        return number
