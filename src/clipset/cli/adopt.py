"""`clipset adopt`: clips that other tools made, into a dataset."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clipset import __version__
from clipset.cli import given, lists, places
from clipset.cli.options import ClipOptions, ListOptions, SelectionOptions
from clipset.cli.outcome import Exit, complain
from clipset.cli.rebuild import checked_jobs, engines, interruptible
from clipset.clock import Clock, SystemClock
from clipset.config import UserError
from clipset.existing.adopt import Adoption, AdoptReport
from clipset.existing.watching import Verdict
from clipset.ledger import Ledger
from clipset.ledger.status import Status
from clipset.progress.files import counts_text, file_watcher
from clipset.run import StoppedBy
from clipset.sinks.folders import FolderSink
from clipset.space import TemporarySpace
from clipset.types import Recipe

_SWITCH = Parameter(negative=(), show_env_var=False, show_default=False)


@Parameter(name="*", group=Group.create_ordered("Adopting"))
@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptOptions:
    """Which tree, and how."""

    from_: Annotated[Path, Parameter(name="--from", show_env_var=False)]
    """A tree of clips: of torchvision, mmaction2, ActivityNet's crawler, the downloaders of 2019, archives unpacked."""

    copy: Annotated[bool, _SWITCH] = False
    """Copy the files instead of linking them."""

    jobs: int | None = None
    """Files verified at a time; derived from the machine when not given."""

    json: Annotated[bool, _SWITCH] = False
    """Print one JSON event a line on standard output, no live display."""


@dataclass(frozen=True, slots=True)
class AdoptOrder:
    """An adoption as the user asked for it; without `annotations`, for whatever the dataset's lists named."""

    dataset: Path
    annotations: tuple[Path, ...]
    how: AdoptOptions
    selection: SelectionOptions
    clips: ClipOptions
    lists: ListOptions

    @property
    def old(self) -> Path:
        return self.how.from_


def adopt(order: AdoptOrder) -> Exit:
    """Raises UserError, AnnotationError, LedgerError, ClipsetError."""
    _check(order)
    clock, jobs, space = SystemClock(), checked_jobs(order.how.jobs), TemporarySpace()
    ledger = Ledger.open(order.dataset)
    try:
        places.in_directory(ledger, order.dataset, "adopt", "fetch takes ready clips too, with --source folder:PATH")
        recipe, plan_ids = _planned(order, ledger)
    except BaseException:
        ledger.discard()
        raise
    with ledger:
        FolderSink(order.dataset).sweep()
        try:
            with interruptible(), _session(ledger, order, clock, space) as session:
                adoption = Adoption(
                    order.old.resolve(), order.dataset, ledger, session, plan_ids, order.how.copy, space
                )
                with file_watcher(clock, as_json=order.how.json) as watcher:
                    report = adoption.run(engines(recipe), jobs, watcher, clock)
        except KeyboardInterrupt:
            complain("interrupted; nothing was lost, run the same command again to go on")
            return Exit.RESUMABLE
        found = ledger.status(clock.now_us())
    if order.how.json:
        print(json.dumps(_summary(report, found)), flush=True)
    else:
        _print(order, report, found)
    return Exit.OK


def _check(order: AdoptOrder) -> None:
    if not order.old.is_dir():
        raise UserError(f"--from: there is no directory {order.old}")
    if order.old.resolve() == order.dataset.resolve():
        raise UserError(f"--from: {order.old} is the dataset itself; its own clips need clipset rebuild, if anything")
    if not order.annotations and order.selection != SelectionOptions():
        raise UserError("--split, --class and the like select from lists: name the lists too")


def _planned(order: AdoptOrder, ledger: Ledger) -> tuple[Recipe, list[int] | None]:
    """By which recipe clips are made anew, and the plans to adopt for; None for all."""
    if order.annotations:
        recipe = lists.recipe(order.clips)
        wanted, chosen = given.lists(order.annotations, order.lists), lists.selection(order.selection)
        plans = lists.load(ledger, wanted, chosen, recipe, accept_changed=order.lists.accept_changed_lists)
        lists.remember_recipe(ledger, recipe)
        return recipe, [plan.plan_id for plan in plans]
    known = ledger.get_meta("recipe_id")
    if known is None:
        raise UserError(f"{order.dataset} has no lists yet: name those of the clips to adopt")
    try:
        return Recipe.from_id(known), None
    except ValueError as error:
        raise UserError(str(error)) from None


@contextmanager
def _session(ledger: Ledger, order: AdoptOrder, clock: Clock, space: TemporarySpace) -> Iterator[int]:
    """However it ends, the ledger knows when, and the two tables are current."""
    tools = json.dumps({"clipset": __version__, "av": version("av")})
    options = json.dumps({"adopted": True, "lists": [path.name for path in order.annotations]})
    session = ledger.start_session(clock.now_us(), tools, options)
    stopped_by = StoppedBy.FAILURE
    try:
        yield session
        stopped_by = StoppedBy.FINISHED
    except KeyboardInterrupt:
        stopped_by = StoppedBy.INTERRUPT
        raise
    finally:
        ledger.stop_session(session, clock.now_us(), stopped_by.value, space.peak_bytes)
        ledger.write_tables()


def _summary(report: AdoptReport, found: Status) -> dict[str, object]:
    return {
        "event": "summary",
        "files": {verdict.value: report.verdicts[verdict] for verdict in Verdict if report.verdicts[verdict]},
        "layouts": dict(report.layouts),
        "clips": {"done": found.clips.done, "lost": found.clips.lost, "wanted": found.clips.wanted},
    }


def _print(order: AdoptOrder, report: AdoptReport, found: Status) -> None:
    clips = found.clips
    table = Table.grid(padding=(0, 2))
    table.add_row("files", Text(counts_text(report.verdicts)))
    table.add_row("layout", Text(", ".join(f"{count:,} {name}" for name, count in report.layouts.items()) or "none"))
    table.add_row("clips", Text(f"{clips.done:,} done, {clips.lost:,} lost, {clips.wanted:,} wanted"))
    table.add_row("where", Text(f"{order.dataset} with stats.csv and failed.csv; {order.old} is as it was"))
    Console(stderr=True, highlight=False).print(table)
