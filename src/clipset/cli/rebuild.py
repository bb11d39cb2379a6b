"""`clipset rebuild`: a damaged or lost ledger, made anew from what is on disk."""

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clipset.cli import places
from clipset.cli.outcome import Exit, complain
from clipset.cli.workshop import check_jobs
from clipset.clock import SystemClock
from clipset.config import UserError
from clipset.engines.local import default_jobs
from clipset.existing.pool import MakeTrimmer
from clipset.existing.rebuild import RebuildReport
from clipset.existing.rebuild import rebuild as rebuild_ledger
from clipset.existing.watching import Verdict
from clipset.ledger import Rebuilding
from clipset.ledger.status import Status
from clipset.media import MediaEngine
from clipset.progress.files import counts_text, file_watcher
from clipset.types import Recipe, Trimmer

_TRACES = (".clipset", "stats.csv", "failed.csv", "*/*_*_*.mp4", "*/*/*_*_*.mp4")
_FAILED = (Verdict.DAMAGED, Verdict.UNREADABLE)


def rebuild(directory: Path, *, force: bool, jobs: int | None, as_json: bool) -> Exit:
    """Raises UserError, LedgerError, ClipsetError."""
    if not any(next(directory.glob(trace), None) for trace in _TRACES):
        raise UserError(f"{directory} holds no dataset: no clips, no stats.csv, no .clipset")
    clock = SystemClock()
    try:
        with interruptible(), Rebuilding.begin(directory, force=force) as ledger:
            with file_watcher(clock, as_json=as_json) as watcher:
                report = rebuild_ledger(directory, ledger, engines, checked_jobs(jobs), watcher, clock)
            found, url = ledger.status(clock.now_us()), places.elsewhere(ledger)
    except KeyboardInterrupt:
        complain(f"interrupted; nothing was lost, run clipset rebuild {directory} again to go on")
        return Exit.RESUMABLE
    if as_json:
        print(json.dumps(_summary(report, found)), flush=True)
    else:
        _print(directory, report, found, url)
    return Exit.VERIFICATION if any(report.verdicts[verdict] for verdict in _FAILED) else Exit.OK


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM is a KeyboardInterrupt, as Ctrl-C is: what is in hand is left, what is done is kept."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def engines(recipe: Recipe) -> MakeTrimmer:
    """What makes a media child for each thread."""

    def make(stop: threading.Event) -> Trimmer:
        return MediaEngine(recipe, stop)

    return make


def checked_jobs(jobs: int | None) -> int:
    """Raises UserError."""
    check_jobs(jobs)
    return jobs or default_jobs()


def _summary(report: RebuildReport, found: Status) -> dict[str, object]:
    return {
        "event": "summary",
        "files": {verdict.value: report.verdicts[verdict] for verdict in Verdict if report.verdicts[verdict]},
        "clips": {"done": found.clips.done, "lost": found.clips.lost, "wanted": found.clips.wanted},
        "salvaged": report.salvaged,
        "recipe": report.recipe_id,
        "kept": None if report.kept is None else str(report.kept),
    }


def _print(directory: Path, report: RebuildReport, found: Status, url: str | None) -> None:
    clips = found.clips
    table = Table.grid(padding=(0, 2))
    table.add_row("files", Text(counts_text(report.verdicts)))
    table.add_row("clips", Text(f"{clips.done:,} done, {clips.lost:,} lost, {clips.wanted:,} to be made anew"))
    if rows := sum(report.salvaged.values()):
        table.add_row("salvaged", Text(f"{rows:,} rows of the old ledger"))
    table.add_row("recipe", Text(report.recipe_id or "not known: no clip tells"))
    if report.kept is not None:
        table.add_row("kept", Text(f"the old ledger as {report.kept}"))
    if url is not None:
        table.add_row(
            "where", Text(f"the clips lie in {url}: the next fetch looks for each there before it asks elsewhere")
        )
    console = Console(stderr=True, highlight=False)
    console.print(table)
    console.print(Text(f"Run clipset fetch with your lists and --out {directory} to go on.", style="bold"))
