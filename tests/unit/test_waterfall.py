"""Sources around a mirror: who is asked when, whatever one of them is down for. Virtual time, real ledger and tars."""

from dataclasses import replace

import pytest
from benches import S, ScriptedSource, bench, failure
from test_run import GatedSource, ScriptedGate
from test_sweep import Desk, Seer, listed, row, tar

from clipset.cli.waterfall import Parts, Waterfall
from clipset.cli.workshop import Stops
from clipset.engines.inline import InlineEngine
from clipset.reasons import Reason
from clipset.rehearsal import MirrorFile, Rehearsal, Scenario
from clipset.run import Conduct, RunResult, StoppedBy
from clipset.types import Attempt

CLIPS = {row(number).clip for number in range(6)}
HALF = listed(part_0=tar(2, 3, 4))


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path, [row(number) for number in range(6)])
    yield desk
    desk.ledger.close()


class Paced(GatedSource):
    """Has every clip; refused with the video that is the n-th, then closed for an hour."""

    def __init__(self, desk: Desk, gate: ScriptedGate, refuses_after: int) -> None:
        super().__init__(gate, desk.clock, refuses_after)
        self._has = CLIPS


def ran(
    desk: Desk, mirror: dict[str, MirrorFile], *sources: ScriptedSource, gates=(), at_hand=0, stops=None, **parts
) -> RunResult:
    engine = InlineEngine(replace(bench(*sources, sink=desk.sink), at_hand=at_hand))
    stops = stops or Stops(desk.drain, desk.abort)
    with Rehearsal(Scenario(mirror=mirror)) as site:
        made = Parts(gates, engine, parts.pop("conduct", Conduct()), desk.means(site), **parts)
        return Waterfall(desk.ledger, made, desk.seer, desk.clock, stops, desk.session).run([desk.plan])


def told(desk: Desk) -> dict[str, int]:
    found: dict[str, int] = {}
    for verdict in desk.seer.verdicts:
        name = f"{verdict.source}: {'failed' if hasattr(verdict.result, 'reason') else 'stored'}"
        found[name] = found.get(name, 0) + 1
    return found


def test_a_folder_then_the_mirror_then_the_rest(desk):
    folder, youtube = ScriptedSource("folder", {row(0).clip, row(2).clip}), ScriptedSource("youtube", CLIPS)
    result = ran(desk, HALF, folder, youtube, at_hand=1, is_first=False, is_last=False)
    assert (result.stopped_by, result.done) == (StoppedBy.FINISHED, 6)
    assert told(desk) == {"folder: stored": 2, "cvdf: stored": 2, "youtube: stored": 2}
    assert len(youtube.asked) == 2


def test_the_mirror_first_leaves_the_rest(desk):
    youtube = ScriptedSource("youtube", CLIPS)
    result = ran(desk, HALF, youtube, is_last=False)
    assert (result.stopped_by, result.done) == (StoppedBy.FINISHED, 6)
    assert told(desk) == {"cvdf: stored": 3, "youtube: stored": 3}


def test_a_folder_and_the_mirror_alone_say_what_neither_has(desk):
    folder = ScriptedSource("folder", {row(0).clip})
    result = ran(desk, HALF, folder, at_hand=1, is_first=False)
    assert (result.stopped_by, result.done, result.failed) == (StoppedBy.NOT_DUE, 4, 2)
    assert desk.reasons == {"absent": 2}


def test_the_mirror_last_brings_back_what_was_lost(desk):
    gone = ScriptedSource("youtube", fails=failure(Reason.PRIVATE))
    result = ran(desk, HALF, gone, is_first=False, is_paced_before=True)
    assert (result.stopped_by, result.done) == (StoppedBy.FINISHED, 3)
    assert desk.clips == (0, 3, 3)
    assert desk.reasons == {"private": 3}


def test_a_refusal_does_not_hold_up_the_mirror_and_is_waited_out_afterwards(desk):
    gate = ScriptedGate(desk.clock)
    youtube = Paced(desk, gate, refuses_after=2)
    began_us = desk.clock.now_us()
    result = ran(desk, HALF, youtube, gates=(gate,), is_first=False, is_paced_before=True)
    assert (result.stopped_by, result.done) == (StoppedBy.FINISHED, 6)
    stored = [verdict.source for verdict in desk.seer.verdicts if not hasattr(verdict.result, "reason")]
    assert stored == ["youtube", "cvdf", "cvdf", "cvdf", "youtube", "youtube"]
    assert len(youtube.asked_us) == 4  # the refused one among them
    assert desk.clock.now_us() - began_us >= 3600 * S


def test_a_refusal_ends_the_run_after_the_mirror_where_the_user_wants_that(desk):
    gate = ScriptedGate(desk.clock)
    conduct = Conduct(stop_on_throttle=True)
    youtube = Paced(desk, gate, refuses_after=2)
    result = ran(desk, HALF, youtube, gates=(gate,), is_first=False, is_paced_before=True, conduct=conduct)
    assert (result.stopped_by, result.done) == (StoppedBy.THROTTLE, 4)
    assert desk.clips == (2, 4, 0)


def test_a_mirror_that_is_down_leaves_all_to_the_others(desk):
    result = ran(desk, {}, ScriptedSource("youtube", CLIPS), is_last=False)
    assert (result.stopped_by, result.done) == (StoppedBy.FINISHED, 6)
    assert len(desk.seer.warnings) == 1


def test_who_asked_to_stop_is_asked_for_nothing_more(desk):
    stops = Stops(desk.drain, desk.abort)

    class Stopping(Seer):
        def recorded(self, verdict: Attempt, node: str = "") -> None:
            super().recorded(verdict)
            stops.asked.set()
            stops.drain.set()

    desk.seer = Stopping()
    youtube = ScriptedSource("youtube", {row(0).clip})
    result = ran(desk, HALF, youtube, stops=stops, is_first=False, is_paced_before=True)
    assert (result.stopped_by, result.done) == (StoppedBy.INTERRUPT, 1)
    assert "cvdf" not in str(told(desk))


@pytest.mark.parametrize("most", [2, 4])
def test_the_limit_of_a_session_counts_the_clips_of_all_sources(most, desk):
    youtube = ScriptedSource("youtube", CLIPS)
    result = ran(desk, HALF, youtube, is_last=False, conduct=Conduct(max_clips=most))
    assert (result.stopped_by, result.done) == (StoppedBy.LIMIT, most)
    assert desk.clips == (6 - most, most, 0)
