"""What the governor remembers of an egress, across restarts. Pure."""

import json
import math
from dataclasses import dataclass, fields, replace
from typing import Any

HOUR_US = 3_600_000_000
SLOT_US = HOUR_US // 12
SLOTS = 24 * 12


@dataclass(frozen=True, slots=True)
class EgressState:
    """Times are wall clock, microseconds since the epoch; 0 stands for never.

    `paced_us` is the theoretical arrival time of the next permit (generic cell rate algorithm): one number that holds
    the pace across restarts. `permits` counts the permits of the last 24 hours in slots of five minutes; the last
    one, number `slot` since the epoch, is still filling.
    """

    seen_us: int = 0  # the last event; a clock behind it was set back
    paced_us: int = 0
    permits: tuple[int, ...] = ()
    slot: int = 0
    # the breaker
    strikes: int = 0  # storms in a row, without a good while between them
    refused_us: int = 0  # when the last cool-down began
    not_before_us: int = 0  # when it ends; stays until a probe succeeded
    probe_us: int = 0  # when the one probe went out
    opened_us: int = 0  # when the egress last began to admit
    quiet_us: int = 0  # the cool-down that ended the last storm
    storm_us: int = 0  # when the storm began
    blocked_us: int = 0  # how long the last storm lasted
    # what was learnt
    rate_per_h: float = 0.0  # 0: as the policy begins
    ceiling_per_h: float = 0.0  # what the last trip says is tolerated, 0: none known
    tripped_per_h: float = 0.0  # the rate it happened at
    is_sure: bool = True  # whether the ceiling rests on more than a burst
    window_h: int = 1  # over which it was taken
    held_per_h: float = 0.0  # the rate that went well before the last raise
    raised_us: int = 0  # when the rate last went up
    last_detail: str = ""

    @property
    def is_closed(self) -> bool:
        """Cooling, or waiting for its probe to succeed."""
        return self.not_before_us > 0

    def to_json(self) -> str:
        return json.dumps({item.name: getattr(self, item.name) for item in fields(self)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "EgressState":
        """Fields that are missing take their defaults, unknown ones are ignored. Raises ValueError."""
        try:
            found = json.loads(text)
        except RecursionError:
            raise ValueError("the state of the egress is nested too deeply") from None
        if not isinstance(found, dict):
            raise ValueError("the state of an egress is a JSON object")  # noqa: TRY004 - what was read, not a type
        return cls(
            **{
                item.name: _checked(item.name, item.default, found[item.name])
                for item in fields(cls)
                if item.name in found
            }
        )


def _checked(name: str, default: Any, value: Any) -> Any:
    if isinstance(default, tuple):
        if isinstance(value, list) and len(value) <= SLOTS and all(_fits(0, count) for count in value):
            return tuple(value)
    elif _fits(default, value):
        return type(default)(value)
    raise ValueError(f"the state of the egress has a strange {name}: {value!r:.80}")


def _fits(default: object, value: object) -> bool:
    """Of the same type, an int also for a float; numbers neither negative nor endless."""
    if type(value) is not type(default) and not (type(default) is float and type(value) is int):
        return False
    return not isinstance(value, (int, float)) or 0 <= value <= _MOST


_MOST = 1 << 62  # microseconds: 146,000 years


def counted(state: EgressState, now_us: int) -> tuple[tuple[int, ...], int]:
    """`permits` and `slot` with one more permit."""
    slot = now_us // SLOT_US
    if state.permits and slot <= state.slot:
        return (*state.permits[:-1], state.permits[-1] + 1), state.slot
    gap = min(slot - state.slot, SLOTS) if state.permits else 1
    return (*state.permits, *(0,) * (gap - 1), 1)[-SLOTS:], slot


def permits_in(state: EgressState, now_us: int, hours: float) -> float:
    """Permits of the last `hours` (at most 24), the oldest slot counted by its share."""
    if not state.permits:
        return 0.0
    first = (now_us - round(hours * HOUR_US)) / SLOT_US - (state.slot + 1 - len(state.permits))
    if first >= len(state.permits):
        return 0.0
    if first <= 0:
        return float(sum(state.permits))
    whole = math.ceil(first)
    return sum(state.permits[whole:]) + state.permits[whole - 1] * (whole - first)


def shifted(state: EgressState, by_us: int) -> EgressState:
    """All times moved: the same state, seen by a clock that was set."""
    times = ("seen_us", "paced_us", "refused_us", "not_before_us", "probe_us", "opened_us", "storm_us", "raised_us")
    moved = {name: max(1, getattr(state, name) + by_us) for name in times if getattr(state, name)}
    return replace(state, slot=max(0, round(state.slot + by_us / SLOT_US)), **moved)
