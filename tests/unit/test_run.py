"""The loop: what it hands out, records, waits for, and what ends it. A real ledger, virtual time."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from benches import S, ScriptedSource, ScriptedTrimmer, bench, clip, failure

from clipset.engines.inline import InlineEngine
from clipset.ledger import Ledger, PlanHeader
from clipset.reasons import Reason
from clipset.run import Conduct, Run, StoppedBy
from clipset.throttle.gate import GateView
from clipset.types import Annotation, Attempt, Cooling, Stored

CLIPS = [clip(f"video{number:06d}") for number in range(6)]
HEADER = PlanHeader("list.csv", "0" * 64, "{}", "exact-h360", "list")


class VirtualClock:
    def __init__(self) -> None:
        self.us = 1_795_000_000 * S

    def now_us(self) -> int:
        return self.us

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        self.us += round(seconds * S)
        return stop.is_set()


@dataclass
class Watcher:
    """Remembers what it was shown."""

    verdicts: list[Attempt] = field(default_factory=list)
    gates: list[Sequence[GateView]] = field(default_factory=list)

    def recorded(self, verdict: Attempt, node: str = "") -> None:
        self.verdicts.append(verdict)

    def tick(self, in_flight: int, gates: Sequence[GateView], waiting_until_us: int | None) -> None:
        self.gates.append(gates)


class ScriptedGate:
    """Cooling until `opens_us`."""

    def __init__(self, clock: VirtualClock, opens_us: int = 0, name: str = "direct") -> None:
        self.opens_us, self._clock, self._name = opens_us, clock, name

    def snapshot(self) -> GateView:
        if self._clock.now_us() < self.opens_us:
            return GateView(self._name, "cooling", self.opens_us, 300.0, "refused", "{}")
        return GateView(self._name, "open", None, 300.0, "", "{}")


class GatedSource(ScriptedSource):
    """A paced source: refused once `refuses_after` videos were asked for, then closed for an hour."""

    def __init__(self, gate: ScriptedGate, clock: VirtualClock, refuses_after: int = 0, **kwargs) -> None:
        super().__init__("youtube", set(CLIPS), **kwargs)
        self._gate, self._clock, self._refuses_after = gate, clock, refuses_after
        self.asked_us = []

    def locate(self, job, meter):
        if self._gate.snapshot().state == "cooling":
            raise Cooling
        self.asked_us.append(self._clock.now_us())
        self._fails = None
        if len(self.asked_us) == self._refuses_after:
            self._gate.opens_us = self._clock.now_us() + 3600 * S
            self._fails = failure(Reason.THROTTLED)
        return super().locate(job, meter)


class Desk:
    """A ledger with six clips of six videos and a run over it."""

    def __init__(self, directory) -> None:
        self.ledger = Ledger.open(directory)
        rows = [Annotation(one.video_id, one.span.start_us, one.span.end_us, "val", "juggling") for one in CLIPS]
        self.plan = self.ledger.load(HEADER, rows, lambda row: f"val/juggling/{row.clip.id}.mp4").plan_id
        self.clock, self.watcher = VirtualClock(), Watcher()
        self.begin()

    def begin(self) -> None:
        self.drain, self.abort = threading.Event(), threading.Event()

    def run(self, *sources, trimmer=None, gates=(), at_hand=0, **conduct):
        self.session = self.ledger.start_session(self.clock.now_us(), "{}", "{}")
        engine = InlineEngine(replace(bench(*sources, trimmer=trimmer), at_hand=at_hand))
        conduct = Conduct(at_hand_first=at_hand > 0, **conduct)
        run = Run(self.ledger, engine, list(gates), self.watcher, self.clock, conduct)
        return run.run([self.plan], self.session, self.drain, self.abort)


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path / "data")
    yield desk
    desk.ledger.close()


def test_everything_there_is_fetched_and_the_run_is_finished(desk):
    result = desk.run(ScriptedSource("near", set(CLIPS)))
    assert (result.stopped_by, result.done, result.failed) == (StoppedBy.FINISHED, 6, 0)
    assert desk.ledger.status(desk.clock.now_us()).clips.done == 6
    assert [verdict.clip for verdict in desk.watcher.verdicts] == CLIPS


def test_a_second_run_asks_nobody(desk):
    desk.run(ScriptedSource("near", set(CLIPS)))
    again = ScriptedSource("near", set(CLIPS))
    assert desk.run(again).stopped_by is StoppedBy.FINISHED
    assert again.asked == []


def test_lost_clips_are_not_asked_for_again(desk):
    desk.run(ScriptedSource("near", fails=failure(Reason.PRIVATE)))
    again = ScriptedSource("near", set(CLIPS))
    assert desk.run(again).stopped_by is StoppedBy.FINISHED
    assert again.asked == []


def test_a_hiccup_is_waited_out_in_the_same_session(desk):
    class Recovering(ScriptedSource):
        def locate(self, job, meter):
            self._fails = failure(Reason.NETWORK) if len(self.asked) < 6 else None
            return super().locate(job, meter)

    began_us = desk.clock.now_us()
    result = desk.run(Recovering("near", set(CLIPS)))
    assert (result.stopped_by, result.done) == (StoppedBy.FINISHED, 6)
    assert desk.clock.now_us() > began_us


def test_what_is_due_much_later_is_left_to_the_next_run(desk):
    result = desk.run(ScriptedSource("near", fails=failure(Reason.PREMIERE)))
    assert result.stopped_by is StoppedBy.NOT_DUE
    assert result.next_due_us > desk.clock.now_us() + 3600 * S


def test_a_clip_that_no_source_has_is_asked_for_once_a_session(desk):
    source = ScriptedSource("folder")
    assert desk.run(source).stopped_by is StoppedBy.NOT_DUE
    assert len(source.asked) == 6
    assert desk.run(ScriptedSource("folder", set(CLIPS))).stopped_by is StoppedBy.FINISHED


def test_a_full_disk_ends_the_run_and_costs_no_clip(desk):
    trimmer = ScriptedTrimmer({CLIPS[2]: failure(Reason.DISK_FULL, "no space left")})
    result = desk.run(ScriptedSource("near", set(CLIPS)), trimmer=trimmer)
    assert result.stopped_by is StoppedBy.FAILURE
    assert result.failure.detail == "no space left"
    desk.begin()
    assert desk.run(ScriptedSource("near", set(CLIPS))).done == 6 - result.done


def gated(desk, refuses_after=0, opens_s=0):
    gate = ScriptedGate(desk.clock, desk.clock.now_us() + opens_s * S if opens_s else 0)
    return gate, GatedSource(gate, desk.clock, refuses_after)


def test_a_refusal_ends_the_run_where_the_user_wants_that_and_costs_no_clip(desk):
    gate, source = gated(desk, refuses_after=1)
    result = desk.run(source, gates=[gate], stop_on_throttle=True)
    assert (result.stopped_by, result.failed) == (StoppedBy.THROTTLE, 0)
    assert len(source.asked) == 1
    status = desk.ledger.status(desk.clock.now_us())
    assert (status.clips.wanted, status.clips.lost) == (6, 0)
    assert status.egress[0].state == "cooling"


def test_a_run_that_begins_in_a_cool_down_asks_nothing_and_stops_or_waits(desk):
    gate, source = gated(desk, opens_s=7200)
    assert desk.run(source, gates=[gate], stop_on_throttle=True).stopped_by is StoppedBy.THROTTLE
    assert source.asked == []
    desk.begin()
    assert desk.run(source, gates=[gate]).stopped_by is StoppedBy.FINISHED
    assert min(source.asked_us) >= gate.opens_us
    assert any(gates[0].state == "cooling" for gates in desk.watcher.gates)  # the countdown is shown


def test_a_cool_down_does_not_keep_a_finished_dataset_waiting(desk):
    desk.run(ScriptedSource("near", set(CLIPS)))
    gate, source = gated(desk, opens_s=7200)
    for stop_on_throttle in (True, False):
        began_us = desk.clock.now_us()
        result = desk.run(source, gates=[gate], stop_on_throttle=stop_on_throttle)
        assert (result.stopped_by, desk.clock.now_us()) == (StoppedBy.FINISHED, began_us)


def test_after_a_refusal_everything_is_fetched_in_its_turn(desk):
    gate, source = gated(desk, refuses_after=3)
    result = desk.run(source, gates=[gate])
    assert (result.stopped_by, result.done, result.failed) == (StoppedBy.FINISHED, 6, 0)
    assert [job.video_id for job in source.asked] == [CLIPS[n].video_id for n in (0, 1, 2, 2, 3, 4, 5)]
    assert source.asked_us[3] >= source.asked_us[2] + 3600 * S


def test_what_is_at_hand_comes_first_and_leaves_no_trace_of_what_it_lacks(desk):
    folder = ScriptedSource("folder", {CLIPS[4], CLIPS[5]})
    gate, source = gated(desk)
    result = desk.run(folder, source, gates=[gate], at_hand=1)
    assert (result.stopped_by, result.done) == (StoppedBy.FINISHED, 6)
    assert [verdict.clip for verdict in desk.watcher.verdicts] == [CLIPS[n] for n in (4, 5, 0, 1, 2, 3)]
    assert [len(source.asked), len(list(desk.ledger.select("SELECT 1 FROM attempt")))] == [4, 6]


def test_what_fails_at_hand_is_asked_of_the_others(desk):
    folder = ScriptedSource("folder", fails=failure(Reason.DAMAGED_MEDIA))
    gate, source = gated(desk)
    assert desk.run(folder, source, gates=[gate], at_hand=1).done == 6


def test_what_is_at_hand_is_not_held_up_by_a_cool_down(desk):
    folder = ScriptedSource("folder", {CLIPS[5]})
    gate, source = gated(desk, opens_s=7200)
    result = desk.run(folder, source, gates=[gate], at_hand=1, stop_on_throttle=True)
    assert (result.stopped_by, result.done, source.asked) == (StoppedBy.THROTTLE, 1, [])


def test_later_sources_go_on_while_every_egress_cools_down(desk):
    gate, source = gated(desk, refuses_after=2)
    folder = ScriptedSource("folder", {CLIPS[4], CLIPS[5]})
    began_us = desk.clock.now_us()
    result = desk.run(source, folder, gates=[gate], goes_on_cooling=True)
    assert (result.stopped_by, result.done, result.failed) == (StoppedBy.FINISHED, 6, 0)
    done = [verdict for verdict in desk.watcher.verdicts if isinstance(verdict.result, Stored)]
    assert [verdict.clip for verdict in done] == [CLIPS[n] for n in (0, 4, 5, 1, 2, 3)]
    assert [verdict.source for verdict in done] == ["youtube", "folder", "folder", "youtube", "youtube", "youtube"]
    assert desk.clock.now_us() >= began_us + 3600 * S


def test_a_failure_elsewhere_proves_nothing_while_the_egress_cools_down(desk):
    gate, source = gated(desk, opens_s=7200)
    folder = ScriptedSource("folder", fails=failure(Reason.TOO_SHORT))
    result = desk.run(source, folder, gates=[gate], goes_on_cooling=True)
    assert (result.done, desk.ledger.status(0).clips.lost) == (6, 0)


def test_a_second_egress_goes_on_alone(desk):
    gate, source = gated(desk)
    closed = ScriptedGate(desk.clock, desk.clock.now_us() + 7200 * S, "other")
    began_us = desk.clock.now_us()
    assert desk.run(source, gates=[closed, gate]).stopped_by is StoppedBy.FINISHED
    assert desk.clock.now_us() == began_us


@pytest.mark.parametrize("limit", [1, 4, 6, 9])
def test_a_session_ends_after_its_clips(desk, limit):
    result = desk.run(ScriptedSource("near", set(CLIPS)), max_clips=limit)
    assert (result.stopped_by, result.done) == (StoppedBy.LIMIT if limit < 6 else StoppedBy.FINISHED, min(limit, 6))
    desk.begin()
    assert desk.run(ScriptedSource("near", set(CLIPS))).done == 6 - result.done


def test_failures_do_not_count_as_clips_of_the_session(desk):
    trimmer = ScriptedTrimmer({CLIPS[0]: failure(Reason.TOO_SHORT)})
    result = desk.run(ScriptedSource("near", set(CLIPS)), trimmer=trimmer, max_clips=2)
    assert [verdict.clip for verdict in desk.watcher.verdicts] == CLIPS[:3]
    assert (result.done, result.failed) == (2, 1)


def test_a_session_ends_at_its_time(desk):
    class Slow(ScriptedSource):
        def locate(self, job, meter):
            desk.clock.us += 60 * S
            return super().locate(job, meter)

    result = desk.run(Slow("near", set(CLIPS)), until_us=desk.clock.now_us() + 150 * S)
    assert (result.stopped_by, result.done) == (StoppedBy.LIMIT, 3)


def test_a_session_that_ends_before_the_cool_down_does_not_wait_for_its_end(desk):
    gate, source = gated(desk, opens_s=7200)
    began_us = desk.clock.now_us()
    result = desk.run(source, gates=[gate], until_us=began_us + 3600 * S)
    assert (result.stopped_by, source.asked) == (StoppedBy.LIMIT, [])
    assert desk.clock.now_us() < began_us + 10 * S


def test_draining_ends_the_run_after_what_is_in_flight(desk):
    class Stopping(Watcher):
        def recorded(self, verdict: Attempt, node: str = "") -> None:
            super().recorded(verdict)
            desk.drain.set()

    desk.watcher = Stopping()
    result = desk.run(ScriptedSource("near", set(CLIPS)))
    assert (result.stopped_by, result.done) == (StoppedBy.INTERRUPT, 1)
    assert isinstance(desk.watcher.verdicts[0].result, Stored)


def test_a_run_that_was_told_to_end_at_once_hands_out_nothing(desk):
    desk.drain.set()
    desk.abort.set()
    source = ScriptedSource("near", set(CLIPS))
    assert desk.run(source).stopped_by is StoppedBy.INTERRUPT
    assert source.asked == []
