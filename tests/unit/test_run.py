"""The loop: what it hands out, records, waits for, and what ends it. A real ledger, virtual time."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from benches import S, ScriptedSource, ScriptedTrimmer, bench, clip, failure

from clipset.engines.inline import InlineEngine
from clipset.ledger import Ledger, PlanHeader
from clipset.reasons import Reason
from clipset.run import Run, StoppedBy
from clipset.throttle.gate import GateView
from clipset.types import Annotation, Attempt, Stored

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
    ticks: int = 0

    def recorded(self, verdict: Attempt) -> None:
        self.verdicts.append(verdict)

    def tick(self, in_flight: int, gates: Sequence[GateView], waiting_until_us: int | None) -> None:
        self.ticks += 1


class ClosedGate:
    def snapshot(self) -> GateView:
        return GateView("direct", "cooling", 1_800_000_000 * S, 300.0, "refused", "{}")


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

    def run(self, *sources, trimmer=None, gates=(), stop_on_throttle=False):
        session = self.ledger.start_session(self.clock.now_us(), "{}", "{}")
        engine = InlineEngine(bench(*sources, trimmer=trimmer))
        run = Run(
            self.ledger, engine, list(gates), self.watcher, self.clock, stop_on_throttle=stop_on_throttle
        )  # fmt: skip
        return run.run([self.plan], session, self.drain, self.abort)


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


def test_a_refusal_ends_the_run_where_the_user_wants_that_and_costs_no_clip(desk):
    refused = ScriptedSource("youtube", fails=failure(Reason.THROTTLED))
    result = desk.run(refused, gates=[ClosedGate()], stop_on_throttle=True)
    assert (result.stopped_by, result.failed) == (StoppedBy.THROTTLE, 0)
    assert len(refused.asked) == 1
    status = desk.ledger.status(desk.clock.now_us())
    assert (status.clips.wanted, status.clips.lost) == (6, 0)
    assert status.egress[0].state == "cooling"


def test_draining_ends_the_run_after_what_is_in_flight(desk):
    class Stopping(Watcher):
        def recorded(self, verdict: Attempt) -> None:
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
