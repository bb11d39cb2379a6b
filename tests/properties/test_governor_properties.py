"""Invariants of the governor under any interleaving of successes, refusals, restarts and clocks set back."""

from bisect import bisect_left
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from clipset.throttle import governor
from clipset.throttle.governor import FIRST_COOL_US, LONGEST_COOL_US, Permit
from clipset.throttle.learning import START_SHARE, rate_per_h
from clipset.throttle.policy import Mode, Policy
from clipset.throttle.state import HOUR_US, EgressState, permits_in

NOW_US = 1_780_000_000_000_000

learning = st.sampled_from([Mode.DOCUMENTED, Mode.AUTO])
answers = st.lists(
    st.tuples(
        st.integers(0, 200),  # permits that are answered before something happens
        st.sampled_from(["refused", "restart", "idle", "unanswered", "late success"]),
        st.integers(0, 3 * HOUR_US),
    ),
    max_size=12,
)
policies = st.builds(Policy, st.sampled_from(Mode), st.sampled_from([30.0, 300.0, 2000.0]))


class Greedy:
    """Asks at once whenever it may, and notes when."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.state, self.now_us = policy, EgressState(), NOW_US
        self.permits_us: list[int] = []
        self.probes_us: set[int] = set()
        self.cool_downs_us: list[tuple[int, int]] = []

    def run(self, script: list[tuple[int, str, int]]) -> "Greedy":
        for good, event, for_us in script:
            for _ in range(good):
                self.take()
                self.state = governor.succeeded(self.state, self.policy, self.now_us)
            self.happen(event, for_us)
        return self

    def take(self) -> None:
        while not isinstance(decision := governor.next_permit(self.state, self.policy, self.now_us), Permit):
            assert decision.at_us > self.now_us
            self.now_us = decision.at_us
        if self.state.is_closed:
            self.probes_us.add(self.now_us)
        self.state = governor.granted(self.state, self.policy, self.now_us)
        self.permits_us.append(self.now_us)

    def happen(self, event: str, for_us: int) -> None:
        if event == "refused":
            self.take()
            self.state = governor.refused(self.state, self.policy, self.now_us, for_us / 1e6)
            self.cool_downs_us.append((self.now_us, self.state.not_before_us))
        elif event == "restart":
            self.state = EgressState.from_json(self.state.to_json())
        elif event == "idle":
            self.now_us += for_us
        elif event == "unanswered":
            self.take()
        else:
            self.state = governor.succeeded(self.state, self.policy, self.now_us)


@settings(deadline=None, max_examples=60)
@given(answers, st.sampled_from([30.0, 300.0, 2000.0]))
def test_documented_never_permits_more_than_its_limit_in_any_hour(
    script: list[tuple[int, str, int]], limit_per_h: float
) -> None:
    permits_us = Greedy(Policy(Mode.DOCUMENTED, limit_per_h)).run(script).permits_us
    for first, at_us in enumerate(permits_us):
        assert bisect_left(permits_us, at_us + HOUR_US) - first <= limit_per_h


@settings(deadline=None, max_examples=60)
@given(answers, policies)
def test_nothing_is_permitted_while_cooling_with_any_policy(script: list[tuple[int, str, int]], policy: Policy) -> None:
    greedy = Greedy(policy).run(script)
    for start_us, end_us in greedy.cool_downs_us:
        assert FIRST_COOL_US <= end_us - start_us <= LONGEST_COOL_US
        assert not [at_us for at_us in greedy.permits_us if start_us < at_us < end_us]


@settings(deadline=None, max_examples=60)
@given(answers, st.sampled_from([1.0, 97.0, 3600.0]))
def test_a_fixed_rate_keeps_its_spacing_but_for_probes(script: list[tuple[int, str, int]], rate: float) -> None:
    greedy = Greedy(Policy(Mode.FIXED, rate)).run(script)
    spacing_us = int(HOUR_US / rate)
    for before_us, at_us in pairwise(greedy.permits_us):
        assert at_us - before_us >= spacing_us or at_us in greedy.probes_us


@settings(deadline=None, max_examples=60)
@given(answers, learning)
def test_what_is_learnt_stays_within_reason(script: list[tuple[int, str, int]], mode: Mode) -> None:
    greedy = Greedy(Policy(mode)).run(script)
    state, rate = greedy.state, rate_per_h(greedy.state, greedy.policy)
    assert 0 < rate <= (START_SHARE * 300 if mode is Mode.DOCUMENTED else 20_000)
    assert len(state.permits) <= 288
    day = sum(at_us > greedy.now_us - 24 * HOUR_US for at_us in greedy.permits_us)
    assert abs(permits_in(state, greedy.now_us, 24) - day) <= max(state.permits, default=0) + 1


@settings(deadline=None, max_examples=60)
@given(answers, policies)
def test_a_state_is_the_same_after_a_restart(script: list[tuple[int, str, int]], policy: Policy) -> None:
    state = Greedy(policy).run(script).state
    assert EgressState.from_json(state.to_json()) == state


@settings(deadline=None, max_examples=60)
@given(answers, policies, st.integers(1, 10_000 * HOUR_US))
def test_a_clock_set_back_leaves_the_wait_as_it_was(
    script: list[tuple[int, str, int]], policy: Policy, back_us: int
) -> None:
    state = Greedy(policy).run(script).state
    there_us, here_us = state.seen_us, max(1, state.seen_us - back_us)
    before, after = (governor.next_permit(state, policy, now_us) for now_us in (there_us, here_us))
    if isinstance(before, Permit) or isinstance(after, Permit):
        assert before == after
    else:
        assert before.at_us - there_us == after.at_us - here_us


@settings(deadline=None, max_examples=60)
@given(answers, policies, st.integers(0, 10 * HOUR_US))
def test_waiting_longer_never_takes_a_permit_away(
    script: list[tuple[int, str, int]], policy: Policy, more_us: int
) -> None:
    greedy = Greedy(policy).run(script)
    decision = governor.next_permit(greedy.state, policy, greedy.now_us)
    at_us = greedy.now_us if isinstance(decision, Permit) else decision.at_us
    assert isinstance(governor.next_permit(greedy.state, policy, at_us + more_us), Permit)
