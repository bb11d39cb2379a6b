"""`clipset leaks`: what the splits of datasets share, so that nobody tests on what was trained on."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clipset.annotations.archive import replacing
from clipset.cli import given
from clipset.cli.options import ListOptions
from clipset.cli.outcome import Exit, say
from clipset.cli.reading import Reading
from clipset.durable import plain_os_errors
from clipset.ledger.overlap import Group, Overlap, Pair, Shared
from clipset.ledger.tables import one_line
from clipset.plan import Selection
from clipset.progress.text import printable

HEADER = ("shared", "clip_id", "video_id", "dataset_a", "split_a", "labels_a", "dataset_b", "split_b", "labels_b")


def print_leaks(annotations: Sequence[Path], options: ListOptions, *, as_json: bool, table: Path | None) -> Exit:
    """Raises UserError, AnnotationError, ClipsetError."""
    wanted = given.lists(annotations, options)
    reading = Reading(Selection(), wanted, accept_changed=options.accept_changed_lists)
    with Overlap() as overlap, reading.shown():
        for number, name in enumerate(_names(wanted)):
            overlap.add(name, reading.rows(number))
        with _rows_to(table) as found:
            groups, pairs = overlap.compare(found)
    if as_json:
        found_json = {"splits": [group._asdict() for group in groups], "pairs": [_as_json(pair) for pair in pairs]}
        print(json.dumps(found_json))
    else:
        Console(highlight=False).print(_table(pairs))
        silent = len(groups) * (len(groups) - 1) // 2 - len(pairs)
        say(f"{len(groups)} splits; {silent} pairs of them share nothing")
    return Exit.OK


def _names(wanted: list[given.GivenList]) -> list[str]:
    """The dataset of each list; two files of one name, as train.csv often is, are told apart by their paths."""
    files = Counter(item.dataset for item in wanted if item.dataset == given.dataset_name(item.path))
    return [str(item.path) if files[item.dataset] > 1 else item.dataset for item in wanted]


def _as_json(pair: Pair) -> dict[str, object]:
    return asdict(pair) | {"first": pair.first._asdict(), "second": pair.second._asdict()}


def _name(group: Group) -> Text:
    return Text(printable(f"{group.dataset} {group.split}".strip(), 60))


def _table(pairs: list[Pair]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("split")
    table.add_column("and split")
    for heading in ("same clips", "same videos", "same clip, other label"):
        table.add_column(heading, justify="right")
    for pair in pairs:
        counts = (f"{count:,}" for count in (pair.clips, pair.videos, pair.other_label))
        table.add_row(_name(pair.first), _name(pair.second), *counts)
    return table


@contextmanager
def _rows_to(path: Path | None) -> Iterator[Callable[[Shared], None] | None]:
    """Each shared clip, or video, as a row of the table at `path`, which is whole or not there."""
    if path is None:
        yield None
        return
    with plain_os_errors(path), replacing(path) as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(HEADER)
        yield lambda shared: rows.writerow(_row(shared))


def _row(shared: Shared) -> list[str]:
    sides = ((shared.first, shared.first_labels), (shared.second, shared.second_labels))
    cells = [one_line(cell) for group, labels in sides for cell in (*group, "|".join(sorted(labels)))]
    return ["clip" if shared.clip_id else "video", shared.clip_id, shared.video_id, *cells]
