"""The sources one after the other where a mirror is among them: which of the others goes over the list when.

A mirror's tars hold clips of all videos, so it cannot be asked for one video in its turn. What comes before it in the
order of `--source` goes over the whole list first, then the mirror, then what comes after it.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from clipset.clock import Clock
from clipset.engines import Engine
from clipset.ledger import Ledger
from clipset.run import Conduct, Run, RunResult, StoppedBy
from clipset.sweep import Means, Sweep, SweepObserver
from clipset.throttle.gate import Gate

_OVER = frozenset({StoppedBy.LIMIT, StoppedBy.INTERRUPT, StoppedBy.FAILURE})


@dataclass(frozen=True, slots=True)
class Stops:
    """`drain` ends the run after what is in flight, `abort` at once; `asked`: it was the user who said so."""

    drain: threading.Event
    abort: threading.Event
    asked: threading.Event


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session works with. `before_mirror` are the sources before it; `mirror` is None without one.

    `engine` is for the sources that are asked video by video, None without any; `gates` are those of paced ones.
    """

    engine: Engine | None
    gates: tuple[Gate, ...]
    conduct: Conduct
    mirror: Means | None
    before_mirror: int = 0
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
            self._ask(plan_ids, replace(conduct, stop_on_throttle=True))
            refused = self._result.stopped_by is StoppedBy.THROTTLE
            self._sweep(plan_ids, is_last=not refused)
            if refused and not conduct.stop_on_throttle:
                self._ask(plan_ids, conduct)
            elif refused and self._result.stopped_by is StoppedBy.NOT_DUE:
                self._result = replace(self._result, stopped_by=StoppedBy.THROTTLE)
        else:
            if parts.before_mirror:
                self._ask(plan_ids, replace(conduct, at_hand_first=True, only_at_hand=True))
            self._sweep(plan_ids, is_last=not self._has_more)
            if self._has_more:
                self._ask(plan_ids, conduct)
        return self._result

    @property
    def _has_more(self) -> bool:
        """Whether there are sources after the mirror."""
        return self._parts.sources > self._parts.before_mirror
