"""The loop: takes wanted videos from the ledger, hands them to an engine, records what became of them.

It is the only writer of state. It holds nothing that a crash could lose: an outcome is recorded before the next job
is taken, the pace of an egress as soon as it changes.
"""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from clipset.clock import Clock
from clipset.engines import Engine
from clipset.ledger import EgressRow, Ledger
from clipset.reasons import Disposition, Reason
from clipset.reasons.retry import delay_s
from clipset.throttle.gate import GateView
from clipset.types import US_PER_S, Attempt, Failure, Outcome, Stored

PATIENCE_S = 60.0
"""How long a run waits for the next clip whose retry comes due before it stops and leaves it to the next run."""

TICK_S = 0.2


class StoppedBy(StrEnum):
    """What ended a session; the values are what the ledger and `status --json` show."""

    FINISHED = "finished"  # nothing wanted remains
    NOT_DUE = "not_due"  # what remains may be asked again later
    THROTTLE = "throttle"
    INTERRUPT = "interrupt"
    FAILURE = "failure"  # our side cannot go on


@dataclass(frozen=True, slots=True)
class RunResult:
    stopped_by: StoppedBy
    done: int = 0
    failed: int = 0
    failure: Failure | None = None  # what the machine failed at, with FAILURE
    next_due_us: int | None = None


class GateLike(Protocol):
    """The side of a gate that the loop sees."""

    def snapshot(self) -> GateView: ...


class Observer(Protocol):
    """Shows a run; every call comes from the loop's thread."""

    def recorded(self, verdict: Attempt) -> None:
        """What became of a clip, after the ledger has it."""
        ...

    def tick(self, in_flight: int, gates: Sequence[GateView], waiting_until_us: int | None) -> None:
        """A few times a second, and while waiting."""
        ...


class Run:
    """One session of the loop, between two stops."""

    def __init__(
        self,
        ledger: Ledger,
        engine: Engine,
        gates: Sequence[GateLike],
        observer: Observer,
        clock: Clock,
        stop_on_throttle: bool = False,
    ) -> None:
        self._ledger = ledger
        self._engine = engine
        self._gates = gates
        self._observer = observer
        self._clock = clock
        self._stop_on_throttle = stop_on_throttle
        self._in_flight: set[str] = set()
        self._saved: dict[str, EgressRow] = {}
        self._done = self._failed = 0
        self._stopped: tuple[StoppedBy, Failure | None] | None = None

    def run(
        self, plan_ids: Sequence[int], session_id: int, drain: threading.Event, abort: threading.Event
    ) -> RunResult:
        """Work until nothing is left that is due. `drain` ends it after what is in flight, `abort` at once."""
        due_us: int | None = None
        while not abort.is_set():
            if self._stopped or drain.is_set():
                drain.set()  # wakes who waits at a gate
                if not self._in_flight:
                    break
            else:
                self._fill(plan_ids, session_id)
                if not self._in_flight:
                    due_us = self._ledger.next_due_us(plan_ids, session_id)
                    if due_us is None or due_us > self._clock.now_us() + PATIENCE_S * US_PER_S:
                        break
                    self._clock.wait(TICK_S, drain)
            self._collect(session_id, due_us)
            due_us = None
        self._save_egresses()
        return self._result(plan_ids, drain, due_us)

    def _result(self, plan_ids: Sequence[int], drain: threading.Event, due_us: int | None) -> RunResult:
        if self._stopped:
            stopped_by, failure = self._stopped
        elif drain.is_set():
            stopped_by, failure = StoppedBy.INTERRUPT, None
        else:
            finished = self._ledger.wanted_left(plan_ids) == 0
            stopped_by, failure = (StoppedBy.FINISHED if finished else StoppedBy.NOT_DUE), None
        return RunResult(stopped_by, self._done, self._failed, failure, due_us)

    def _fill(self, plan_ids: Sequence[int], session_id: int) -> None:
        free = self._engine.capacity - len(self._in_flight)
        if free <= 0:
            return
        jobs = self._ledger.next_jobs(plan_ids, self._clock.now_us(), free, self._in_flight, session_id)
        for job in jobs:
            self._in_flight.add(job.video_id)
            self._engine.submit(job)

    def _collect(self, session_id: int, due_us: int | None) -> None:
        for outcome in self._engine.poll(TICK_S if self._in_flight else 0.0):
            self._record(outcome, session_id)
        self._save_egresses()
        self._observer.tick(len(self._in_flight), [gate.snapshot() for gate in self._gates], due_us)

    def _record(self, outcome: Outcome, session_id: int) -> None:
        self._in_flight.discard(outcome.job.video_id)
        self._ledger.record(outcome, session_id, self._clock.now_us(), _jittered_delay_s)
        for verdict in outcome.verdicts:
            self._note(verdict)
            self._observer.recorded(verdict)

    def _note(self, verdict: Attempt) -> None:
        if isinstance(verdict.result, Stored):
            self._done += 1
            return
        match verdict.result.disposition:
            case Disposition.STOP:
                self._stopped = self._stopped or (StoppedBy.FAILURE, verdict.result)
            case Disposition.PACE:
                if self._stop_on_throttle and all(gate.snapshot().state == "cooling" for gate in self._gates):
                    self._stopped = self._stopped or (StoppedBy.THROTTLE, verdict.result)
            case _:
                self._failed += 1

    def _save_egresses(self) -> None:
        for gate in self._gates:
            view = gate.snapshot()
            row = EgressRow(view.name, view.not_before_us, view.permits_per_hour, view.state_json)
            if self._saved.get(view.name) != row:
                self._ledger.save_egress(row)
                self._saved[view.name] = row


def _jittered_delay_s(reason: Reason, tries: int) -> float | None:
    """Retries of many clips that failed together should not come together."""
    base_s = delay_s(reason, tries)
    return None if base_s is None else base_s * random.uniform(1.0, 1.2)  # noqa: S311 - spreading load, not a secret
