"""Who asks: our governor, and the ways of others to compare it with. Times are seconds of virtual time."""

from typing import Protocol

from clipset.throttle import governor
from clipset.throttle.policy import Policy
from clipset.throttle.state import EgressState

_EPOCH_US = 1_000_000_000_000_000  # virtual time begins long after 0, which stands for never


class Asker(Protocol):
    """The pace of one egress. `gives_up` says whether a refused video is written off as dead."""

    gives_up: bool
    cool_downs: int

    def wait_s(self, now_s: float) -> float:
        """0 to ask now, otherwise how long not to; may be asked again earlier."""
        ...

    def asked(self, now_s: float) -> None: ...
    def refused(self, now_s: float, retry_after_s: float | None) -> None: ...
    def succeeded(self, now_s: float) -> None: ...


def asker(name: str, workers: int) -> Asker:
    """`documented`, `auto`, `unlimited`, `none`, `fixed:N`, `aimd`, `reference`. Raises ValueError."""
    match name:
        case "none":
            return Hammer()
        case "aimd":
            return Aimd()
        case "reference":
            return Reference(workers)
    fixed = name.removeprefix("fixed:")
    return Governed(Policy.parse(name if fixed == name else f"{fixed}/h"))


class Governed:
    """The functions that drive the real gate."""

    gives_up = False
    _POLL_S = 5.0  # while a probe is out

    def __init__(self, policy: Policy) -> None:
        self._policy, self.state = policy, EgressState()
        self.cool_downs = 0

    def wait_s(self, now_s: float) -> float:
        decision = governor.next_permit(self.state, self._policy, _us(now_s))
        if isinstance(decision, governor.Permit):
            return 0.0
        wait_s = max(1e-6, (decision.at_us - _EPOCH_US) / 1e6 - now_s)
        return min(wait_s, self._POLL_S) if decision.is_probing else wait_s

    def asked(self, now_s: float) -> None:
        self.state = governor.granted(self.state, self._policy, _us(now_s))

    def refused(self, now_s: float, retry_after_s: float | None) -> None:
        was_us = self.state.refused_us
        self.state = governor.refused(self.state, self._policy, _us(now_s), retry_after_s)
        self.cool_downs += self.state.refused_us != was_us

    def succeeded(self, now_s: float) -> None:
        self.state = governor.succeeded(self.state, self._policy, _us(now_s))


def _us(now_s: float) -> int:
    return _EPOCH_US + round(now_s * 1e6)


class Hammer:
    """No pace at all, and a refused video is a dead video: what most downloaders do."""

    gives_up = True
    cool_downs = 0

    def wait_s(self, now_s: float) -> float:  # noqa: ARG002 - the protocol
        return 0.0

    def asked(self, now_s: float) -> None: ...
    def refused(self, now_s: float, retry_after_s: float | None) -> None: ...
    def succeeded(self, now_s: float) -> None: ...


class Aimd:
    """Additive increase, multiplicative decrease, by the book: it forgets where it was refused."""

    gives_up = False
    cool_downs = 0
    _UP_PER_H = 30.0  # after an hour's worth of successes
    _LEAST_PER_H = 1.0

    def __init__(self) -> None:
        self._rate_per_h = 300.0
        self._next_s = 0.0

    def wait_s(self, now_s: float) -> float:
        return max(0.0, self._next_s - now_s)

    def asked(self, now_s: float) -> None:
        self._next_s = now_s + 3600 / self._rate_per_h

    def refused(self, now_s: float, retry_after_s: float | None) -> None:  # noqa: ARG002 - the protocol
        self._rate_per_h = max(self._LEAST_PER_H, self._rate_per_h / 2)
        self._next_s = now_s + 3600 / self._rate_per_h

    def succeeded(self, now_s: float) -> None:  # noqa: ARG002 - the protocol
        self._rate_per_h += self._UP_PER_H / self._rate_per_h


class Reference:
    """The downloader of 2019: as many workers as there are, each ends at its first refusal, restarted every morning."""

    gives_up = False
    cool_downs = 0
    _DAY_S = 86_400.0

    def __init__(self, workers: int) -> None:
        self._workers, self._left, self._day = workers, workers, 0.0

    def wait_s(self, now_s: float) -> float:
        if now_s // self._DAY_S != self._day:
            self._day, self._left = now_s // self._DAY_S, self._workers
        return 0.0 if self._left > 0 else max(1e-6, (self._day + 1) * self._DAY_S - now_s)

    def asked(self, now_s: float) -> None: ...

    def refused(self, now_s: float, retry_after_s: float | None) -> None:  # noqa: ARG002 - the protocol
        self._left -= 1

    def succeeded(self, now_s: float) -> None: ...
