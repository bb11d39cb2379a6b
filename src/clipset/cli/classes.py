"""`clipset classes`: the classes of lists with their clips by split, or of a dataset with what became of its clips."""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clipset.annotations.archive import replacing
from clipset.cli import given
from clipset.cli.categories import Categories, read_categories
from clipset.cli.options import ListOptions
from clipset.cli.outcome import Exit
from clipset.cli.reading import Reading
from clipset.config import UserError
from clipset.durable import plain_os_errors
from clipset.ledger import Ledger
from clipset.ledger.home import Home
from clipset.ledger.tables import one_line
from clipset.plan import Selection
from clipset.progress.text import printable
from clipset.types import Annotation

_STATES = ("wanted", "done", "lost")


@dataclass(frozen=True, slots=True)
class Counted:
    """Clips by class (or by category, `kind` says which) and column: a split of lists, a state of a dataset."""

    kind: str
    columns: tuple[str, ...]
    counts: dict[str, Counter[str]]

    def rows(self) -> list[tuple[str, list[int]]]:
        return [(name, [counts[column] for column in self.columns]) for name, counts in self.counts.items()]


def print_classes(
    places: Sequence[Path], options: ListOptions, categories: Path | None, *, as_json: bool, table: Path | None
) -> Exit:
    """`places` are lists, names, or one directory of a dataset. Raises UserError, AnnotationError, LedgerError."""
    groups = None if categories is None else read_categories(categories)
    datasets = [place for place in places if Home.database_of(place).exists()]
    if datasets and len(places) > 1:
        raise UserError(f"{datasets[0]} is a dataset; give it alone, or only lists")
    found = _of_dataset(datasets[0]) if datasets else _of_lists(places, options)
    found = found if groups is None else _by_category(found, groups)
    if table is not None:
        _write(found, table)
    if as_json:
        rows = [{found.kind: name, "clips": dict(zip(found.columns, row, strict=True))} for name, row in found.rows()]
        print(json.dumps(rows))
    else:
        Console(highlight=False).print(_shown(found))
    return Exit.OK


def _of_lists(places: Sequence[Path], options: ListOptions) -> Counted:
    """Sorted by label, as the index of a class is; rows without a label have none to show."""
    wanted = given.lists(places, options)
    reading = Reading(Selection(), wanted, accept_changed=options.accept_changed_lists)
    counted: Counter[tuple[str, str]] = Counter()
    with reading.shown():
        for number in range(len(wanted)):
            counted.update((row[4] or "", row[3] or "") for row in reading.rows(number) if isinstance(row, Annotation))
    splits = tuple(dict.fromkeys(split for _label, split in counted))
    counts: dict[str, Counter[str]] = {label: Counter() for label in sorted({label for label, _split in counted})}
    for (label, split), count in counted.items():
        counts[label][split or "no split"] = count
    return Counted("label", tuple(split or "no split" for split in splits), counts)


def _of_dataset(directory: Path) -> Counted:
    with Ledger.read(directory) as ledger:
        counts = {label: Counter(dict(zip(_STATES, row, strict=True))) for label, *row in ledger.classes()}
    return Counted("label", _STATES, counts)


def _by_category(found: Counted, categories: Categories) -> Counted:
    """A label may be in several categories; what is in none is counted under ''."""
    of_label: dict[str, list[str]] = {}
    for category, labels in categories.items():
        for label in labels:
            of_label.setdefault(label, []).append(category)
    counts: dict[str, Counter[str]] = {category: Counter() for category in categories}
    for label, counted in found.counts.items():
        for category in of_label.get(label, [""]):
            counts.setdefault(category, Counter()).update(counted)
    return Counted("category", found.columns, counts)


def _shown(found: Counted) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(found.kind)
    for column in found.columns:
        table.add_column(Text(printable(column, 30)), justify="right")
    for name, row in found.rows():
        table.add_row(Text(printable(name) or f"no {found.kind}"), *(f"{count:,}" for count in row))
    return table


def _write(found: Counted, path: Path) -> None:
    with plain_os_errors(path), replacing(path) as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([found.kind, *map(one_line, found.columns)])
        rows.writerows([one_line(name), *row] for name, row in found.rows())
