"""`convert`: a list in another form, with nothing lost, or an error and no file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from clipset.annotations.archive import named, open_text, replacing
from clipset.annotations.conversion.csv_form import CsvTable, write_csv
from clipset.annotations.conversion.json_form import JsonTable
from clipset.annotations.conversion.json_write import write_json
from clipset.annotations.conversion.jsonl_form import JsonlTable, write_jsonl
from clipset.annotations.conversion.row import Row, Table
from clipset.annotations.formats import recognise
from clipset.annotations.reader import AnnotationError, Tally
from clipset.types import BadRow

_LISTED_BAD_ROWS = 5
_ARCHIVES = (".gz", ".xz", ".zst")
TABLES: Final[dict[str, Callable[[Path, Tally], Table]]] = {  # by the names of formats.READERS
    "kinetics CSV": CsvTable,
    "kinetics JSON": JsonTable,
    "kinetics JSON Lines": JsonlTable,
}


@dataclass(frozen=True, slots=True)
class ConvertSummary:
    """`source` names the format that was read, `target` the suffix that was written."""

    source: str
    target: str
    rows: int
    repeated_headers: int


def convert(source: Path, target: Path) -> ConvertSummary:
    """Write the list `source` as `target`, in the form of its suffix: .csv, .tsv, .json, .jsonl, and .gz, .xz, .zst.

    There and back gives the same rows in the same order, with the same extra columns and the same text of numbers in
    a table; a JSON comes back equal as objects. What the other form cannot say stands under a column or key `clipset`.
    Atomic; an existing target is replaced, the source never. Raises AnnotationError: a list that cannot be read, a
    suffix that is none, source and target one file, or bad rows, of which it names the first.
    """
    suffix = form_of(target)
    if target.exists() and source.exists() and target.samefile(source):
        raise AnnotationError(f"{target}: source and target are the same file; choose another name")
    with named(source), open_text(source) as text:
        name = recognise(text)
    if name not in TABLES:
        raise AnnotationError(f"{source}: a list of the form {name} can be read but not converted")
    tally = Tally()
    table = TABLES[name](source, tally)
    rows = _write(table, source, target, suffix)
    return ConvertSummary(name, suffix, rows, tally.repeated_headers)


def form_of(target: Path) -> str:
    """`.csv`, `.tsv`, `.json` or `.jsonl`. Raises AnnotationError."""
    plain = target.with_suffix("") if target.suffix in _ARCHIVES else target
    if plain.suffix not in {".csv", ".tsv", ".json", ".jsonl"}:
        raise AnnotationError(
            f"{target}: the name must end with .csv, .tsv, .json or .jsonl (and then perhaps .gz, .xz or .zst)"
        )
    return plain.suffix


def _write(table: Table, source: Path, target: Path, suffix: str) -> int:
    count = 0

    def rows() -> Iterator[Row]:
        nonlocal count
        count = 0
        for row in good_rows(table, source):
            count += 1
            yield row

    try:
        with replacing(target) as text:
            write_rows(table, rows, text, suffix)
    except OSError as error:
        raise AnnotationError(f"{target}: cannot be written: {error.strerror or error}") from error
    return count


def write_rows(table: Table, rows: Callable[[], Iterator[Row]], text: TextIO, suffix: str) -> None:
    if suffix == ".json":
        write_json(table, rows, text)
    elif suffix == ".jsonl":
        write_jsonl(table, rows(), text)
    else:
        write_csv(table, rows(), text, "\t" if suffix == ".tsv" else ",")


def good_rows(table: Table, source: Path) -> Iterator[Row]:
    """All rows. Raises AnnotationError at the end if some were bad: a conversion drops nothing."""
    bad: list[BadRow] = []
    count = 0
    for row in table.rows():
        if isinstance(row, Row):
            yield row
            continue
        count += 1
        bad += [row] if len(bad) < _LISTED_BAD_ROWS else []
    if count:
        listed = "".join(f"\n  {_placed(row)}" for row in bad)
        more = f"\n  … and {count - len(bad):,} more" if count > len(bad) else ""
        raise AnnotationError(f"{source}: {count:,} bad rows; correct or remove them, then convert:{listed}{more}")


def _placed(row: BadRow) -> str:
    return f"line {row.line}: {row.message}" if row.line else row.message
