"""JSON Lines as a table, and a table as JSON Lines: times are numbers where they can be, the rest is text."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from clipset.annotations.archive import named, open_text
from clipset.annotations.conversion.entry import JSON_NUMBER
from clipset.annotations.conversion.row import Row, Table, check, kept_of, patch, patched
from clipset.annotations.fields import clean, row_text
from clipset.annotations.json_stream import Number, json_text
from clipset.annotations.kinetics_csv import Header
from clipset.annotations.kinetics_json import cell_text
from clipset.annotations.kinetics_jsonl import objects
from clipset.annotations.reader import OWN_KEY, FieldError, Tally
from clipset.types import BadRow

_TIMES = ("time_start", "time_end")


class JsonlTable:
    """Columns are the union of all objects' keys, so the list is read once more to know them."""

    def __init__(self, path: Path, tally: Tally) -> None:  # noqa: ARG002 - JSON repeats no header
        self._path = path
        names: dict[str, None] = {}
        for _line, found in self._objects():
            names.update(dict.fromkeys(name for name in found if clean(name) == name))
        names.pop(OWN_KEY, None)
        self.header = Header.of(tuple(names))
        self.keeps = any(isinstance(row, Row) and row.kept for row in self.rows())

    def _objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        with named(self._path), open_text(self._path) as text:
            yield from (record for record in objects(text) if not isinstance(record, BadRow))

    def rows(self) -> Iterator[Row | BadRow]:
        with named(self._path), open_text(self._path) as text:
            for record in objects(text):
                yield record if isinstance(record, BadRow) else self._row(*record)

    def _row(self, line: int, found: dict[str, Any]) -> Row | BadRow:
        try:
            kept = kept_of(found.get(OWN_KEY, {}))
            named_keys = zip(self.header.names, self.header.keys, strict=True)
            row = check(Row({key: _cell(found.get(name)) for name, key in named_keys}, kept))
            change = patch(found, object_of(row, self.header))
            return row._replace(kept=kept | {"object": change}) if change else row
        except FieldError as error:
            return BadRow(line, row_text(str(found)), str(error))


def _cell(value: object) -> str:
    return "" if value is None else cell_text(value)


def object_of(row: Row, header: Header) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, key in zip(header.names, header.keys, strict=True):
        cell = row.cells.get(key, "")
        found[name] = Number(cell) if key in _TIMES and JSON_NUMBER.fullmatch(cell) else cell
    own = {key: part for key, part in row.kept.items() if key != "object"}
    return patched(found | {OWN_KEY: own} if own else found, row.kept.get("object", {}))


def write_jsonl(table: Table, rows: Iterable[Row], text: TextIO) -> None:
    text.writelines(json_text(object_of(row, table.header)) + "\n" for row in rows)
