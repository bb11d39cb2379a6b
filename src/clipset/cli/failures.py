"""`clipset failures`: why clips are not there, by reason and one by one."""

import csv
import difflib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clipset.cli.bars import Screen
from clipset.cli.outcome import Exit, say
from clipset.cli.reasons import reason_named
from clipset.cli.times import of_iso_us
from clipset.clock import SystemClock
from clipset.config import UserError
from clipset.ledger import Ledger, LedgerReader
from clipset.ledger.failures import FAILED_HEADER, FailureCount, Which, failed_rows, failure_counts
from clipset.ledger.finished import names_in
from clipset.ledger.tables import Cell
from clipset.plan.selection import canonical_split
from clipset.progress.patience import Patience
from clipset.progress.text import printable, wall_clock
from clipset.reasons import Disposition, Reason, advice, meaning

_SHOWN_CLIPS = 50
_MANY = Parameter(negative=(), show_env_var=False, show_default=False)
_COLUMNS = FAILED_HEADER.split(",")


@Parameter(name="*", group=Group.create_ordered("Which clips"))
@dataclass(frozen=True, slots=True, kw_only=True)
class FailureOptions:
    """The clips to show one by one; none where nothing is asked."""

    reason: Annotated[tuple[str, ...], _MANY] = ()
    """Clips that are not there for this reason (repeatable)."""

    disposition: Annotated[tuple[Disposition, ...], _MANY] = ()
    """Clips for which this holds (repeatable): lost for good, to be tried again, …"""

    label: Annotated[tuple[str, ...], _MANY] = ()
    """Clips of this class (repeatable)."""

    split: Annotated[tuple[str, ...], _MANY] = ()
    """Clips of this split (repeatable); val, validate and validation mean the same."""

    limit: Annotated[int | None, Parameter(show_env_var=False)] = None
    """The first N of them; when not given 50 on the screen, and all with --csv and --json."""


def print_failures(directory: Path, asked: FailureOptions, *, as_csv: bool, as_json: bool) -> Exit:
    """Rows come one at a time, however many there are. Raises UserError, LedgerError."""
    if as_csv and as_json:
        raise UserError("--csv and --json are two forms of one thing; ask for one")
    if asked.limit is not None and asked.limit < 1:
        raise UserError(f"--limit must be at least 1, not {asked.limit}")
    with Ledger.read(directory) as ledger, ledger.snapshot():
        which = _which(asked, ledger)
        with closing(failed_rows(ledger, which)) as rows, _patience():
            if as_csv:
                _print_csv(islice(rows, asked.limit))
                return Exit.OK
            wanted = None if asked == FailureOptions() else rows
            counts = failure_counts(ledger, which)
            if as_json:
                _print_json(counts, None if wanted is None else islice(wanted, asked.limit))
            else:
                _print(counts, wanted, asked.limit or _SHOWN_CLIPS)
    return Exit.OK


@contextmanager
def _patience() -> Iterator[None]:
    """Half a million clips take seconds: where they go into a file, the terminal says what it waits for."""
    if sys.stdout.isatty():
        yield
        return
    with Patience(SystemClock(), Console(stderr=True)) as patience:
        patience.doing("reading the clips that are not there", 0)
        yield


def _which(asked: FailureOptions, ledger: LedgerReader) -> Which:
    """Raises UserError for a name that is nowhere in the dataset."""
    reasons = frozenset(reason_named(name) for name in asked.reason)
    splits, labels = names_in(ledger) if asked.label or asked.split else (set(), set())
    return Which(
        reasons or None,
        frozenset(asked.disposition) or None,
        frozenset(_known("label", name, labels) for name in asked.label) or None,
        frozenset(found for name in asked.split for found in _same_splits(name, splits)) or None,
    )


def _same_splits(name: str, splits: set[str]) -> list[str]:
    """Lists spell one split in several ways, and a dataset may have several lists."""
    same = [split for split in splits if canonical_split(split) == canonical_split(name)]
    return same or [_known("split", name, splits)]


def _known(option: str, name: str, names: Iterable[str]) -> str:
    names = sorted(names)
    if name in names:
        return name
    close = difflib.get_close_matches(name.replace("_", " ") if option == "label" else name, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {len(names):,}"
    raise UserError(f"--{option}: the dataset has no {option} {name!r}; {hint}")


def _print_csv(rows: Iterator[list[Cell]]) -> None:
    """In UTF-8 as the file has it, whatever the terminal speaks."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    print(FAILED_HEADER)
    csv.writer(sys.stdout, lineterminator="\n").writerows(rows)


def _print_json(counts: Sequence[FailureCount], rows: Iterator[list[Cell]] | None) -> None:
    reasons = [
        {"reason": row.reason, "disposition": row.disposition, "clips": row.clips, **_explained(row)} for row in counts
    ]
    print(f'{{"reasons": {json.dumps(reasons)}', end="")
    if rows is not None:
        print(', "clips": [', end="")
        for number, row in enumerate(rows):
            print((", " if number else "") + json.dumps(dict(zip(_COLUMNS, row, strict=True))), end="")
        print("]", end="")
    print("}")


def _explained(row: FailureCount) -> dict[str, str]:
    """A ledger of another version may have other reasons."""
    if row.reason not in set(Reason):
        return {"meaning": "", "advice": ""}
    reason = Reason(row.reason)
    return {"meaning": meaning(reason), "advice": advice(reason, row.disposition)}


def _print(counts: Sequence[FailureCount], rows: Iterator[list[Cell]] | None, limit: int) -> None:
    if not counts:
        say("no clip has failed" if rows is None else "no clip that has failed fits")
        return
    screen = Screen()
    screen.print(_summary(counts))
    if rows is None:
        say("--reason, --disposition, --label and --split show the clips; --csv prints all of them")
        return
    now_us = SystemClock().now_us()
    screen.print_lines(Text())
    for row in islice(rows, limit):
        screen.print_lines(*_clip_lines(row, now_us))
    clips = sum(row.clips for row in counts)
    shown = f", of which the first {limit:,} are shown (--limit N)" if clips > limit else ""
    say(f"{clips:,} clip{'s' if clips != 1 else ''}{shown}")


def _summary(counts: Sequence[FailureCount]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("reason", "means"):
        table.add_column(column, no_wrap=True)
    table.add_column("clips", justify="right", no_wrap=True)
    table.add_column("what it means, and what to do")
    for row in counts:
        said = _explained(row)
        text = Text.assemble(said["meaning"], " ", (said["advice"], "dim"))
        table.add_row(Text(printable(row.reason, 20)), row.disposition, f"{row.clips:,}", text)
    return table


def _clip_lines(row: list[Cell], now_us: int) -> tuple[Text, Text]:
    """What became of it, and what was said."""
    clip_id, _, label, split, reason, held, message, attempts, last_at, not_before = map(str, row)
    tries = f", {attempts} {'try' if attempts == '1' else 'tries'}, {_time(last_at, now_us)}" if last_at else ""
    head = Text.assemble((f"{clip_id:<25}", "bold"), f"  {printable(reason, 19):<19}  {held}{tries}")
    due = f"next {_time(not_before, now_us)}" if not_before and held != Disposition.LOST else ""
    about = (due, printable(split, 20), printable(label, 40), printable(message, 200))
    return head, Text("  " + "; ".join(filter(None, about)), style="dim")


def _time(iso: str, now_us: int) -> str:
    return wall_clock(of_iso_us(iso), now_us)
