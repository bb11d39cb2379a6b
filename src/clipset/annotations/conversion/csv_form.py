"""CSV and TSV as a table, and a table as CSV or TSV."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from clipset.annotations.archive import named, open_text
from clipset.annotations.conversion.row import Row, Table, check, kept_of
from clipset.annotations.fields import row_text
from clipset.annotations.json_stream import DECODER, json_text
from clipset.annotations.kinetics_csv import Header, open_records
from clipset.annotations.reader import OWN_KEY, AnnotationError, FieldError, Tally
from clipset.types import BadRow


class CsvTable:
    """Cells are the text of the file; the own column, if there is one, is no cell."""

    def __init__(self, path: Path, tally: Tally) -> None:
        self._path = path
        self._tally = tally
        with named(path), open_text(path) as text:
            self._written = open_records(text).header
            names = [name for name in self._written.names if name != OWN_KEY]
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise AnnotationError(f"two columns are named {twice!r}; give each its own name")
        self.header = Header.of(tuple(names))
        self.keeps = OWN_KEY in self._written.names

    def rows(self) -> Iterator[Row | BadRow]:
        self._tally.repeated_headers = 0
        with named(self._path), open_text(self._path) as text:
            for record in open_records(text).records:
                row = record if isinstance(record, BadRow) else self._row(*record)
                if row is not None:
                    yield row

    def _row(self, line: int, cells: list[str]) -> Row | BadRow | None:
        found = dict(zip(self._written.keys, cells, strict=True))
        try:
            return check(Row(found, _kept(found.pop(OWN_KEY, ""))))
        except FieldError as error:
            if self._written.repeats_in(cells):
                self._tally.repeated_headers += 1
                return None
            return BadRow(line, row_text(",".join(cells)), str(error))


def _kept(cell: str) -> dict[str, Any]:
    if not cell:
        return {}
    try:
        return kept_of(DECODER.decode(cell))
    except (ValueError, RecursionError):  # no JSON: not ours
        return kept_of(None)


def write_csv(table: Table, rows: Iterable[Row], text: TextIO, delimiter: str) -> None:
    """Quotes only where a cell needs them; lines end with `\n`."""
    plain = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    # the module does not see that a bare carriage return needs quotes when lines end with \n
    quoting = csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for cells in _lines(table, rows):
        writer = quoting if any("\r" in cell for cell in cells) else plain
        writer.writerow(cells)


def _lines(table: Table, rows: Iterable[Row]) -> Iterator[list[str]]:
    yield [*table.header.names, *([OWN_KEY] if table.keeps else [])]
    for row in rows:
        cells = [row.cells.get(key, "") for key in table.header.keys]
        if table.keeps:
            cells.append(json_text(row.kept) if row.kept else "")
        yield cells
