"""The loop: takes wanted videos from the ledger, hands them to an engine, records what became of them.

It is the only writer of state. It holds nothing that a crash could lose: an outcome is recorded before the next job
is taken, the pace of an egress as soon as it changes.
"""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from clipset.clock import Clock
from clipset.engines import Engine
from clipset.ledger import EgressRow, Ledger
from clipset.reasons import Disposition, Reason
from clipset.reasons.retry import delay_s
from clipset.throttle.gate import GateView
from clipset.types import US_PER_S, Attempt, Failure, Outcome, Stored, VideoJob

PATIENCE_S = 60.0
"""How long a run waits for the next clip whose retry comes due before it stops and leaves it to the next run."""

TICK_S = 0.2


class StoppedBy(StrEnum):
    """What ended a session; the values are what the ledger and `status --json` show."""

    FINISHED = "finished"  # nothing wanted remains
    NOT_DUE = "not_due"  # what remains may be asked again later
    THROTTLE = "throttle"
    LIMIT = "limit"  # the session may do no more: --max-clips, --max-hours, --until
    INTERRUPT = "interrupt"
    FAILURE = "failure"  # our side cannot go on


@dataclass(frozen=True, slots=True)
class RunResult:
    stopped_by: StoppedBy
    done: int = 0
    failed: int = 0
    failure: Failure | None = None  # what the machine failed at, with FAILURE
    next_due_us: int | None = None


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a session behaves. `max_clips` finished clips, or the time `until_us`, end it.

    `at_hand_first`: sources that ask nobody come first and go over everything once before the others; with
    `only_at_hand` too that is all, and what they do not have is not told.
    `goes_on_cooling`: sources are left that can be asked while every egress cools down.
    """

    stop_on_throttle: bool = False
    at_hand_first: bool = False
    only_at_hand: bool = False
    goes_on_cooling: bool = False
    max_clips: int | None = None
    until_us: int | None = None


class GateLike(Protocol):
    """The side of a gate that the loop sees."""

    def snapshot(self) -> GateView: ...


class Observer(Protocol):
    """Shows a run; every call comes from the loop's thread."""

    def recorded(self, verdict: Attempt, node: str = "") -> None:
        """What became of a clip, and on which machine, after the ledger has it."""
        ...

    def tick(self, in_flight: int, gates: Sequence[GateView], waiting_until_us: int | None) -> None:
        """A few times a second, and while waiting."""
        ...


class Run:
    """One session of the loop over plans, between two stops.

    `gates` are those of the paced sources, empty where there is none.
    """

    def __init__(
        self,
        ledger: Ledger,
        engine: Engine,
        gates: Sequence[GateLike],
        observer: Observer,
        clock: Clock,
        conduct: Conduct = Conduct(),
    ) -> None:
        self._ledger, self._engine, self._gates = ledger, engine, gates
        self._observer, self._clock, self._conduct = observer, clock, conduct
        self._at_hand = conduct.at_hand_first
        self._in_flight: dict[str, int] = {}  # videos, with their number of clips
        self._ready: list[VideoJob] = []  # taken from the ledger, not yet handed out
        self._exhausted = False  # while every egress cools down: the other sources have been asked for everything
        self._saved: dict[str, EgressRow] = {}
        self._due_us: int | None = None
        self._done = self._failed = 0
        self._stopped: tuple[StoppedBy, Failure | None] | None = None

    def run(
        self, plan_ids: Sequence[int], session_id: int, drain: threading.Event, abort: threading.Event
    ) -> RunResult:
        """Work until nothing is left that is due. `drain` ends it after what is in flight, `abort` at once."""
        while not abort.is_set():
            self._mind_the_limits()
            if self._stopped or drain.is_set():
                drain.set()  # wakes who waits at a gate
                if not self._in_flight:
                    break
            else:
                self._fill(plan_ids, session_id)
                if not self._in_flight and not self._stopped and not self._has_more(plan_ids, session_id, drain):
                    break
            self._collect(session_id)
        self._save_egresses()
        return self._result(plan_ids, drain)

    def _result(self, plan_ids: Sequence[int], drain: threading.Event) -> RunResult:
        stopped_by, failure = self._stopped or (StoppedBy.INTERRUPT, None)
        if stopped_by is not StoppedBy.FAILURE and self._ledger.wanted_left(plan_ids) == 0:
            stopped_by = StoppedBy.FINISHED
        elif not self._stopped and not drain.is_set():
            stopped_by = StoppedBy.NOT_DUE
        return RunResult(stopped_by, self._done, self._failed, failure, self._due_us)

    def _mind_the_limits(self) -> None:
        conduct = self._conduct
        is_over = conduct.until_us is not None and self._clock.now_us() >= conduct.until_us
        if is_over or (conduct.max_clips is not None and self._done >= conduct.max_clips):
            self._stop(StoppedBy.LIMIT)

    def _stop(self, stopped_by: StoppedBy, failure: Failure | None = None) -> None:
        self._stopped = self._stopped or (stopped_by, failure)

    def _fill(self, plan_ids: Sequence[int], session_id: int) -> None:
        """Hand out what is due; what only a cooling egress could give stays ready until it opens."""
        cooling = not self._at_hand and self._all_cooling()
        self._exhausted &= cooling
        is_held = cooling and not self._goes_on
        free = self._engine.capacity - len(self._in_flight)
        if not self._ready and free > 0:
            self._ready = self._ledger.next_jobs(
                plan_ids,
                self._clock.now_us(),
                1 if is_held else free,
                self._in_flight,
                session_id,
                at_hand=self._at_hand,
                returned_too=is_held or not cooling,
            )
            if not self._ready and not self._in_flight and cooling and not is_held:
                self._exhausted = True
                self._fill(plan_ids, session_id)
        if not is_held:
            self._hand_out()
        elif self._ready and self._conduct.stop_on_throttle:
            self._stop(StoppedBy.THROTTLE)

    @property
    def _goes_on(self) -> bool:
        """Whether a cooling egress leaves something to do."""
        conduct = self._conduct
        return conduct.goes_on_cooling and not conduct.stop_on_throttle and not self._exhausted

    def _hand_out(self) -> None:
        """No more videos than the engine takes, and no more clips than the session may bring."""
        while self._ready and len(self._in_flight) < self._engine.capacity and (room := self._room()) > 0:
            job = self._ready.pop(0)
            job = replace(job, wanted=job.wanted[:room])
            self._in_flight[job.video_id] = len(job.wanted)
            self._engine.submit(job)

    def _room(self) -> int:
        if self._conduct.max_clips is None:
            return 1 << 30
        return self._conduct.max_clips - self._done - sum(self._in_flight.values())

    def _has_more(self, plan_ids: Sequence[int], session_id: int, drain: threading.Event) -> bool:
        """Nothing is in flight: go over to what comes next, or wait a moment for it; False when nothing comes soon."""
        self._due_us = None
        if self._ready:
            opens_us = min((us for us in map(_opens_us, self._gates) if us is not None), default=0)
            return self._wait_for(opens_us, drain)
        if self._at_hand:
            self._at_hand = False
            return not self._conduct.only_at_hand
        self._due_us = self._ledger.next_due_us(plan_ids, session_id)
        if self._due_us is None or self._due_us > self._clock.now_us() + PATIENCE_S * US_PER_S:
            return False
        return self._wait_for(self._due_us, drain)

    def _wait_for(self, at_us: int, drain: threading.Event) -> bool:
        if self._conduct.until_us is not None and at_us >= self._conduct.until_us:
            self._stop(StoppedBy.LIMIT)
        else:
            self._clock.wait(TICK_S, drain)
        return True

    def _all_cooling(self) -> bool:
        return bool(self._gates) and all(gate.snapshot().state == "cooling" for gate in self._gates)

    def _collect(self, session_id: int) -> None:
        if outcomes := self._engine.poll(TICK_S if self._in_flight else 0.0):
            self._record(outcomes, session_id)
        self._save_egresses()
        self._observer.tick(len(self._in_flight), [gate.snapshot() for gate in self._gates], self._due_us)

    def _record(self, outcomes: Sequence[Outcome], session_id: int) -> None:
        self._ledger.record_all(outcomes, session_id, self._clock.now_us(), _jittered_delay_s)
        for outcome in outcomes:
            self._in_flight.pop(outcome.job.video_id, None)
            for verdict in outcome.verdicts:
                self._note(verdict)
                self._observer.recorded(verdict, outcome.node)

    def _note(self, verdict: Attempt) -> None:
        if isinstance(verdict.result, Stored):
            self._done += 1
        elif verdict.result.disposition is Disposition.STOP:
            self._stop(StoppedBy.FAILURE, verdict.result)
        elif verdict.result.disposition is not Disposition.PACE:
            self._failed += 1

    def _save_egresses(self) -> None:
        for gate in self._gates:
            view = gate.snapshot()
            row = EgressRow(view.name, view.not_before_us, view.permits_per_hour, view.state_json, view.node)
            if self._saved.get(view.name) != row:
                self._ledger.save_egress(row)
                self._saved[view.name] = row


def _opens_us(gate: GateLike) -> int | None:
    return gate.snapshot().not_before_us


def _jittered_delay_s(reason: Reason, tries: int) -> float | None:
    """Retries of many clips that failed together should not come together."""
    base_s = delay_s(reason, tries)
    return None if base_s is None else base_s * random.uniform(1.0, 1.2)  # noqa: S311 - spreading load, not a secret
