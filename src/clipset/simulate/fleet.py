"""How long egresses of several kinds take for a number of videos. Pure.

Egresses share nothing but the list of videos, so each kind is simulated by itself, with its own service time, workers,
answer and changes, and what they finish is added up hour by hour.
"""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from clipset.simulate.result import Result
from clipset.simulate.run import simulate
from clipset.simulate.world import World

MOST_COPIES = 3
"""Worlds of a kind that are simulated; more are counted in proportion."""
MOST_REQUESTS = 1_000_000
"""Simulated in one pass: half a minute. What remains is extrapolated."""
MOST_YEARS = 100
HOURS_A_YEAR = 8766

_FIRST_H = 48
_MOST_SIMULATED_H = 10 * HOURS_A_YEAR
_SPARE = 1.03  # so that the second pass is mostly the last


@dataclass(frozen=True, slots=True)
class Kind:
    """`count` times the egresses of `world`. Its videos and its horizon say nothing here."""

    world: World
    count: int

    @property
    def egresses(self) -> int:
        return self.count * len(self.world.limits)


@dataclass(frozen=True, slots=True)
class Part:
    """What one kind contributes until the end: videos, refusals, cool-downs."""

    kind: Kind
    videos: int
    refused: int
    cool_downs: int
    share_of_oracle: float


@dataclass(frozen=True, slots=True)
class Finish:
    """`hours` until all videos are done; None above MOST_YEARS, the parts then stand at `simulated_h`.

    What lies after `simulated_h` is extrapolated from the second half of what was simulated.
    """

    hours: float | None
    simulated_h: float
    share_of_oracle: float
    parts: tuple[Part, ...]

    @property
    def counted_h(self) -> float:
        """What the parts count over."""
        return self.simulated_h if self.hours is None else self.hours

    @property
    def videos_per_h(self) -> float:
        return sum(part.videos for part in self.parts) / self.counted_h

    @property
    def refused(self) -> int:
        return sum(part.refused for part in self.parts)

    @property
    def cool_downs(self) -> int:
        return sum(part.cool_downs for part in self.parts)

    @property
    def is_extrapolated(self) -> bool:
        return self.hours is None or self.hours > self.simulated_h


def time_to_finish(kinds: Sequence[Kind], videos: int, policy: str, starting: Callable[[int], None]) -> Finish:
    """`starting` hears the horizon of each pass, in hours: two days, then as far as the work is thought to last."""
    horizon_h = _FIRST_H
    while True:
        starting(horizon_h)
        courses = [_Course.of(kind, videos, policy, horizon_h) for kind in kinds]
        further_h = _further_h(courses, videos, horizon_h)
        if further_h == horizon_h:
            return _finish(courses, videos, horizon_h)
        horizon_h = further_h


@dataclass(frozen=True, slots=True)
class _Course:
    """One kind over time: `scale` is how many egresses stand behind each that was simulated."""

    kind: Kind
    result: Result
    scale: float

    @classmethod
    def of(cls, kind: Kind, videos: int, policy: str, horizon_h: int) -> "_Course":
        copies = min(kind.count, MOST_COPIES)
        world = replace(kind.world, limits=kind.world.limits * copies, videos=videos, horizon_h=horizon_h)
        return cls(kind, simulate(world, policy), kind.count / copies)

    def recent_per_h(self) -> float:
        hours = len(self.result.ok_by_hour)
        return self.scale * sum(self.result.ok_by_hour[hours // 2 :]) / (hours - hours // 2)

    def part(self, hours: float, simulated_h: int) -> Part:
        later_h = max(0.0, hours - simulated_h)
        done = self.scale * _until(self.result.ok_by_hour, hours) + later_h * self.recent_per_h()
        refused = self.scale * _until(self.result.refused_by_hour, hours)
        longer = 1 + later_h / simulated_h
        cool_downs = self.scale * self.result.cool_downs * min(1.0, hours / simulated_h)
        return Part(
            self.kind, round(done), round(refused * longer), round(cool_downs * longer), self.result.share_of_oracle
        )


def _until(per_hour: Sequence[int], hours: float) -> float:
    whole = min(int(hours), len(per_hour))
    rest = per_hour[whole] * (hours - whole) if whole < len(per_hour) else 0.0
    return sum(per_hour[:whole]) + rest


def _further_h(courses: Sequence[_Course], videos: int, horizon_h: int) -> int:
    """The horizon of the next pass; the same again if there is no use in one."""
    left = videos - sum(course.scale * course.result.ok for course in courses)
    asked = sum(sum(course.result.asked_by_hour) for course in courses)
    per_h = sum(course.recent_per_h() for course in courses)
    if left <= 0:
        return horizon_h
    needed_h = horizon_h + left / per_h * _SPARE if per_h else 2.0 * horizon_h
    most_h = min(_MOST_SIMULATED_H, horizon_h * MOST_REQUESTS / max(1, asked))
    further_h = math.ceil(min(needed_h, most_h))
    return further_h if further_h > horizon_h * _SPARE else horizon_h


def _finish(courses: Sequence[_Course], videos: int, simulated_h: int) -> Finish:
    hours = _hours(courses, videos, simulated_h)
    possible = [course.scale * course.result.oracle_ok for course in courses]
    shares = [course.result.share_of_oracle for course in courses]
    return Finish(
        hours=hours,
        simulated_h=simulated_h if hours is None else min(simulated_h, hours),
        share_of_oracle=sum(map(operator.mul, possible, shares)) / max(1, sum(possible)),
        parts=tuple(course.part(hours or simulated_h, simulated_h) for course in courses),
    )


def _hours(courses: Sequence[_Course], videos: int, simulated_h: int) -> float | None:
    done = 0.0
    for hour in range(simulated_h):
        now = sum(course.scale * course.result.ok_by_hour[hour] for course in courses)
        if done + now >= videos:
            return hour + (videos - done) / now
        done += now
    per_h = sum(course.recent_per_h() for course in courses)
    hours = simulated_h + (videos - done) / per_h if per_h else math.inf
    return hours if hours <= MOST_YEARS * HOURS_A_YEAR else None
