"""From options to the parts of a run: egresses, gates, sources, an engine."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from clipset import registry
from clipset.cli import times
from clipset.cli.options import ReachOptions, RunOptions
from clipset.clock import SystemClock
from clipset.config import UserError
from clipset.engines import Engine
from clipset.engines.local import LocalEngine, default_jobs, most_jobs
from clipset.ledger import EgressRow
from clipset.materialise import Bench
from clipset.media import MediaEngine
from clipset.run import Conduct
from clipset.sources.mirror.cvdf import Cvdf
from clipset.sources.setting import Prepared, Setting, SourceFactory
from clipset.sources.youtube.config import Egress
from clipset.sources.youtube.config import Gate as SourceGate
from clipset.space import TemporarySpace
from clipset.throttle.gate import Gate, choose
from clipset.throttle.policy import Mode, Policy
from clipset.throttle.state import EgressState
from clipset.types import US_PER_S, Recipe, Sink

OLD_AFTER_DAYS = 60
"""yt-dlp follows YouTube with a release or two a month."""

_MAX_HOURS = 10_000


@dataclass(frozen=True, slots=True)
class Stops:
    """`drain` ends the run after what is in flight, `abort` at once; `asked`: it is the user who wants it to end."""

    drain: threading.Event
    abort: threading.Event
    asked: threading.Event = field(default_factory=threading.Event)


def policy(reach: ReachOptions) -> Policy:
    """Raises UserError."""
    try:
        return Policy.parse(reach.rate, cookies=reach.cookies is not None)
    except ValueError as error:
        raise UserError(f"--rate: {error}") from None


def permits_per_h(reach: ReachOptions) -> float | None:
    """The pace of one egress; None when there is none, or nothing paced is asked. Raises UserError."""
    rate = policy(reach)
    return None if rate.mode is Mode.UNLIMITED or "youtube" not in reach.source else rate.limit_per_h


def age_warning(reach: ReachOptions, version: str, now_us: int) -> str | None:
    """What to say when yt-dlp is old and the real YouTube is to be asked. `version` is a date: 2026.8.19."""
    if "youtube" not in reach.source or reach.youtube_origin is not None:
        return None
    year, month, day = (int(part) for part in version.split(".")[:3])
    days = (now_us // US_PER_S - int(datetime(year, month, day, tzinfo=UTC).timestamp())) // 86_400
    if days <= OLD_AFTER_DAYS:
        return None
    return f"yt-dlp {version} is {days} days old; if videos fail that others can play: pip install --upgrade yt-dlp"


def egresses(reach: ReachOptions) -> tuple[Egress, ...]:
    """One egress a proxy and one a source address; the direct one where there is neither. Raises UserError."""
    for option, path in (("--cookies", reach.cookies), ("--ca-file", reach.ca_file)):
        if path is not None and not path.is_file():
            raise UserError(f"{option}: there is no file {path}")
    try:
        found = [Egress.of(proxy=proxy, cookies=reach.cookies, ca_file=reach.ca_file) for proxy in reach.proxy]
        found += [
            Egress.of(source_address=address, cookies=reach.cookies, ca_file=reach.ca_file)
            for address in reach.source_address
        ]
    except ValueError as error:
        raise UserError(str(error)) from None
    found = found or [Egress.of(cookies=reach.cookies, ca_file=reach.ca_file)]
    names = [egress.name for egress in found]
    if len(set(names)) < len(names):
        raise UserError("two of --proxy or --source-address are the same way out: " + ", ".join(sorted(names)))
    return tuple(found)


def gates(
    reach: ReachOptions, ways: tuple[Egress, ...], states: Mapping[str, EgressState], drain: threading.Event, node: str
) -> dict[str, Gate]:
    """One a way out, each going on where its state, by name, says it stopped."""
    rate, clock = policy(reach), SystemClock()
    return {way.name: Gate(way.name, states.get(way.name, EgressState()), rate, clock, drain, node) for way in ways}


def states(ways: tuple[Egress, ...], node: str, known: list[EgressRow]) -> dict[str, EgressState]:
    """As the egresses of a machine were last seen; in a merged ledger their rows may be called by the machine too."""
    return {way.name: _state(way.name, node, known) for way in ways}


def _state(name: str, node: str, known: list[EgressRow]) -> EgressState:
    found = [EgressState.from_json(row.state) for row in known if row.name in {name, f"{name}@{node}"}]
    return max(found, key=lambda state: state.seen_us, default=EgressState())


def sources(reach: ReachOptions, setting: Setting) -> list[Prepared]:
    """One a --source that is asked video by video, in their order. Raises UserError."""
    found = []
    for spec in reach.source:
        name, _, argument = spec.partition(":")
        if name == Cvdf.name:
            continue
        factory: SourceFactory = registry.load("sources", name, also=(Cvdf.name,))
        found.append(factory(argument, setting))
    return found


def conduct(reach: ReachOptions, running: RunOptions, prepared: list[Prepared], now_us: int) -> Conduct:
    """Raises UserError."""
    paced = [number for number, source in enumerate(prepared) if source.is_paced]
    return Conduct(
        stop_on_throttle=reach.on_throttle == "stop",
        at_hand_first=bool(paced) and paced[0] > 0,
        goes_on_cooling=bool(paced) and paced[-1] < len(prepared) - 1,
        max_clips=_max_clips(running),
        until_us=_until_us(running, now_us),
    )


def recheck_before_us(running: RunOptions, now_us: int) -> int | None:
    """Lost clips last asked for at this time or earlier are wanted again; None: none is. Raises UserError."""
    if running.recheck is None:
        if running.older_than is not None:
            raise UserError("--older-than says which clips to ask for again: add --recheck lost")
        return None
    return now_us - (times.age_us(running.older_than) if running.older_than is not None else 0)


def _max_clips(running: RunOptions) -> int | None:
    if running.max_clips is not None and running.max_clips < 1:
        raise UserError(f"--max-clips must be at least 1, not {running.max_clips}")
    return running.max_clips


def _until_us(running: RunOptions, now_us: int) -> int | None:
    """The earlier of --max-hours and --until, the latter the next time that a clock on this machine shows it."""
    ends_us = []
    if running.max_hours is not None:
        if not 0 < running.max_hours <= _MAX_HOURS:
            raise UserError(f"--max-hours must be above 0 and at most {_MAX_HOURS}, not {running.max_hours:g}")
        ends_us.append(now_us + round(running.max_hours * 3600 * US_PER_S))
    if running.until is not None:
        ends_us.append(times.next_us(running.until, now_us))
    return min(ends_us, default=None)


def jobs(running: RunOptions, share: int = 1) -> tuple[int, int]:
    """Videos in flight at first and at most, where the machine is shared by so many. Raises UserError."""
    check_jobs(running.jobs)
    least, most = (default_jobs(), most_jobs()) if running.jobs is None else (running.jobs, running.jobs)
    return max(1, least // share), max(1, most // share)


def check_jobs(jobs: int | None) -> None:
    """Raises UserError."""
    if jobs is not None and not 1 <= jobs <= 1000:
        raise UserError(f"--jobs must be between 1 and 1000, not {jobs}")


def engine(
    prepared: list[Prepared], recipe: Recipe, sink: Sink, abort: threading.Event, jobs: tuple[int, int], node: str
) -> Engine:
    """`jobs`: videos in flight at first, and at most."""
    at_hand = next((number for number, source in enumerate(prepared) if source.is_paced), len(prepared))

    def make_bench() -> Bench:
        return Bench(
            tuple(source.make() for source in prepared), MediaEngine(recipe, abort), sink, abort, at_hand, node
        )

    return LocalEngine(make_bench, *jobs)


def setting(
    reach: ReachOptions,
    ways: tuple[Egress, ...],
    at: Mapping[str, Gate],
    recipe: Recipe,
    abort: threading.Event,
    space: TemporarySpace,
) -> Setting:
    def soonest(egresses: tuple[Egress, ...], gates: Mapping[str, SourceGate]) -> Egress:
        del gates  # the same ones, of which a source knows less
        gate = choose(at[egress.name] for egress in egresses)
        gate.enter()
        return next(egress for egress in egresses if egress.name == gate.name)

    return Setting(recipe, abort, ways, at, soonest, reach.youtube_origin, reach.youtube_client, space)
