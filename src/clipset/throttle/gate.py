"""The thread-safe shell around the governor: it reads the clock, waits, and keeps the state of one egress."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from clipset.clock import Clock
from clipset.throttle import governor
from clipset.throttle.learning import rate_per_h
from clipset.throttle.policy import Mode, Policy
from clipset.throttle.state import EgressState
from clipset.types import US_PER_S, Cooling, Interrupted

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
    waiting: int = 0  # threads that wait for their permit
    node: str = ""  # the machine


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
        node: str = "",
    ) -> None:
        self.name, self._node = name, node
        self._policy, self._clock, self._stop = policy, clock, stop
        self._state = governor.rebased(state, clock.now_us())
        self._lock = threading.Lock()
        self._turnstile = threading.Lock()
        self._waiting = 0
        self.changed = 0

    def enter(self) -> None:
        """Wait for a permit and take it.

        One thread waits for the time, the others for that thread: when the gate opens they come out one by one.
        Raises Interrupted when the run stops, and Cooling when the egress is cooling down: waiting for that is the
        run's business, which may have better things to do.
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
            now_us = self._now_us()
            decision = governor.next_permit(self._state, self._policy, now_us)
            if isinstance(decision, governor.Permit):
                self._set(governor.granted(self._state, self._policy, now_us))
                return 0.0
            if governor.is_cooling(self._state, now_us):
                raise Cooling
        longest_s = _PROBE_POLL_S if decision.is_probing else _LONGEST_WAIT_S
        return min(longest_s, max(1, decision.at_us - now_us) / US_PER_S)

    def check(self) -> None:
        """Raise Cooling if the egress is cooling down."""
        if self.is_cooling:
            raise Cooling

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
            is_cooling = governor.is_cooling(self._state, self._now_us())
            state, waiting = self._state, self._waiting
        return GateView(
            name=self.name,
            state="cooling" if is_cooling else "open",
            not_before_us=state.not_before_us if is_cooling else None,
            permits_per_hour=None if self._policy.mode is Mode.UNLIMITED else rate_per_h(state, self._policy),
            last_detail=state.last_detail,
            state_json=state.to_json(),
            waiting=waiting,
            node=self._node,
        )

    @property
    def is_cooling(self) -> bool:
        with self._lock:
            return governor.is_cooling(self._state, self._now_us())

    def admits_us(self) -> int:
        """When one more thread would get its permit, as far as is known now: wall clock, microseconds."""
        with self._lock:
            now_us = self._now_us()
            decision = governor.next_permit(self._state, self._policy, now_us)
            first_us = now_us if isinstance(decision, governor.Permit) else decision.at_us
            return first_us + self._waiting * governor.spacing_us(self._state, self._policy)

    def _now_us(self) -> int:
        """A clock that was set back is noticed here, whoever looks: what was left of a wait is still left, no more."""
        now_us = self._clock.now_us()
        self._set(governor.rebased(self._state, now_us))
        return now_us

    def _set(self, state: EgressState) -> None:
        if state is not self._state:
            self._state = state
            self.changed += 1


def choose(gates: Iterable[Gate]) -> Gate:
    """The gate that admits soonest, if possible an open one; the first of equals. Raises ValueError without gates."""
    return min(gates, key=lambda gate: (gate.is_cooling, gate.admits_us()))
