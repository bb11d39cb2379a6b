"""The other side: a limiter that counts requests in a sliding window and blocks. Pure, with its own seeded chance."""

import random
from collections import deque

from clipset.simulate.world import Change, Draw, Limits, World


class Limiter:
    """One egress as the outside sees it. Times are seconds of virtual time and never go back."""

    def __init__(self, limits: Limits, world: World, number: int) -> None:
        self._limits, self._extends = limits, world.extend_block
        self._chance = random.Random(f"{world.seed}/{number}")  # noqa: S311 - a simulation
        self._changes = deque(world.changes)
        self._limit_draw, self._block_draw = limits.limit, limits.block_s
        self.limit = int(self._drawn(self._limit_draw))
        self._asked: deque[float] = deque()
        self._block_s = 0.0
        self.blocked_until_s = 0.0

    def admits(self, now_s: float) -> bool:
        """Count a request; False refuses it."""
        self.advance(now_s)
        if now_s < self.blocked_until_s:
            if self._extends:
                self.blocked_until_s = now_s + self._block_s
            return False
        if len(self._asked) < self.limit:
            self._asked.append(now_s)
            return True
        self._block_s = self._drawn(self._block_draw)
        self.blocked_until_s = now_s + self._block_s
        self.limit = int(self._drawn(self._limit_draw))
        return False

    def frees_s(self, now_s: float) -> float:
        """When, by what is known now, the next request would be admitted: what only an oracle may ask."""
        self.advance(now_s)
        over = len(self._asked) - self.limit
        free_s = now_s if over < 0 or over >= len(self._asked) else self._asked[over] + self._limits.window_s
        return min(free_s, self._changes[0].at_h * 3600) if over >= 0 and self._changes else free_s

    def advance(self, now_s: float) -> None:
        while self._changes and self._changes[0].at_h * 3600 <= now_s:
            self._apply(self._changes.popleft())
        while self._asked and self._asked[0] + self._limits.window_s <= now_s:  # the very sum of `frees_s`
            self._asked.popleft()

    def _apply(self, change: Change) -> None:
        if change.limit is not None:
            self._limit_draw = change.limit
            self.limit = int(self._drawn(change.limit))
        if change.block_s is not None:
            self._block_draw = change.block_s

    def _drawn(self, draw: Draw) -> float:
        return self._chance.uniform(*draw) if draw[0] < draw[1] else draw[0]
