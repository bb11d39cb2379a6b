"""`clipset merge`: datasets that shards made by themselves, into one."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clipset.cli.outcome import Exit, complain, say
from clipset.cli.rebuild import interruptible
from clipset.clock import Clock, SystemClock
from clipset.config import UserError
from clipset.existing.merge import Merge, SourceReport
from clipset.existing.merge import merge as run_merge
from clipset.existing.watching import Verdict, Watcher
from clipset.ledger import Ledger
from clipset.ledger.status import Status
from clipset.progress.files import counts_text, file_watcher
from clipset.progress.patience import Patience
from clipset.types import US_PER_S

_SHOWN = 20
_FAILED = (Verdict.MISSING, Verdict.DAMAGED, Verdict.UNREADABLE)


def merge(order: Merge, *, as_json: bool) -> Exit:
    """Raises UserError, LedgerError, ClipsetError."""
    if not order.sources:
        raise UserError("name at least one dataset to merge")
    clock, reports = SystemClock(), list[SourceReport]()
    try:
        with interruptible():
            for report in run_merge(order, _Showing(order, clock, as_json=as_json)):
                reports.append(report)
                _tell_conflicts(report, as_json=as_json)
    except KeyboardInterrupt:
        complain("interrupted; nothing was lost, run the same command again to go on")
        return Exit.RESUMABLE
    found = None if order.is_trial else _status(order.directory, clock)
    if as_json:
        print(json.dumps(_summary(order, reports, found)), flush=True)
    else:
        _print(order, reports, found)
    return Exit.VERIFICATION if any(report.verdicts[each] for report in reports for each in _FAILED) else Exit.OK


def _status(directory: Path, clock: Clock) -> Status:
    with Ledger.read(directory) as reader:
        return reader.status(clock.now_us())


class _Showing:
    """Implements `existing.merge.Shows`: what is read with how much longer, then a bar for the files of a source."""

    def __init__(self, order: Merge, clock: Clock, *, as_json: bool) -> None:
        self._order, self._clock, self._as_json = order, clock, as_json
        self._spent_us = 0

    @contextmanager
    def reading(self, number: int) -> Iterator[None]:
        began_us, sources = self._clock.now_us(), len(self._order.sources)
        left_s = self._spent_us / US_PER_S / number * (sources - number) if number else 0.0
        with Patience(self._clock, Console(stderr=True)) as patience:
            patience.doing(f"reading the ledger of {self._name(number)}", left_s)
            yield
        self._spent_us += self._clock.now_us() - began_us

    def bringing(self, number: int) -> AbstractContextManager[Watcher]:
        doing = "Checking" if self._order.is_trial else "Merging"
        return file_watcher(self._clock, as_json=self._as_json, doing=f"{doing} {self._name(number)}:")

    def _name(self, number: int) -> str:
        return f"{self._order.sources[number]} ({number + 1} of {len(self._order.sources)})"


def _conflicts(report: SourceReport) -> Iterator[tuple[str, str, str]]:
    """(kind, what, what it means)."""
    taken = report.taken
    for clip in taken.different:
        yield "clip", clip.id, "was made there of other bytes; the one that was here first stays"
    for dataset, name in taken.drifted:
        yield "list", f"{dataset}, {name}", "has another content there; both are kept"
    for folder in taken.folders:
        yield folder.kind, folder.name, f"lies in {folder.folder} there, and in another folder here"


def _tell_conflicts(report: SourceReport, *, as_json: bool) -> None:
    conflicts = list(_conflicts(report))
    if as_json:
        for kind, what, text in conflicts:
            event = {"event": "conflict", "source": str(report.source), "kind": kind, "what": what, "message": text}
            print(json.dumps(event), flush=True)
        return
    for kind, what, text in conflicts[:_SHOWN]:
        say(f"{report.source}: {kind} {what} {text}")
    if len(conflicts) > _SHOWN:
        say(f"… and {len(conflicts) - _SHOWN:,} more of {report.source} (--json lists all)")


def _summary(order: Merge, reports: Sequence[SourceReport], found: Status | None) -> dict[str, Any]:
    return {
        "event": "summary",
        "out": str(order.directory),
        "dry_run": order.is_trial,
        "sources": [_source(report) for report in reports],
        "conflicts": dict(Counter(kind for report in reports for kind, *_ in _conflicts(report))),
        "clips": None if found is None else _clips(found),
    }


def _clips(found: Status) -> dict[str, int]:
    return {"done": found.clips.done, "lost": found.clips.lost, "wanted": found.clips.wanted}


def _source(report: SourceReport) -> dict[str, Any]:
    taken = report.taken
    return {
        "source": str(report.source),
        "clips": taken.clips,
        "done": taken.done,
        "lost": taken.lost,
        "new": taken.claims,
        "new_bytes": taken.claimed_bytes,
        "won_over_lost": taken.won_over_lost,
        "files": {verdict.value: report.verdicts[verdict] for verdict in Verdict if report.verdicts[verdict]},
        "conflicts": sum(1 for _ in _conflicts(report)),
    }


_COLUMNS: tuple[tuple[str, Callable[[SourceReport], str]], ...] = (
    ("clips", lambda report: f"{report.taken.clips:,}"),
    ("done", lambda report: f"{report.taken.done:,}"),
    ("lost", lambda report: f"{report.taken.lost:,}"),
    ("new files", lambda report: counts_text(report.verdicts)),
    ("done over lost", lambda report: f"{report.taken.won_over_lost:,}"),
    ("conflicts", lambda report: f"{sum(1 for _ in _conflicts(report)):,}"),
)


def _print(order: Merge, reports: Sequence[SourceReport], found: Status | None) -> None:
    table = Table("dataset", box=None, padding=(0, 1))
    for title, _ in _COLUMNS:
        table.add_column(title, justify="right")
    for report in reports:
        table.add_row(Text(str(report.source)), *(cell(report) for _, cell in _COLUMNS))
    console = Console(stderr=True, highlight=False)
    console.print(table)
    if found is None:
        console.print(Text(f"Nothing was written; without --dry-run {order.directory} gets these."))
    else:
        clips = found.clips
        console.print(Text(f"{order.directory}: {clips.done:,} done, {clips.lost:,} lost, {clips.wanted:,} wanted"))
