"""What a refusal, or the lack of one, teaches about the rate that an egress tolerates. Pure.

A limiter counts requests in some window. When it refuses, the permits of its window are its limit, so one trip tells
the limit of a known window. The window is documented as an hour; a trip that an hour cannot explain (the same rate
held for long, or a rate below the ceiling that was known) points to a longer one, and the mean over that is taken.
Both are guesses. What is certain is that one rate held and a higher one tripped: tests halve the distance.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clipset.throttle.policy import ACCOUNT_PER_H, Mode, Policy
from clipset.throttle.state import HOUR_US, EgressState, permits_in

START_SHARE = 0.96
"""Of a documented limit: room for the burst at the start and for requests that leave later than their permit."""

_WINDOWS_H = (1, 3, 12, 24)
_BELOW_CEILING: Mapping[Mode, tuple[float, float]] = {  # with the hour as window, with a longer one that is guessed
    Mode.DOCUMENTED: (0.95, 0.9),
    Mode.AUTO: (0.985, 0.95),
}
_ROOM = 0.6  # permits: a small limit leaves no share to stay below
_STEP = 1.6  # up, at most
_TEST_STEP = 1.06  # up, at least
_HELD_WINDOWS = 13 / 12  # a rate is proven after its window and a little
_STEADY_H = 6  # a rate held for so long was not what an hour refuses
_LEAST_EVIDENCE = 10  # permits; fewer say that somebody else used the egress up
_TEST_EVERY_US = 24 * HOUR_US
_TEST_EVERY_BLOCKS = 20  # testing may cost one block in twenty
_LONG_BLOCK_US = 6 * HOUR_US
_TEST_EVERY_LONG_BLOCKS = 60  # who blocks for half a day is hardly worth testing
_UNSURE_TEST_EVERY_US = 2 * HOUR_US
_UNSURE_TEST_EVERY_BLOCKS = 4
_FASTEST_PER_H = 2 * ACCOUNT_PER_H
"""Nobody documents more, and the one report of such rates (50,000 to 140,000 a day) ended in blocks of days."""

_USED_SHARE = 0.85  # a rate that was not used is not proven


def rate_per_h(state: EgressState, policy: Policy) -> float:
    """Permits an hour, infinite when unlimited."""
    if policy.mode is Mode.UNLIMITED:
        return float("inf")
    if policy.mode is Mode.FIXED:
        return policy.limit_per_h
    rate = state.rate_per_h or policy.limit_per_h * START_SHARE
    return rate if policy.mode is Mode.AUTO else min(rate, policy.limit_per_h * START_SHARE)


def after_trip(state: EgressState, policy: Policy, now_us: int, strikes: int) -> dict[str, Any]:
    """A storm begins, after `strikes` others in a row: the fields that it changes by what it says about the rate."""
    if not policy.learns or (strikes < 2 and served(state, now_us) < _LEAST_EVIDENCE):
        return {}
    rate, ceiling = rate_per_h(state, policy), state.ceiling_per_h
    window_h = _window_h(state, rate, now_us)
    found = max(1.5, permits_in(state, now_us, window_h) - 1) / window_h
    is_sure = abs(found - ceiling) < 0.1 * ceiling or _fits_block(state, window_h)  # said twice, or explained
    if window_h > 1 and window_h == state.window_h and ceiling and rate <= ceiling:
        found = min(max(found, 0.8 * ceiling), 0.95 * ceiling)  # no window explains it: go down step by step
    new_rate = min(found * _BELOW_CEILING[policy.mode][window_h > 1], found - _ROOM / window_h)
    if rate > state.held_per_h > 0 and window_h == state.window_h:
        new_rate = max(new_rate, state.held_per_h)
        found = max(new_rate, found)
    return {
        "ceiling_per_h": found,
        "tripped_per_h": rate,
        "rate_per_h": new_rate,
        "window_h": window_h,
        "is_sure": is_sure,
        "held_per_h": 0.0,
    }


def served(state: EgressState, now_us: int) -> float:
    """Permits since the egress opened, of the last day."""
    return permits_in(state, now_us, (now_us - state.opened_us) / HOUR_US)


def _window_h(state: EgressState, rate: float, now_us: int) -> int:
    """The window that explains this refusal: an hour again where far fewer than ever were let through in one."""
    hour, ceiling = permits_in(state, now_us, 1) - 1, state.ceiling_per_h
    if ceiling and rate <= ceiling:
        is_lower = hour < 0.95 * rate and (state.is_sure or now_us - state.opened_us > 0.75 * HOUR_US)
        return 1 if is_lower else _longer_h(state)
    before = permits_in(state, now_us, _STEADY_H) - hour
    is_steady = now_us - max(state.raised_us, state.opened_us) >= _STEADY_H * HOUR_US
    return _longer_h(state) if is_steady and hour <= 1.05 * before / (_STEADY_H - 1) else state.window_h


def _longer_h(state: EgressState) -> int:
    """A limiter hardly blocks for much longer than it counts, so a long block skips the short windows."""
    least_h = max(state.window_h + 1, _block_us(state) / 2 / HOUR_US)
    return next((window_h for window_h in _WINDOWS_H if window_h >= least_h), _WINDOWS_H[-1])


def _block_us(state: EgressState) -> float:
    """How long the last block was: its last silence if knocking extends it, else the whole storm; between them."""
    return math.sqrt(state.quiet_us * state.blocked_us)


def _fits_block(state: EgressState, window_h: int) -> bool:
    """A long block and a window that is no shorter explain each other."""
    return _LONG_BLOCK_US <= _block_us(state) <= window_h * HOUR_US


def after_success(state: EgressState, policy: Policy, now_us: int) -> EgressState:
    """Nothing was refused: may the rate go up?"""
    if not policy.learns or now_us - max(state.raised_us, state.opened_us) < _hold_us(state):
        return state
    rate = rate_per_h(state, policy)
    fastest = _FASTEST_PER_H if policy.mode is Mode.AUTO else policy.limit_per_h * START_SHARE
    if rate >= fastest or permits_in(state, now_us, 1) < _USED_SHARE * rate:
        return state
    ceiling, tripped = state.ceiling_per_h, state.tripped_per_h
    between = math.sqrt(rate * tripped)  # what is tolerated lies above the one and below the other
    if ceiling and rate < ceiling:
        raised = min(max(between, ceiling * _TEST_STEP), ceiling * _STEP)
    elif tripped > rate * _TEST_STEP:
        raised = min(between, rate * _STEP)
    else:
        ceiling, tripped, raised = 0.0, 0.0, rate * _STEP
    return replace(
        state,
        rate_per_h=min(raised, fastest),
        ceiling_per_h=ceiling,
        tripped_per_h=tripped,
        raised_us=now_us,
        held_per_h=rate,
    )


def _hold_us(state: EgressState) -> int:
    """How long a rate is kept before the next one is tried."""
    held_us = round(_HELD_WINDOWS * state.window_h * HOUR_US)
    if not state.ceiling_per_h or state.rate_per_h > state.ceiling_per_h:
        return held_us
    if state.is_sure:
        blocks = _TEST_EVERY_BLOCKS if state.blocked_us < _LONG_BLOCK_US else _TEST_EVERY_LONG_BLOCKS
        return max(_TEST_EVERY_US, blocks * state.blocked_us)
    return max(_UNSURE_TEST_EVERY_US, held_us, _UNSURE_TEST_EVERY_BLOCKS * state.blocked_us)
