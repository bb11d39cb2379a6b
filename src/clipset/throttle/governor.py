"""Whether an egress may be asked now: pure functions over its state and a time. No clock, no chance, no I/O.

Pace: permits keep a spacing; a fresh egress starts with a small burst, and burst and spacing together stay below the
documented limit in every hour. Breaker: a refusal closes the egress for a cool-down that grows while probes are
refused; refusals that arrive meanwhile belong to the same storm. After the cool-down one probe goes out, and its
success opens the egress. What a storm teaches about the rate is in `learning`.
"""

from dataclasses import dataclass, replace
from typing import Any

from clipset.throttle.learning import after_success, after_trip, rate_per_h, served
from clipset.throttle.policy import Mode, Policy
from clipset.throttle.state import HOUR_US, EgressState, counted, shifted

FIRST_COOL_US = HOUR_US * 13 // 12
"""yt-dlp's wiki: a refusal lasts «up to an hour»; a little more, since knocking early may start it anew."""

LONGEST_COOL_US = 5 * 24 * HOUR_US
"""The longest block that a run of 2019 saw."""

PROBE_US = HOUR_US // 6
"""A probe without an answer by then is given up, and another may go."""

_DOUBLE_UP_TO_US = 4 * HOUR_US
_GROWTH = 1.5  # of long cool-downs: doubling would sleep away days after the block has ended
_FIRST_STORM_US = 13 * HOUR_US  # the shortest of the long blocks seen lasted 12 h
_FORGET_AFTER_US = 24 * HOUR_US  # after so long a good time half of a short block is tried first
_FORGOTTEN_US = 6 * HOUR_US
_OPEN_PERMITS = 20
_BURST_SHARE = 0.02  # of the documented limit, so that the first clips come at once
_BURST_MOST = 6
_LONGEST_DETAIL = 500  # characters


@dataclass(frozen=True, slots=True)
class Permit:
    """Ask now; tell the state with `granted`."""


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """`is_probing`: earlier, as soon as the probe has succeeded."""

    at_us: int
    is_probing: bool = False


_PERMIT = Permit()


def rebased(state: EgressState, now_us: int) -> EgressState:
    """The state for a clock that may have been set back: what was left to wait is still left, no more and no less."""
    return shifted(state, now_us - state.seen_us) if now_us < state.seen_us else state


def next_permit(state: EgressState, policy: Policy, now_us: int) -> Permit | WaitUntil:
    state = rebased(state, now_us)
    if state.is_closed:
        if now_us < state.not_before_us:
            return WaitUntil(state.not_before_us)
        if state.probe_us and now_us < state.probe_us + PROBE_US:
            return WaitUntil(state.probe_us + PROBE_US, is_probing=True)
        return _PERMIT
    earliest_us = state.paced_us - spacing_us(state, policy) * (_burst(state, policy) - 1)
    return _PERMIT if now_us >= earliest_us else WaitUntil(earliest_us)


def granted(state: EgressState, policy: Policy, now_us: int) -> EgressState:
    """A permit was taken."""
    state = rebased(state, now_us)
    paced_us = max(state.paced_us, now_us) + spacing_us(state, policy)
    permits, slot = counted(state, now_us)
    return replace(
        state,
        seen_us=now_us,
        paced_us=paced_us,
        permits=permits,
        slot=slot,
        probe_us=now_us if state.is_closed else 0,
        opened_us=state.opened_us or now_us,
    )


def refused(
    state: EgressState, policy: Policy, now_us: int, retry_after_s: float | None = None, detail: str = ""
) -> EgressState:
    """The egress was refused. A longer `retry_after_s` than our own cool-down wins."""
    state = rebased(state, now_us)
    asked_us = now_us + round(min(max(0.0, retry_after_s or 0.0), LONGEST_COOL_US / 1e6) * 1e6)
    if now_us < state.not_before_us:
        return replace(state, seen_us=now_us, not_before_us=max(state.not_before_us, asked_us))
    strikes, storm_us, learnt = state.strikes, state.storm_us, dict[str, Any]()
    if not state.is_closed:
        strikes, storm_us = 0 if _was_good(state, now_us) else strikes, now_us
        learnt = after_trip(state, policy, now_us, strikes)
    cool_us = _cool_us(state, now_us, strikes)
    return replace(
        state,
        seen_us=now_us,
        strikes=strikes + 1,
        storm_us=storm_us,
        refused_us=now_us,
        not_before_us=max(now_us + cool_us, asked_us),
        probe_us=0,
        last_detail=detail[:_LONGEST_DETAIL],
        **learnt,
    )


def succeeded(state: EgressState, policy: Policy, now_us: int) -> EgressState:
    """The egress was answered, whatever the answer said about the video."""
    state = rebased(state, now_us)
    if not state.is_closed:
        return after_success(state, policy, now_us)
    if now_us < state.not_before_us or not state.probe_us:
        return replace(state, seen_us=now_us)  # an answer from before the storm
    return replace(
        state,
        seen_us=now_us,
        quiet_us=state.probe_us - state.refused_us,
        blocked_us=state.probe_us - state.storm_us,
        not_before_us=0,
        probe_us=0,
        opened_us=now_us,
    )


def is_cooling(state: EgressState, now_us: int) -> bool:
    return now_us < rebased(state, now_us).not_before_us


def _was_good(state: EgressState, now_us: int) -> bool:
    """Whether the egress was really open: then this storm is a new one."""
    return now_us - state.opened_us >= max(HOUR_US, state.quiet_us) or served(state, now_us) >= _OPEN_PERMITS


def _cool_us(state: EgressState, now_us: int, strikes: int) -> int:
    """How long to stay away after this refusal; `strikes` were before it.

    A block that knocking extends ends after the silence that ended the last one, so that is tried first. One that
    runs from its first refusal ends when the last one did, so that moment is not slept over.
    """
    if strikes == 0:
        known_us = state.quiet_us
        if known_us < _FORGOTTEN_US and now_us - state.opened_us >= _FORGET_AFTER_US:
            known_us //= 2
        return max(FIRST_COOL_US, known_us)
    last_us = max(FIRST_COOL_US, state.not_before_us - state.refused_us if state.is_closed else state.quiet_us)
    grown_us = last_us * 2 if last_us < _DOUBLE_UP_TO_US else round(last_us * _GROWTH)
    left_us = state.storm_us + (state.blocked_us or _FIRST_STORM_US) - now_us if state.is_closed else 0
    return min(left_us if FIRST_COOL_US <= left_us < grown_us else grown_us, LONGEST_COOL_US)


def spacing_us(state: EgressState, policy: Policy) -> int:
    """Between two permits."""
    return int(HOUR_US / rate_per_h(state, policy)) if policy.mode is not Mode.UNLIMITED else 0


def _burst(state: EgressState, policy: Policy) -> int:
    """Permits at once: a few on an egress that was never refused, otherwise one."""
    if not policy.learns or state.refused_us or state.raised_us:
        return 1
    return max(1, min(_BURST_MOST, int(policy.limit_per_h * _BURST_SHARE)))
