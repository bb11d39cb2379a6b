"""What a mirror may still bring, asked of the ledger."""

import pytest
from test_ledger_jobs import FACTS, HEADER, NOW_US, Desk, S, outcome, path_of, row

from clipset.ledger import Ledger, PlanHeader
from clipset.ledger.missing import Group, Missing
from clipset.reasons import Reason
from clipset.types import Attempt, Cost, Failure, Outcome, Span, Stage, Stored

TRAIN = Group(HEADER.dataset, "train", "cycling")


@pytest.fixture
def desk(tmp_path):
    with Ledger.open(tmp_path / "data") as ledger:
        yield Desk(ledger, [row("a"), row("b"), row("c"), row("d", label="running")])


def missing(desk: Desk) -> Missing:
    return Missing(desk.ledger, [desk.plan], "cvdf")


def answered(desk: Desk, name: str, reason: Reason, source: str = "cvdf", *, is_noted: bool = False) -> None:
    """A failure of a source, noted or with all that it means."""
    found = missing(desk).find(row(name).clip)
    assert found is not None
    failed = Attempt(row(name).clip, Failure(reason, "text", Stage.FETCH), source, cost=Cost(fetched_bytes=70))
    if is_noted:
        desk.ledger.note(Outcome(found.job, (failed,)), desk.session, NOW_US)
    else:
        desk.record(Outcome(found.job, (failed,)))


def found_names(desk: Desk) -> list[str]:
    return [name for name in "abcd" if missing(desk).find(row(name).clip) is not None]


def test_what_is_done_is_not_missing_and_what_is_lost_or_put_off_is(desk):
    desk.delays = {Reason.NETWORK: [3600.0]}
    for job, reason in zip(desk.jobs(3), (None, Reason.PRIVATE, Reason.NETWORK), strict=True):
        desk.record(outcome(job, reason))
    assert found_names(desk) == ["b", "c", "d"]
    assert missing(desk).groups() == {TRAIN: 2, TRAIN._replace(label="running"): 1}
    assert missing(desk).count(row(name).clip for name in "abcd") == 3
    lost, put_off, untouched = (missing(desk).find(row(name).clip) for name in "bcd")
    assert [lost.is_lost, put_off.is_lost, untouched.is_lost] == [True, False, False]
    assert [lost.is_open, put_off.is_open, untouched.is_open] == [False, False, True]


def test_a_clip_comes_with_all_its_places_and_groups(desk):
    more = PlanHeader("more.csv", "1" * 64, "{}", HEADER.recipe_id, "kinetics600")
    desk.ledger.load(more, [row("a", label="riding")], path_of)
    found = missing(desk).find(row("a").clip)
    assert found.job.wanted[0].paths == (path_of(row("a")), path_of(row("a", label="riding")))
    assert found.groups == (TRAIN, Group("kinetics600", "train", "riding"))
    assert found.job.attempt == 1


def test_clips_of_other_plans_and_strangers_are_not_missing(desk):
    other = PlanHeader("more.csv", "1" * 64, "{}", HEADER.recipe_id, "kinetics600")
    desk.ledger.load(other, [row("z")], path_of)
    assert missing(desk).find(row("z").clip) is None
    assert missing(desk).find(row("a", start_s=5).clip) is None
    assert missing(desk).count([row("z").clip, row("y").clip]) == 0


def test_a_clip_whose_copy_was_bad_is_not_looked_for_again_unless_asked_anew(desk):
    answered(desk, "a", Reason.DAMAGED_MEDIA, is_noted=True)
    answered(desk, "b", Reason.ABSENT, is_noted=True)
    answered(desk, "c", Reason.DAMAGED_MEDIA, "youtube")
    answered(desk, "d", Reason.MEDIA_CRASH, is_noted=True)
    assert found_names(desk) == ["b", "c", "d"]
    answered(desk, "b", Reason.TOO_SHORT)
    assert found_names(desk) == ["c", "d"]
    desk.ledger.want_again({"lost", "wanted"}, NOW_US + S, [Reason.TOO_SHORT])
    assert found_names(desk) == ["b", "c", "d"]


def test_a_failure_that_is_noted_settles_nothing_and_is_counted(desk):
    answered(desk, "a", Reason.DAMAGED_MEDIA, is_noted=True)
    assert desk.names() == ["a", "b", "c", "d"]
    assert desk.clips == (4, 0, 0)
    status = desk.ledger.status(NOW_US)
    assert status.bytes.fetched == 70
    assert (status.sessions[0].done, status.sessions[0].failed) == (0, 0)


def test_a_clip_that_was_lost_can_be_found_all_the_same(desk):
    answered(desk, "a", Reason.PRIVATE, "youtube")
    assert desk.clips == (3, 0, 1)
    found = missing(desk).find(row("a").clip)
    stored = Stored(found.job.wanted[0].paths[0], 1_000, "ab" * 32, FACTS)
    desk.record(Outcome(found.job, (Attempt(row("a").clip, stored, "cvdf"),)))
    assert desk.clips == (3, 1, 0)


def test_clips_that_nobody_answered_for_come_in_batches_a_job_a_video(tmp_path):
    rows = [row(f"v{number}", start_s) for number in range(600) for start_s in (0, 20)]
    with Ledger.open(tmp_path / "data") as ledger:
        desk = Desk(ledger, rows)
        answered_name = rows[0].video_id.rstrip("x")
        answered(desk, answered_name, Reason.ABSENT)
        seen = []
        for jobs in missing(desk).unanswered():
            assert len({job.video_id for job in jobs}) == len(jobs)
            assert sum(len(job.wanted) for job in jobs) <= 500
            seen += [(job.video_id, want.clip.span) for job in jobs for want in job.wanted]
        assert sorted(seen) == sorted((one.video_id, one.clip.span) for one in rows[1:])
        assert (rows[0].video_id, Span(0, 10 * S)) not in seen
