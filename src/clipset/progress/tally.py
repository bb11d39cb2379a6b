"""What a session has done so far, counted from verdicts as they are recorded."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from clipset.progress.waits import Bound, Waits
from clipset.reasons import Disposition
from clipset.throttle.gate import GateView
from clipset.types import US_PER_S, Attempt, Stored

_WINDOW = 200
"""The rate is that of the last so many clips: enough to be steady, few enough to follow a change."""


@dataclass(slots=True)
class Tally:
    """`clips` is what the plan wants in all, `done` and `lost` what was there before this session plus since."""

    clips: int
    done: int = 0
    lost: int = 0
    fetched_bytes: int = 0
    stored_bytes: int = 0
    requests: int = 0
    started_us: int = 0
    _waits: Waits = field(default_factory=Waits)
    _recent_us: deque[int] = field(default_factory=lambda: deque(maxlen=_WINDOW))

    @property
    def left(self) -> int:
        return max(0, self.clips - self.done - self.lost)

    def add(self, verdict: Attempt, now_us: int) -> None:
        self.fetched_bytes += verdict.cost.fetched_bytes
        self.requests += verdict.cost.requests
        self._waits.spent(verdict.cost)
        if isinstance(verdict.result, Stored):
            self.done += 1
            self.stored_bytes += verdict.result.size_bytes
        elif verdict.result.disposition is Disposition.LOST:
            self.lost += 1
        else:
            return
        self._recent_us.append(now_us)

    def regain(self) -> None:
        """A clip that was given up is about to be added as done."""
        self.lost = max(0, self.lost - 1)

    def looked(self, gates: Sequence[GateView], now_us: int) -> None:
        """A few times a second: what the gates are doing."""
        self._waits.seen(gates, now_us)

    @property
    def bound_by(self) -> Bound | None:
        """What the session is bound by now; None before anything took time."""
        return self._waits.bound

    def clips_per_s(self, now_us: int) -> float:
        """Clips settled a second, over the last ones; 0.0 before the first."""
        if not self._recent_us:
            return 0.0
        full = len(self._recent_us) == _WINDOW
        since_us = self._recent_us[0] if full else self.started_us
        return len(self._recent_us) * US_PER_S / max(US_PER_S, now_us - since_us)

    def eta_s(self, now_us: int) -> float | None:
        """Seconds until nothing is left at this rate; None while it is unknown."""
        rate = self.clips_per_s(now_us)
        return self.left / rate if rate else None
