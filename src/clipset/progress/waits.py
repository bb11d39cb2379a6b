"""What the workers of a run spend their time on of late, and so what the run is bound by."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from clipset.throttle.gate import GateView
from clipset.types import US_PER_S, Cost

_HALF_LIFE_S = 60.0


class Bound(StrEnum):
    """What more of would make the run faster."""

    LINE = "line"  # requests and their bytes
    CORES = "cores"  # decoding, encoding, verifying
    EGRESS = "egress"  # permission to ask


@dataclass(slots=True)
class Waits:
    """Worker seconds of each kind; what is a minute old counts half."""

    line_s: float = 0.0
    cores_s: float = 0.0
    egress_s: float = 0.0
    seen_us: int = 0

    def spent(self, cost: Cost) -> None:
        self.line_s += cost.download_s
        self.cores_s += cost.trim_s

    def seen(self, gates: Sequence[GateView], now_us: int) -> None:
        """Called every moment: counts the workers at the gates, and when all are closed the run itself."""
        passed_s = max(0, now_us - self.seen_us) / US_PER_S if self.seen_us else 0.0
        self.seen_us = now_us
        left = 0.5 ** (passed_s / _HALF_LIFE_S)
        self.line_s, self.cores_s = self.line_s * left, self.cores_s * left
        all_closed = bool(gates) and all(gate.state == "cooling" for gate in gates)
        waiting = max(sum(gate.waiting for gate in gates), int(all_closed))
        self.egress_s = self.egress_s * left + waiting * passed_s

    @property
    def bound(self) -> Bound | None:
        """None before anything took time."""
        seconds = {Bound.LINE: self.line_s, Bound.CORES: self.cores_s, Bound.EGRESS: self.egress_s}
        longest = max(seconds, key=lambda bound: seconds[bound])
        return longest if seconds[longest] > 0 else None
