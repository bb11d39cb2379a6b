"""The gate: threads, waiting and stopping, in virtual time."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from clipset.throttle.gate import Gate, choose
from clipset.throttle.governor import FIRST_COOL_US, PROBE_US
from clipset.throttle.policy import Mode, Policy
from clipset.throttle.state import HOUR_US, EgressState
from clipset.types import US_PER_S, Cooling, Interrupted

NOW_US = 1_780_000_000_000_000


class VirtualClock:
    """Waiting moves the time; `script` may act at each wait."""

    def __init__(self) -> None:
        self.time_us = NOW_US
        self.waits_s: list[float] = []
        self.script: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def now_us(self) -> int:
        with self._lock:
            return self.time_us

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        with self._lock:
            self.waits_s.append(seconds)
            self.time_us += round(seconds * US_PER_S)
        self.script()
        return stop.is_set()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def gate(clock: VirtualClock, policy: Policy | None = None, name: str = "direct", **kwargs: object) -> Gate:
    return Gate(name, EgressState(), policy or Policy(), clock, threading.Event(), **kwargs)  # type: ignore[arg-type]


def test_permits_beyond_the_burst_are_spaced(clock: VirtualClock) -> None:
    entrance = gate(clock)
    for _ in range(6):
        entrance.enter()
    assert clock.time_us == NOW_US
    entrance.enter()
    assert clock.time_us == NOW_US + 12_500_000


def test_nobody_waits_at_a_cooling_gate(clock: VirtualClock) -> None:
    entrance = gate(clock)
    entrance.enter()
    entrance.check()
    entrance.refused(7200, "HTTP Error 429")
    for ask in (entrance.enter, entrance.check):
        with pytest.raises(Cooling):
            ask()
    assert not clock.waits_s
    clock.time_us += 7200 * US_PER_S
    entrance.enter()
    assert clock.time_us == NOW_US + 7200 * US_PER_S


def test_who_waits_for_a_permit_is_sent_away_when_the_gate_closes(clock: VirtualClock) -> None:
    entrance = gate(clock, Policy(Mode.FIXED, 60))
    entrance.enter()
    clock.script = lambda: entrance.refused(None, "429")
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(entrance.enter) for _ in range(4)]
    assert all(isinstance(future.exception(), Cooling) for future in futures)


def test_long_waits_come_in_short_pieces(clock: VirtualClock) -> None:
    entrance = gate(clock, Policy(Mode.FIXED, 1))
    entrance.enter()
    entrance.enter()
    assert clock.time_us == NOW_US + HOUR_US
    assert max(clock.waits_s) <= 30


def test_a_stop_ends_every_wait(clock: VirtualClock) -> None:
    stop = threading.Event()
    entrance = Gate("direct", EgressState(), Policy(Mode.FIXED, 1), clock, stop)
    entrance.enter()
    clock.script = lambda: stop.set() if len(clock.waits_s) == 3 else None
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(entrance.enter) for _ in range(8)]
    assert all(isinstance(future.exception(), Interrupted) for future in futures)
    assert len(clock.waits_s) == 3


def test_threads_that_wait_at_a_closed_gate_come_out_as_one_probe_and_then_one_by_one(clock: VirtualClock) -> None:
    entrance, entered = gate(clock), []
    entrance.refused(None, "429")
    clock.time_us += FIRST_COOL_US

    def work() -> None:
        entrance.enter()
        entered.append(clock.now_us())
        if len(entered) > 1:  # the answer to the first probe never comes
            entrance.succeeded()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: work(), range(8)))
    probes_us = FIRST_COOL_US + PROBE_US
    assert probes_us + 6 * 12_500_000 <= clock.time_us - NOW_US <= probes_us + 6 * 12_500_000 + 5 * US_PER_S


def test_of_many_waiting_threads_only_one_watches_the_time(clock: VirtualClock) -> None:
    entrance, watching, most = gate(clock, Policy(Mode.FIXED, 60)), [], [0]

    def look_around() -> None:
        watching.append(1)
        most[0] = max(most[0], len(watching))
        threading.Event().wait(0.01)  # time for the others to come
        watching.pop()

    clock.script = look_around
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: entrance.enter(), range(4)))
    assert most == [1]


def test_a_snapshot_counts_who_waits_for_a_permit(clock: VirtualClock) -> None:
    entrance, waiting = gate(clock, Policy(Mode.FIXED, 60)), list[int]()
    clock.script = lambda: waiting.append(entrance.snapshot().waiting)
    entrance.enter()
    entrance.enter()
    assert set(waiting) == {1}
    assert entrance.snapshot().waiting == 0


def test_a_waiting_thread_goes_on_soon_after_the_probe_succeeded(clock: VirtualClock) -> None:
    entrance = gate(clock, Policy(Mode.UNLIMITED))
    entrance.refused(None, "429")
    clock.time_us += FIRST_COOL_US
    entrance.enter()
    clock.script = entrance.succeeded
    before_us = clock.now_us()
    entrance.enter()
    assert clock.now_us() - before_us <= US_PER_S


def test_a_snapshot_tells_what_a_run_shows_and_stores(clock: VirtualClock) -> None:
    entrance = gate(clock)
    view = entrance.snapshot()
    assert (view.name, view.state, view.not_before_us, view.permits_per_hour) == ("direct", "open", None, 288)
    before = entrance.changed
    entrance.refused(None, "HTTP Error 429")
    assert entrance.changed > before
    view = entrance.snapshot()
    assert (view.state, view.not_before_us, view.last_detail) == ("cooling", NOW_US + FIRST_COOL_US, "HTTP Error 429")
    again = Gate("direct", EgressState.from_json(view.state_json), Policy(), clock, threading.Event())
    assert again.snapshot() == view
    assert gate(clock, Policy(Mode.UNLIMITED)).snapshot().permits_per_hour is None


def test_a_clock_set_back_during_a_cool_down_does_not_lengthen_it_beyond_what_was_left(clock: VirtualClock) -> None:
    entrance = gate(clock)
    entrance.refused(None, "429")
    clock.time_us -= 24 * HOUR_US
    assert entrance.snapshot().not_before_us == clock.time_us + FIRST_COOL_US
    clock.time_us += FIRST_COOL_US - 1
    with pytest.raises(Cooling):
        entrance.enter()
    clock.time_us += 1
    entrance.enter()


def test_of_several_egresses_the_one_that_admits_soonest_is_chosen(clock: VirtualClock) -> None:
    slow, fast = gate(clock, Policy(Mode.FIXED, 60), "slow"), gate(clock, Policy(Mode.FIXED, 600), "fast")
    assert choose([slow, fast]) is slow
    slow.enter()
    assert choose([slow, fast]) is fast
    fast.enter()
    assert choose([slow, fast]) is fast
    fast.refused(None, "429")
    assert choose([slow, fast]) is slow
    clock.time_us += FIRST_COOL_US - US_PER_S
    slow.enter()
    assert choose([slow, fast]) is slow  # the other is back in a second, but is not to be asked now


def test_no_permit_is_given_twice_to_many_threads(clock: VirtualClock) -> None:
    entrance = gate(clock, Policy(Mode.FIXED, 3600))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: entrance.enter(), range(200)))
    assert clock.time_us == NOW_US + 199 * US_PER_S
