"""One video's clips, from the first source that has them to their place."""

from contextlib import contextmanager

import pytest
from benches import LEAST_BYTES, MemorySink, ScriptedSource, ScriptedTrimmer, bench, clip, failure, wanted

from clipset.materialise import materialise
from clipset.reasons import Reason
from clipset.types import ClipsetError, Failure, Meter, Outcome, Stored, VideoJob, Wanted

FIRST, SECOND, THIRD = clip(start_s=0), clip(start_s=20), clip(start_s=40)
JOB = VideoJob("abcdefghijk", wanted(FIRST, SECOND, THIRD))


def results(outcome: Outcome) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for attempt in outcome.attempts:
        said = "stored" if isinstance(attempt.result, Stored) else attempt.result.reason.value
        found.setdefault(attempt.clip.id[-13:], []).append(f"{attempt.source}: {said}")
    return found


def test_sources_are_asked_in_order_and_only_for_what_is_missing():
    near, far = ScriptedSource("near", {FIRST, THIRD}), ScriptedSource("far", {FIRST, SECOND, THIRD})
    outcome = materialise(JOB, bench(near, far))
    assert results(outcome) == {
        "000000_000010": ["near: stored"],
        "000020_000030": ["far: stored"],
        "000040_000050": ["near: stored"],
    }
    assert [want.clip for want in far.asked[0].wanted] == [SECOND]


def test_no_source_is_asked_when_nothing_is_missing():
    near, far = ScriptedSource("near", {FIRST, SECOND, THIRD}), ScriptedSource("far")
    materialise(JOB, bench(near, far))
    assert far.asked == []


def test_a_clip_that_no_source_has_is_absent():
    outcome = materialise(JOB, bench(ScriptedSource("near"), ScriptedSource("far", {SECOND})))
    assert results(outcome)["000000_000010"] == ["near, far: absent"]
    assert results(outcome)["000020_000030"] == ["far: stored"]


def test_a_video_that_fails_as_a_whole_fails_for_each_of_its_clips_and_the_next_source_is_asked():
    gone = ScriptedSource("youtube", fails=failure(Reason.PRIVATE))
    outcome = materialise(JOB, bench(gone, ScriptedSource("mirror", {FIRST})))
    assert results(outcome) == {
        "000000_000010": ["youtube: private", "mirror: stored"],
        "000020_000030": ["youtube: private"],
        "000040_000050": ["youtube: private"],
    }


def test_the_verdict_on_a_clip_is_the_attempt_that_leaves_most_hope():
    gone = ScriptedSource("a", fails=failure(Reason.PRIVATE))
    down = ScriptedSource("b", fails=failure(Reason.NETWORK))
    verdicts = materialise(JOB, bench(gone, down)).verdicts
    assert {verdict.result.reason for verdict in verdicts if isinstance(verdict.result, Failure)} == {Reason.NETWORK}


def test_a_refusal_ends_this_source_for_the_whole_video_but_not_the_next_one():
    trimmer = ScriptedTrimmer({FIRST: failure(Reason.THROTTLED)})
    outcome = materialise(
        JOB, bench(ScriptedSource("youtube", {FIRST, SECOND}), ScriptedSource("mirror"), trimmer=trimmer)
    )
    assert results(outcome) == {
        "000000_000010": ["youtube: throttled"],
        "000020_000030": ["youtube: throttled"],
        "000040_000050": ["youtube: throttled"],
    }


def test_a_full_disk_ends_the_job():
    trimmer = ScriptedTrimmer({FIRST: failure(Reason.DISK_FULL)})
    far = ScriptedSource("far", {FIRST})
    outcome = materialise(JOB, bench(ScriptedSource("near", {FIRST, SECOND}), far, trimmer=trimmer))
    assert results(outcome) == {"000000_000010": ["near: disk_full"]}
    assert far.asked == []


def test_damage_costs_its_own_clip_only():
    trimmer = ScriptedTrimmer({SECOND: failure(Reason.DAMAGED_MEDIA)})
    outcome = materialise(JOB, bench(ScriptedSource("near", {FIRST, SECOND, THIRD}), trimmer=trimmer))
    assert results(outcome)["000020_000030"] == ["near: damaged_media"]
    assert results(outcome)["000040_000050"] == ["near: stored"]


def test_a_stop_leaves_what_was_not_reached_in_no_attempt():
    outcome = materialise(JOB, bench(ScriptedSource("near", {FIRST}), ScriptedSource("far", interrupted=True)))
    assert results(outcome) == {"000000_000010": ["near: stored"]}


def test_a_clip_that_lies_in_place_is_checked_and_taken_without_asking_anyone():
    sink, near = MemorySink(), ScriptedSource("near", {FIRST, SECOND, THIRD})
    sink.files[JOB.wanted[0].paths[0]] = FIRST.id.encode()
    sink.files[JOB.wanted[1].paths[0]] = b"something else"
    outcome = materialise(JOB, bench(near, sink=sink))
    assert results(outcome) == {
        "000000_000010": ["disk: stored"],
        "000020_000030": ["near: stored"],
        "000040_000050": ["near: stored"],
    }
    assert sink.files[JOB.wanted[1].paths[0]] == SECOND.id.encode()


def test_a_clip_of_several_names_is_stored_once_and_linked():
    sink = MemorySink()
    job = VideoJob("abcdefghijk", (Wanted(FIRST, ("val/a/x.mp4", "val/b/x.mp4")),))
    outcome = materialise(job, bench(ScriptedSource("near", {FIRST}), sink=sink))
    assert sink.files["val/b/x.mp4"] is sink.files["val/a/x.mp4"]
    (attempt,) = outcome.attempts
    assert isinstance(attempt.result, Stored)
    assert attempt.result.path == "val/a/x.mp4"


def test_what_the_whole_video_cost_is_charged_once():
    outcome = materialise(JOB, bench(ScriptedSource("near", {FIRST, SECOND, THIRD})))
    assert [attempt.cost.requests for attempt in outcome.attempts] == [1, 0, 0]
    assert sum(attempt.cost.fetched_bytes for attempt in outcome.attempts) == 100


@pytest.mark.parametrize("reason", [Reason.PRIVATE, Reason.THROTTLED])
def test_what_a_failure_cost_is_charged_too(reason):
    outcome = materialise(JOB, bench(ScriptedSource("near", fails=failure(reason))))
    assert sum(attempt.cost.requests for attempt in outcome.attempts) == 1


def test_the_least_bytes_of_a_clip_are_told_where_it_was_made_of_what_was_fetched():
    near = ScriptedSource("near", {FIRST, SECOND, THIRD})
    sink = MemorySink()
    sink.files[JOB.wanted[0].paths[0]] = FIRST.id.encode()
    outcome = materialise(JOB, bench(near, trimmer=ScriptedTrimmer({THIRD: failure(Reason.TOO_SHORT)}), sink=sink))
    assert {attempt.clip: attempt.cost.least_bytes for attempt in outcome.attempts} == {
        FIRST: None,  # was on disk
        SECOND: LEAST_BYTES,
        THIRD: None,
    }


def test_where_nobody_was_asked_there_is_nothing_to_compare_with():
    class Folder(ScriptedSource):
        @contextmanager
        def locate(self, job, meter):
            del meter
            with super().locate(job, Meter()) as found:
                yield found

    outcome = materialise(JOB, bench(Folder("near", {FIRST, SECOND, THIRD})))
    assert {attempt.cost.least_bytes for attempt in outcome.attempts} == {None}


def test_a_place_that_cannot_be_looked_into_ends_the_job_before_any_source_is_asked():
    class Away(MemorySink):
        def get(self, path):
            raise ClipsetError(failure(Reason.STORE_UNAVAILABLE))

    near = ScriptedSource("near", {FIRST, SECOND, THIRD})
    outcome = materialise(JOB, bench(near, sink=Away()))
    assert results(outcome) == {"000000_000010": ["disk: store_unavailable"]}
    assert near.asked == []


def test_a_clip_that_cannot_be_looked_at_now_is_made_anew():
    class Hiccup(MemorySink):
        def get(self, path):
            raise ClipsetError(failure(Reason.STORE_ERROR))

    outcome = materialise(JOB, bench(ScriptedSource("near", {FIRST, SECOND, THIRD}), sink=Hiccup()))
    assert set(map(str, results(outcome).values())) == {"['near: stored']"}


def test_waiting_for_the_store_is_time_of_the_clip_but_not_of_its_trimming(monkeypatch):
    now_s = [1.0]
    monkeypatch.setattr("clipset.materialise.time.monotonic", lambda: now_s[0])

    class Slow(MemorySink):
        def put(self, path, data):
            now_s[0] += 100
            super().put(path, data)

    outcome = materialise(JOB, bench(ScriptedSource("near", {FIRST, SECOND, THIRD}), sink=Slow()))
    assert [(attempt.cost.trim_s, attempt.cost.total_s) for attempt in outcome.attempts] == [(0, 100)] * 3
