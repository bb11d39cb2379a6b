"""The governor: pace, breaker and what it learns, in virtual time."""

import json
import time
import timeit
from collections.abc import Callable
from dataclasses import replace

import pytest

from clipset.throttle import governor
from clipset.throttle.governor import FIRST_COOL_US, LONGEST_COOL_US, PROBE_US, Permit, WaitUntil
from clipset.throttle.learning import rate_per_h
from clipset.throttle.policy import ACCOUNT_PER_H, GUEST_PER_H, Mode, Policy
from clipset.throttle.state import HOUR_US, EgressState, permits_in

NOW_US = 1_780_000_000_000_000
DAY_US = 24 * HOUR_US
DOCUMENTED, AUTO = Policy(), Policy(Mode.AUTO)


def wait_us(state: EgressState, now_us: int, policy: Policy = DOCUMENTED) -> int:
    decision = governor.next_permit(state, policy, now_us)
    return decision.at_us - now_us if isinstance(decision, WaitUntil) else 0


def drive(
    state: EgressState, start_us: int, end_us: int, policy: Policy, limit: int | None = None
) -> tuple[EgressState, list[int], int]:
    """Ask as fast as the governor allows; a limiter refuses what is over `limit` an hour. Permits, refusals."""
    now_us, permits, refusals, answered = start_us, [], 0, []
    while (now_us := now_us + wait_us(state, now_us, policy)) < end_us:
        state = governor.granted(state, policy, now_us)
        permits.append(now_us)
        if limit is not None and sum(at_us > now_us - HOUR_US for at_us in answered[-limit:]) >= limit:
            state, refusals = governor.refused(state, policy, now_us), refusals + 1
        else:
            answered.append(now_us)
            state = governor.succeeded(state, policy, now_us)
    return state, permits, refusals


def refused(state: EgressState, now_us: int, policy: Policy = DOCUMENTED) -> EgressState:
    return governor.refused(governor.granted(state, policy, now_us), policy, now_us)


def open_again(state: EgressState, policy: Policy = DOCUMENTED) -> EgressState:
    at_us = state.not_before_us
    return governor.succeeded(governor.granted(state, policy, at_us), policy, at_us)


def test_a_fresh_egress_starts_with_a_few_permits_at_once_and_then_keeps_its_spacing() -> None:
    state = EgressState()
    for _ in range(6):
        assert wait_us(state, NOW_US) == 0
        state = governor.granted(state, DOCUMENTED, NOW_US)
    assert wait_us(state, NOW_US) == 12_500_000


@pytest.mark.parametrize("limit_per_h", [GUEST_PER_H, ACCOUNT_PER_H])
def test_no_hour_sees_more_than_the_documented_limit(limit_per_h: float) -> None:
    _, permits, _ = drive(EgressState(), NOW_US, NOW_US + 3 * HOUR_US, Policy(limit_per_h=limit_per_h))
    most = max(sum(at_us <= other < at_us + HOUR_US for other in permits) for at_us in permits[:: len(permits) // 40])
    assert 0.95 * limit_per_h < most <= limit_per_h


def test_a_fixed_rate_is_kept_and_unlimited_never_waits() -> None:
    fixed = Policy(Mode.FIXED, 3600)
    assert wait_us(governor.granted(EgressState(), fixed, NOW_US), NOW_US, fixed) == 1_000_000
    unlimited = Policy(Mode.UNLIMITED)
    assert wait_us(governor.granted(EgressState(), unlimited, NOW_US), NOW_US, unlimited) == 0


@pytest.mark.parametrize("policy", [DOCUMENTED, AUTO, Policy(Mode.FIXED, 100), Policy(Mode.UNLIMITED)])
def test_a_refusal_closes_the_egress_for_more_than_an_hour_with_every_policy(policy: Policy) -> None:
    assert wait_us(refused(EgressState(), NOW_US, policy), NOW_US, policy) == FIRST_COOL_US > HOUR_US


def test_one_storm_is_one_strike() -> None:
    state = refused(EgressState(), NOW_US)
    for later_us in (1, 1_000_000, FIRST_COOL_US - 1):
        state = governor.refused(state, DOCUMENTED, NOW_US + later_us)
    assert (state.strikes, state.not_before_us) == (1, NOW_US + FIRST_COOL_US)


def test_an_answer_from_before_the_storm_does_not_open_the_egress() -> None:
    state = governor.succeeded(refused(EgressState(), NOW_US), DOCUMENTED, NOW_US + 1)
    assert wait_us(state, NOW_US + 1) == FIRST_COOL_US - 1
    late = governor.succeeded(state, DOCUMENTED, NOW_US + FIRST_COOL_US)
    assert late.is_closed


def test_after_the_cool_down_one_probe_goes_out_and_its_success_opens() -> None:
    state = refused(EgressState(), NOW_US)
    at_us = state.not_before_us
    assert isinstance(governor.next_permit(state, DOCUMENTED, at_us), Permit)
    state = governor.granted(state, DOCUMENTED, at_us)
    assert governor.next_permit(state, DOCUMENTED, at_us) == WaitUntil(at_us + PROBE_US, is_probing=True)
    assert wait_us(state, at_us + PROBE_US) == 0, "a probe without an answer does not close for ever"
    state = governor.succeeded(state, DOCUMENTED, at_us + 1)
    assert not state.is_closed
    assert wait_us(state, at_us + 1) <= HOUR_US / 200


def test_cool_downs_grow_while_probes_are_refused_up_to_days() -> None:
    state, cool_downs = refused(EgressState(), NOW_US), []
    for _ in range(30):
        cool_downs.append(state.not_before_us - state.refused_us)
        state = refused(state, state.not_before_us)
    assert cool_downs == sorted(cool_downs)
    assert cool_downs[:3] == [FIRST_COOL_US, 2 * FIRST_COOL_US, 4 * FIRST_COOL_US]
    assert cool_downs[-1] == LONGEST_COOL_US


def stormy(knocks: int) -> EgressState:
    """Open again after a storm with so many refused probes."""
    state = refused(EgressState(), NOW_US)
    for _ in range(knocks):
        state = refused(state, state.not_before_us)
    return open_again(state)


def test_a_storm_begins_with_the_silence_that_ended_the_last_one_and_half_of_a_short_one_after_a_good_day() -> None:
    short, long = stormy(2), stormy(5)
    for state, share in ((short, 0.5), (long, 1)):
        soon_us, later_us = state.opened_us + 3 * state.quiet_us, state.opened_us + 2 * DAY_US
        assert wait_us(refused(state, soon_us), soon_us) == state.quiet_us
        assert wait_us(refused(state, later_us), later_us) == state.quiet_us * share


def test_a_block_that_knocking_does_not_extend_is_not_overslept_the_second_time() -> None:
    state = stormy(5)
    began_us = state.opened_us + 2 * DAY_US
    again = refused(state, began_us)
    while again.not_before_us < began_us + state.blocked_us - FIRST_COOL_US:
        again = refused(again, again.not_before_us)
    assert again.not_before_us == began_us + state.blocked_us


def test_a_limit_of_seconds_is_found_between_the_rate_that_held_and_the_one_that_tripped() -> None:
    policy = Policy(Mode.AUTO, 30)
    state, now_us, answered_us = EgressState(), NOW_US, 0
    while (now_us := now_us + wait_us(state, now_us, policy)) < NOW_US + DAY_US:
        state = governor.granted(state, policy, now_us)
        if now_us - answered_us < 20_000_000:  # 180 an hour
            state = governor.refused(state, policy, now_us)
        else:
            answered_us = now_us
            state = governor.succeeded(state, policy, now_us)
    assert 170 < rate_per_h(state, policy) < 180


def test_retry_after_wins_if_it_is_longer_and_only_then() -> None:
    state = governor.refused(EgressState(), DOCUMENTED, NOW_US, 7200)
    assert state.not_before_us == NOW_US + 2 * HOUR_US
    assert governor.refused(EgressState(), DOCUMENTED, NOW_US, 5).not_before_us == NOW_US + FIRST_COOL_US
    later = governor.refused(state, DOCUMENTED, NOW_US + 1, 3 * 3600)
    assert later.not_before_us == NOW_US + 1 + 3 * HOUR_US
    for odd in (-1.0, float("nan")):
        assert governor.refused(EgressState(), DOCUMENTED, NOW_US, odd).not_before_us == NOW_US + FIRST_COOL_US
    assert governor.refused(EgressState(), DOCUMENTED, NOW_US, 1e30).not_before_us == NOW_US + LONGEST_COOL_US


@pytest.mark.parametrize("back_us", [1, HOUR_US, DAY_US, 400 * DAY_US])
def test_a_clock_set_back_neither_unlocks_nor_locks_for_ever(back_us: int) -> None:
    cooling = refused(EgressState(), NOW_US)
    assert wait_us(cooling, NOW_US - back_us) == FIRST_COOL_US
    pacing, _, _ = drive(EgressState(), NOW_US, NOW_US + HOUR_US, DOCUMENTED)
    assert 0 < wait_us(pacing, pacing.seen_us - back_us) <= 13_000_000
    moved = governor.rebased(pacing, pacing.seen_us - back_us)
    assert permits_in(moved, moved.seen_us, 1) == pytest.approx(permits_in(pacing, pacing.seen_us, 1), rel=0.1)


def test_a_trip_is_remembered_as_a_ceiling_and_the_rate_stays_below_it() -> None:
    state, _, refusals = drive(EgressState(), NOW_US, NOW_US + DAY_US, DOCUMENTED, limit=120)
    assert state.ceiling_per_h == pytest.approx(120, rel=0.03)
    assert 0.9 * 120 <= rate_per_h(state, DOCUMENTED) < 120
    assert refusals <= 3


def test_an_egress_that_somebody_else_used_up_teaches_nothing_about_the_rate() -> None:
    assert rate_per_h(refused(EgressState(), NOW_US), DOCUMENTED) == rate_per_h(EgressState(), DOCUMENTED)


def test_auto_finds_a_higher_limit_in_a_day_and_documented_never_goes_there() -> None:
    state, _, refusals = drive(EgressState(), NOW_US, NOW_US + DAY_US, AUTO, limit=900)
    assert 850 < rate_per_h(state, AUTO) < 900
    assert refusals <= 4
    assert rate_per_h(state, DOCUMENTED) <= GUEST_PER_H


def test_auto_does_not_take_an_unused_rate_for_proven() -> None:
    state, now_us = EgressState(), NOW_US
    for _ in range(200):  # one video in two minutes, all good
        state = governor.succeeded(governor.granted(state, AUTO, now_us), AUTO, now_us)
        now_us += 120_000_000
    assert rate_per_h(state, AUTO) == rate_per_h(EgressState(), AUTO)


def test_auto_tests_a_known_ceiling_about_once_a_day() -> None:
    state, _, _ = drive(EgressState(), NOW_US, NOW_US + DAY_US, AUTO, limit=300)
    _, _, refusals = drive(state, NOW_US + DAY_US, NOW_US + 4 * DAY_US, AUTO, limit=300)
    assert 2 <= refusals <= 4


def test_the_state_survives_as_json() -> None:
    state, _, _ = drive(EgressState(), NOW_US, NOW_US + 3 * HOUR_US, AUTO, limit=300)
    assert EgressState.from_json(state.to_json()) == state
    assert EgressState.from_json("{}") == EgressState()
    newer = json.dumps({**json.loads(state.to_json()), "from_the_future": [1]})
    assert EgressState.from_json(newer) == state


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"strikes":"many"}',
        '{"paced_us":-1}',
        '{"rate_per_h":NaN}',
        '{"permits":[1.5]}',
        '{"paced_us":true}',
        "[" * 100_000,
    ],
)
def test_a_damaged_state_is_refused_with_a_message(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own message where it is no JSON, ours where it is
        EgressState.from_json(text)


@pytest.mark.parametrize(
    ("text", "cookies", "policy"),
    [
        ("documented", False, Policy(Mode.DOCUMENTED, 300)),
        ("documented", True, Policy(Mode.DOCUMENTED, 2000)),
        ("auto", False, Policy(Mode.AUTO, 300)),
        ("250/h", True, Policy(Mode.FIXED, 250)),
        ("0.5/h", False, Policy(Mode.FIXED, 0.5)),
        ("unlimited", False, Policy(Mode.UNLIMITED, 300)),
    ],
)
def test_a_rate_is_read_as_the_user_writes_it(text: str, cookies: bool, policy: Policy) -> None:
    assert Policy.parse(text, cookies=cookies) == policy


@pytest.mark.parametrize("text", ["", "fast", "250", "-1/h", "0/h", "nan/h", "1e9/h", "99999999/h", "fixed", "٣/h"])
def test_a_rate_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        Policy.parse(text)


def test_permits_are_counted_over_sliding_windows() -> None:
    state = replace(EgressState(), permits=(5, 0, 7), slot=NOW_US // (HOUR_US // 12))
    end_us = (state.slot + 1) * HOUR_US // 12
    assert permits_in(state, end_us, 24) == 12
    assert permits_in(state, end_us, 1 / 12) == 7
    assert permits_in(state, end_us, 5 / 24) == pytest.approx(9.5)
    assert permits_in(state, end_us + HOUR_US, 1) == 0
    assert permits_in(EgressState(), NOW_US, 1) == 0


@pytest.mark.slow
def test_a_decision_takes_less_than_20_us() -> None:
    state, _, _ = drive(EgressState(), NOW_US, NOW_US + DAY_US, AUTO, limit=300)
    now_us = state.paced_us

    def cpu_s(decide: Callable[[], object]) -> float:
        return min(timeit.repeat(decide, timer=time.process_time, number=5000, repeat=5)) / 5000

    asking_s = cpu_s(lambda: governor.next_permit(state, AUTO, now_us))
    assert asking_s + cpu_s(lambda: governor.granted(state, AUTO, now_us)) < 20e-6
    assert cpu_s(lambda: governor.succeeded(state, AUTO, now_us)) < 20e-6
