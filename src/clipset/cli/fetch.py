"""`clipset fetch`: the main job, one session of it."""

import json
import platform
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import FrameType

from rich.console import Console

from clipset import __version__
from clipset.cli import given, lists, mirror, places, terms, workshop
from clipset.cli.options import ClipOptions, ListOptions, ReachOptions, RunOptions, SelectionOptions
from clipset.cli.outcome import Exit, complain, machine_failed, say
from clipset.cli.storing import StoreWatch, link_new_annotations
from clipset.cli.summary import Ending, print_events, print_summary
from clipset.cli.waterfall import Parts, Waterfall
from clipset.cli.works import Works, on_a_cluster
from clipset.clock import Clock, SystemClock
from clipset.engines import Engine
from clipset.engines.ray.messages import Site
from clipset.ledger import EgressRow, Ledger, PlanSummary, Totals
from clipset.progress import JsonEvents, LivePanel, PlainLines
from clipset.progress.tally import Tally
from clipset.run import GateLike, RunResult, StoppedBy
from clipset.sinks import Place
from clipset.space import TemporarySpace
from clipset.sweep import SweepObserver
from clipset.types import Sink

_STOPPED_AS = {
    StoppedBy.FINISHED: Exit.OK,
    StoppedBy.NOT_DUE: Exit.RESUMABLE,
    StoppedBy.THROTTLE: Exit.RESUMABLE,
    StoppedBy.LIMIT: Exit.RESUMABLE,
    StoppedBy.INTERRUPT: Exit.RESUMABLE,
}


@dataclass(frozen=True, slots=True)
class Order:
    """A fetch as the user asked for it."""

    annotations: tuple[Path, ...]
    out: Path
    selection: SelectionOptions = field(default_factory=SelectionOptions)
    clips: ClipOptions = field(default_factory=ClipOptions)
    reach: ReachOptions = field(default_factory=ReachOptions)
    running: RunOptions = field(default_factory=RunOptions)
    lists: ListOptions = field(default_factory=ListOptions)


def fetch(order: Order) -> Exit:
    """Raises UserError, AnnotationError, LedgerError, ClipsetError before anything is fetched."""
    clock, space = SystemClock(), TemporarySpace()
    recipe, chosen = lists.recipe(order.clips), lists.selection(order.selection)
    workshop.policy(order.reach)  # what makes no sense is said before anything is written
    workshop.egresses(order.reach)
    mirror.check(order.reach)
    before_us = workshop.recheck_before_us(order.running, clock.now_us())
    url = places.asked(order.running.clips_to)
    wanted = given.lists(order.annotations, order.lists, order.reach.ca_file)
    ledger = Ledger.open(order.out)
    stops = workshop.Stops(threading.Event(), threading.Event())
    try:
        place = places.chosen(ledger, order.out, url)
        place.prepare(stops.abort)
        sink = place.open(stops.abort, space)
        plans = lists.load(ledger, wanted, chosen, recipe, accept_changed=order.lists.accept_changed_lists)
        works = Works.of(order.reach, order.running, recipe, place)
        parts = _prepare(order, ledger, works, sink, stops, space)
    except BaseException:
        ledger.discard()
        raise
    if warning := workshop.age_warning(order.reach, version("yt-dlp"), clock.now_us()):
        say(warning)
    with ledger:
        lists.remember_recipe(ledger, recipe)
        places.remember(ledger, place)
        plan_ids = [plan.plan_id for plan in plans]
        if before_us is not None and (rechecked := ledger.want_again({"lost"}, before_us, plan_ids=plan_ids).total()):
            say(f"{rechecked:,} lost clips are asked for again")
            plans = [ledger.summary(plan_id) for plan_id in plan_ids]
        terms.say_once(ledger, order.reach.source)
        link_new_annotations(ledger, sink, plans, stops.abort)
        tally = _tally(ledger.totals(plan_ids), clock)
        with (
            _watching(order, tally, clock) as observer,
            _stopping(stops),
            _session(ledger, order, clock, space) as session,
        ):
            waterfall = Waterfall(ledger, parts, StoreWatch(observer, sink), clock, stops, session.id)
            session.result = waterfall.run(plan_ids)
        _show_summary(order, place, ledger, plans, session, tally, clock)
        if not stops.abort.is_set():
            parts.engine.close()
    return _exit_status(session.result)


@dataclass(slots=True)
class _Session:
    id: int
    result: RunResult = RunResult(StoppedBy.FAILURE)  # noqa: RUF009 - frozen


@contextmanager
def _session(ledger: Ledger, order: Order, clock: Clock, space: TemporarySpace) -> Iterator[_Session]:
    """However it ends, the ledger knows when, and the two tables are current."""
    session = _Session(ledger.start_session(clock.now_us(), _tools(), _options(order)))
    try:
        yield session
    finally:
        peak_bytes = space.peak_bytes if order.running.engine == "local" else None  # what nodes took is not told
        ledger.stop_session(session.id, clock.now_us(), session.result.stopped_by.value, peak_bytes)
        ledger.write_tables()


def _prepare(
    order: Order, ledger: Ledger, works: Works, sink: Sink, stops: workshop.Stops, space: TemporarySpace
) -> Parts:
    sources = workshop.sources(works.reach, workshop.setting(works.reach, (), {}, works.recipe, stops.abort, space))
    before = mirror.sources_before(order.reach)
    conduct = workshop.conduct(order.reach, order.running, sources, SystemClock().now_us())
    means = mirror.means(order.reach, order.running, works.recipe, order.out, sink, stops)
    engine, gates = _staffed(works, ledger.egresses(), sink, stops, space)
    return Parts(
        gates,
        engine,
        conduct,
        means,
        is_first=before == 0,
        is_last=before == len(sources),
        is_paced_before=any(source.is_paced for source in sources[:before]),
    )


def _staffed(
    works: Works, known: list[EgressRow], sink: Sink, stops: workshop.Stops, space: TemporarySpace
) -> tuple[Engine, Sequence[GateLike]]:
    """The engine that was asked for, and its gates."""
    if works.running.engine == "ray":
        return on_a_cluster(works, known, stops)
    ways, node = workshop.egresses(works.reach), platform.node()
    site = Site(ways, workshop.states(ways, node, known), node, stops.drain, stops.abort)
    built = works.build(site, (sink, space))
    return built.engine, tuple(built.gates.values())


def _exit_status(result: RunResult) -> Exit:
    if result.stopped_by is StoppedBy.FAILURE:
        assert result.failure is not None  # noqa: S101 - what FAILURE means
        return machine_failed(result.failure)
    return _STOPPED_AS[result.stopped_by]


def _tally(totals: Totals, clock: Clock) -> Tally:
    return Tally(clips=totals.clips, done=totals.done, lost=totals.lost, started_us=clock.now_us())


@contextmanager
def _watching(order: Order, tally: Tally, clock: Clock) -> Iterator[SweepObserver]:
    watching: AbstractContextManager[SweepObserver]
    if order.running.json:
        watching = JsonEvents(tally, clock, sys.stdout)
    elif sys.stderr.isatty():
        watching = LivePanel(tally, clock, Console(stderr=True))
    else:
        watching = PlainLines(tally, clock, sys.stderr)
    with watching as observer:
        yield observer


@contextmanager
def _stopping(stops: workshop.Stops) -> Iterator[None]:
    """Ctrl-C (or SIGTERM) lets what is in flight finish; a second one ends it at once. Both lose nothing."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        if stops.asked.is_set():
            stops.abort.set()
        else:
            complain("stopping after the videos in flight; press Ctrl-C again to stop at once")
        stops.asked.set()
        stops.drain.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show_summary(
    order: Order,
    place: Place,
    ledger: Ledger,
    plans: list[PlanSummary],
    session: "_Session",
    tally: Tally,
    clock: Clock,
) -> None:
    plan_ids, now_us = [plan.plan_id for plan in plans], clock.now_us()
    ending = Ending(
        totals=ledger.totals(plan_ids),
        bad_rows=sum(plan.bad_rows for plan in plans),
        came_back=ledger.came_back(session.id),
        result=session.result,
    )
    if order.running.json:
        print_events(ending, tally, now_us)
    else:
        print_summary(_where(place), ending, ledger.status(now_us).reasons, tally, now_us)


def _where(place: Place) -> str:
    tables = f"{place.directory} with stats.csv and failed.csv"
    return tables if place.url is None else f"{place.url}; {tables}"


def _tools() -> str:
    names = ("yt-dlp", "av", "deno")
    return json.dumps({"clipset": __version__} | {name: version(name) for name in names})


def _options(order: Order) -> str:
    """For the record; nothing that could hold a secret."""
    kept = {"lists": [path.name for path in order.annotations], "rate": order.reach.rate, "jobs": order.running.jobs}
    kept |= {"sources": [source.partition(":")[0] for source in order.reach.source]}
    kept |= {"shard": order.selection.shard, "node": platform.node()}  # no two sessions of a merged ledger are the same
    return json.dumps(kept)
