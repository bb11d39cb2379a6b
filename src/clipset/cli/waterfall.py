"""The sources one after the other where a mirror is among them: which of the others goes over the list when.

A mirror's tars hold clips of all videos, so it cannot be asked for one video in its turn. What comes before it in the
order of `--source` goes over the whole list first, then the mirror, then what comes after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clipset.cli.workshop import Stops
from clipset.clock import Clock
from clipset.engines import Engine
from clipset.ledger import Ledger
from clipset.run import Conduct, GateLike, Run, RunResult, StoppedBy
from clipset.sweep import Means, Sweep, SweepObserver

_OVER = frozenset({StoppedBy.LIMIT, StoppedBy.INTERRUPT, StoppedBy.FAILURE})


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session works with: an engine for the sources that are asked video by video, and perhaps a mirror.

    `gates` are those of the paced sources. `is_first` and `is_last` say whether any source stands before and after the
    mirror, `is_paced_before` whether a paced one stands before it.
    """

    gates: Sequence[GateLike]
    engine: Engine
    conduct: Conduct
    mirror: Means | None = None
    is_first: bool = True
    is_last: bool = True
    is_paced_before: bool = False


class Waterfall:
    """One session over all sources."""

    def __init__(
        self, ledger: Ledger, parts: Parts, observer: SweepObserver, clock: Clock, stops: Stops, session_id: int
    ) -> None:
        self._ledger, self._parts, self._observer, self._clock = ledger, parts, observer, clock
        self._stops, self._session_id = stops, session_id
        self._result = RunResult(StoppedBy.NOT_DUE)

    def run(self, plan_ids: Sequence[int]) -> RunResult:
        """As Run.run. What one source is down for, the others are asked all the same."""
        parts, conduct = self._parts, self._parts.conduct
        if parts.mirror is None:
            self._ask(plan_ids, conduct)
        elif parts.is_paced_before:
            self._ask_around_a_refusal(plan_ids, parts.mirror)
        else:
            if not parts.is_first:
                self._ask(plan_ids, replace(conduct, at_hand_first=True, only_at_hand=True))
            self._sweep(plan_ids, parts.mirror, is_last=parts.is_last)
            if not parts.is_last:
                self._ask(plan_ids, conduct)
        return self._result

    def _ask_around_a_refusal(self, plan_ids: Sequence[int], mirror: Means) -> None:
        """The mirror need not wait for a cool-down: what it has then is not asked of the paced source any more."""
        self._ask(plan_ids, replace(self._parts.conduct, stop_on_throttle=True))
        is_refused = self._result.stopped_by is StoppedBy.THROTTLE
        self._sweep(plan_ids, mirror, is_last=not is_refused)
        if is_refused and not self._parts.conduct.stop_on_throttle:
            self._ask(plan_ids, self._parts.conduct)
        elif is_refused and self._result.stopped_by is StoppedBy.NOT_DUE:
            self._result = replace(self._result, stopped_by=StoppedBy.THROTTLE)

    def _ask(self, plan_ids: Sequence[int], conduct: Conduct) -> None:
        """The sources that are asked video by video."""
        if self._goes_on():
            parts, stops = self._parts, self._stops
            self._ledger.begin_walk()
            run = Run(self._ledger, parts.engine, parts.gates, self._observer, self._clock, self._with_room(conduct))
            self._add(run.run(plan_ids, self._session_id, stops.drain, stops.abort))

    def _sweep(self, plan_ids: Sequence[int], mirror: Means, *, is_last: bool) -> None:
        if self._goes_on():
            conduct, stops = self._with_room(self._parts.conduct), self._stops
            sweep = Sweep(self._ledger, mirror, self._observer, self._clock, conduct, is_last=is_last)
            self._add(sweep.run(plan_ids, self._session_id, stops.drain, stops.abort))

    def _goes_on(self) -> bool:
        """Whether the next source is asked. A run that ended by itself told its workers to; the next begins anew."""
        if self._result.stopped_by in _OVER:
            return False
        if not self._stops.asked.is_set():
            self._stops.drain.clear()
        return True

    def _with_room(self, conduct: Conduct) -> Conduct:
        most = conduct.max_clips
        return conduct if most is None else replace(conduct, max_clips=max(0, most - self._result.done))

    def _add(self, result: RunResult) -> None:
        before = self._result
        self._result = replace(
            result,
            done=before.done + result.done,
            failed=before.failed + result.failed,
            next_due_us=result.next_due_us or before.next_due_us,
        )
