"""What came of a simulation. Pure."""

from dataclasses import dataclass, field
from typing import Any

WARM_UP_H = 24
"""`share_of_oracle` counts from here: the first day is for learning."""


@dataclass(slots=True)
class Tally:
    """Counts per hour of virtual time, filled while a simulation runs."""

    hours: int
    ok: list[int] = field(init=False)
    asked: list[int] = field(init=False)
    refused: list[int] = field(init=False)
    refused_while_blocked: int = 0
    cool_downs: int = 0

    def __post_init__(self) -> None:
        self.ok, self.asked, self.refused = ([0] * self.hours for _ in range(3))

    def count(self, per_hour: list[int], now_s: float) -> None:
        per_hour[min(int(now_s // 3600), self.hours - 1)] += 1


@dataclass(frozen=True, slots=True)
class Result:
    """`ok` counts finished videos, `oracle_ok` those of a policy that knows the world and is never refused.

    `share_of_oracle` compares both from hour 24 until the oracle has nothing left to do. `hours` is when the last
    video was done, or the horizon. The tuples count per hour, for pictures.
    """

    ok: int
    refused: int
    refused_while_blocked: int
    cool_downs: int
    oracle_ok: int
    share_of_oracle: float
    hours: float
    ok_by_hour: tuple[int, ...] = ()
    asked_by_hour: tuple[int, ...] = ()
    refused_by_hour: tuple[int, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The keys of `clipset simulate --json`."""
        return {
            "ok": self.ok,
            "refused": self.refused,
            "refused_while_blocked": self.refused_while_blocked,
            "cool_downs": self.cool_downs,
            "oracle_ok": self.oracle_ok,
            "share_of_oracle": round(self.share_of_oracle, 4),
            "hours": round(self.hours, 2),
        }
