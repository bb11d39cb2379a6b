"""The thread-safe shell around the governor: it reads the clock, waits, and keeps the state of one egress."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from clipset.clock import Clock
from clipset.reasons import Reason
from clipset.throttle import governor
from clipset.throttle.learning import rate_per_h
from clipset.throttle.policy import Mode, Policy
from clipset.throttle.state import EgressState
from clipset.types import US_PER_S, ClipsetError, Failure, Interrupted, Stage

_LONGEST_WAIT_S = 30.0
"""A long wait is cut in pieces, so that a clock that was set, or a machine that slept, is noticed."""

_PROBE_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class GateView:
    """A gate at one moment. `state_json` is what a later run restores it from; `last_detail` is the last refusal."""

    name: str
    state: Literal["open", "cooling"]
    not_before_us: int | None  # when cooling: the next try, wall clock
    permits_per_hour: float | None  # None: unlimited
    last_detail: str
    state_json: str


class Gate:
    """The governor of one egress. Every method may be called from any thread.

    `changed` goes up with every change of the state, so that the run knows when to store it.
    """

    def __init__(
        self,
        name: str,
        state: EgressState,
        policy: Policy,
        clock: Clock,
        stop: threading.Event,
        on_throttle: Literal["wait", "stop"] = "wait",
    ) -> None:
        self.name = name
        self._policy, self._clock, self._stop, self._on_throttle = policy, clock, stop, on_throttle
        self._state = governor.rebased(state, clock.now_us())
        self._lock = threading.Lock()
        self._turnstile = threading.Lock()
        self._waiting = 0
        self.changed = 0

    def enter(self) -> None:
        """Wait for a permit and take it.

        One thread waits for the time, the others for that thread: when the gate opens they come out one by one.
        Raises Interrupted when the run stops, and ClipsetError(throttled) when cooling with on_throttle «stop».
        """
        with self._lock:
            self._waiting += 1
        try:
            with self._turnstile:
                while (wait_s := self._take_or_wait_s()) > 0:
                    self._clock.wait(wait_s, self._stop)
        finally:
            with self._lock:
                self._waiting -= 1

    def _take_or_wait_s(self) -> float:
        """0 when the permit was taken."""
        if self._stop.is_set():
            raise Interrupted
        with self._lock:
            now_us = self._clock.now_us()
            self._set(governor.rebased(self._state, now_us))
            decision = governor.next_permit(self._state, self._policy, now_us)
            if isinstance(decision, governor.Permit):
                self._set(governor.granted(self._state, self._policy, now_us))
                return 0.0
            if self._on_throttle == "stop":
                self._check(now_us)
        longest_s = _PROBE_POLL_S if decision.is_probing else _LONGEST_WAIT_S
        return min(longest_s, max(1, decision.at_us - now_us) / US_PER_S)

    def check(self) -> None:
        """Raise ClipsetError(throttled) if the egress is cooling."""
        with self._lock:
            self._check(self._clock.now_us())

    def refused(self, retry_after_s: float | None, detail: str) -> None:
        """The egress was refused. `detail` is the raw text, without secrets."""
        with self._lock:
            self._set(governor.refused(self._state, self._policy, self._clock.now_us(), retry_after_s, detail))

    def succeeded(self) -> None:
        """The egress was answered about a video, whatever the answer."""
        with self._lock:
            self._set(governor.succeeded(self._state, self._policy, self._clock.now_us()))

    def snapshot(self) -> GateView:
        with self._lock:
            now_us, state = self._clock.now_us(), governor.rebased(self._state, self._clock.now_us())
            is_cooling = governor.is_cooling(state, now_us)
        return GateView(
            name=self.name,
            state="cooling" if is_cooling else "open",
            not_before_us=state.not_before_us if is_cooling else None,
            permits_per_hour=None if self._policy.mode is Mode.UNLIMITED else rate_per_h(state, self._policy),
            last_detail=state.last_detail,
            state_json=state.to_json(),
        )

    def admits_us(self) -> int:
        """When one more thread would get its permit, as far as is known now: wall clock, microseconds."""
        with self._lock:
            now_us = self._clock.now_us()
            decision = governor.next_permit(self._state, self._policy, now_us)
            first_us = now_us if isinstance(decision, governor.Permit) else decision.at_us
            return first_us + self._waiting * governor.spacing_us(self._state, self._policy)

    def _check(self, now_us: int) -> None:
        if governor.is_cooling(self._state, now_us):
            not_before_us = governor.rebased(self._state, now_us).not_before_us
            detail = self._state.last_detail or f"egress {self.name} is cooling down"
            after_s = (not_before_us - now_us) / US_PER_S
            raise ClipsetError(Failure(Reason.THROTTLED, detail, Stage.RESOLVE, retry_after_s=after_s))

    def _set(self, state: EgressState) -> None:
        if state is not self._state:
            self._state = state
            self.changed += 1


def choose(gates: Iterable[Gate]) -> Gate:
    """The gate that admits soonest; the first of equals. Raises ValueError without gates."""
    return min(gates, key=Gate.admits_us)
