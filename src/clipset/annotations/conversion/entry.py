"""One entry of the Kinetics JSON from the rows of its video, in the published form. Pure."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from clipset.annotations.conversion.row import Row, patched
from clipset.annotations.json_stream import Number
from clipset.annotations.kinetics_csv import COLUMNS
from clipset.annotations.kinetics_json import URL
from clipset.annotations.reader import OWN_KEY

JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
BLOCKED = frozenset(("annotations", "segment", "subset"))  # columns of these names would mean something else there
_NO_EXTRA = frozenset((*BLOCKED, *COLUMNS, "duration", "url"))
_FOR_ENTRY = frozenset(("annotation", "entry", "list", "plain"))  # what is used up here, not passed on


def entry_of(video_id: str, rows: Sequence[Row]) -> dict[str, Any]:
    """`annotations` is an object for one row and a list for more; what all rows share stands in the entry itself.

    Whole seconds are written as floats, `duration` is end - start and `url` the watch page unless the rows have
    columns of these names.
    """
    facts = [_facts(video_id, row.cells) for row in rows]
    shared = {key: value for key, value in facts[0].items() if all(_has(fact, key, value) for fact in facts)}
    clips = [
        patched(_clip(row, {key: fact[key] for key in fact if key not in shared}), row.kept.get("annotation", {}))
        for row, fact in zip(rows, facts, strict=True)
    ]
    one = len(clips) == 1 and "list" not in rows[0].kept
    return patched({"annotations": clips[0] if one else clips, **shared}, rows[0].kept.get("entry", {}))


def _has(fact: dict[str, str], key: str, value: str) -> bool:
    return key in fact and type(fact[key]) is type(value) and fact[key] == value


def _facts(video_id: str, cells: dict[str, str]) -> dict[str, str]:
    """What a row says beside label and segment; an empty extra cell says nothing."""
    facts = {"duration": _number_or_text(cells["duration"]) if "duration" in cells else derived_duration(cells)}
    if "split" in cells:
        facts["subset"] = cells["split"]
    facts["url"] = cells.get("url", URL + video_id)
    facts |= {key: cell for key, cell in cells.items() if key not in _NO_EXTRA}
    return {key: text for key, text in facts.items() if text or key == "subset"}


def _clip(row: Row, own_facts: dict[str, str]) -> dict[str, Any]:
    clip: dict[str, Any] = {"label": row.cells["label"]} if "label" in row.cells else {}
    clip["segment"] = [time_number(row.cells["time_start"]), time_number(row.cells["time_end"])]
    kept = {key: part for key, part in row.kept.items() if key not in _FOR_ENTRY} | _kept_cells(row.cells)
    return clip | own_facts | ({OWN_KEY: kept} if kept else {})


def _kept_cells(cells: dict[str, str]) -> dict[str, Any]:
    """Texts that the JSON's own keys and numbers do not give back."""
    kept: dict[str, Any] = {
        key: cells[key] for key in ("time_start", "time_end") if time_cell(time_number(cells[key])) != cells[key]
    }
    blocked = {key: cell for key, cell in cells.items() if key in BLOCKED}
    return kept | ({"cells": blocked} if blocked else {})


def derived_duration(cells: dict[str, str]) -> Number:
    """end - start, exactly."""
    start, end = cells["time_start"], cells["time_end"]
    if len(start + end) < 20 and (start + end).isdecimal() and (start + end).isascii():
        return Number(f"{int(end) - int(start)}.0")
    return time_number(str(Decimal(end.strip()) - Decimal(start.strip())))


def _number_or_text(cell: str) -> str:
    return Number(cell) if JSON_NUMBER.fullmatch(cell) else cell


def time_number(cell: str) -> Number:
    """The number that stands for a time in the JSON: `84` becomes 84.0, other numbers stay as they are written."""
    if cell.isdecimal() and cell.isascii() and (cell[0] != "0" or cell == "0"):
        return Number(cell + ".0")
    return Number(cell if JSON_NUMBER.fullmatch(cell) else format(Decimal(cell.strip()), "f"))


def time_cell(number: str) -> str:
    """The text that stands for a time in a table: whole seconds without a fraction, other numbers as written."""
    if number.endswith(".0") and number[:-2].isdecimal():
        return str(int(number[:-2]))
    seconds = Decimal(number)
    return str(int(seconds)) if seconds == seconds.to_integral_value() else str(number)
