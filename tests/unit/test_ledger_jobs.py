"""What comes next, and what an outcome does to it: hand-out, recording, retries, sessions."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from clipset.ledger import EgressRow, Ledger, PlanHeader
from clipset.ledger.settle import Settled, settle
from clipset.reasons import Disposition, Reason
from clipset.types import Annotation, Attempt, Cost, Facts, Failure, Outcome, Stage, Stored, VideoJob

S = 1_000_000
NOW_US = 1_795_359_845 * S
FACTS = Facts(640, 360, Fraction(30000, 1001), 300, 10_010_000, "h264", "aac", "18")
HEADER = PlanHeader("list.csv", "0" * 64, "{}", "exact-h360", "kinetics400")


def row(name: str, start_s: int = 0, label: str = "cycling") -> Annotation:
    return Annotation(name.ljust(11, "x"), start_s * S, (start_s + 10) * S, "train", label)


def path_of(annotation: Annotation) -> str:
    return f"train/{annotation.label}/{annotation.clip.id}.mp4"


def outcome(job: VideoJob, *results: Reason | None, **failure: float) -> Outcome:
    """One result a clip of the job: None is done."""
    attempts = []
    for want, reason in zip(job.wanted, results, strict=True):
        failed = reason and Failure(reason, f"raw text of {reason}", Stage.RESOLVE, **failure)
        result = failed or Stored(want.paths[0], 1_000, "ab" * 32, FACTS)
        attempts.append(Attempt(want.clip, result, "youtube", "direct", Cost(1, 2, 3, 500, 4), "yt-dlp 2026.08.19"))
    return Outcome(job, tuple(attempts))


class Desk:
    """A ledger with one list, a session and a clock that the test sets; knows what is in flight, as the loop does."""

    def __init__(self, ledger: Ledger, rows: list[Annotation]) -> None:
        self.ledger = ledger
        self.now_us = NOW_US
        self.plan = ledger.load(HEADER, rows, path_of).plan_id
        self.delays: dict[Reason, list[float]] = {}
        self.in_flight: set[str] = set()
        self.new_session()

    def new_session(self) -> None:
        self.session = self.ledger.start_session(self.now_us, "{}", "{}")
        self.in_flight.clear()

    def jobs(self, count: int = 99) -> list[VideoJob]:
        jobs = self.ledger.next_jobs([self.plan], self.now_us, count, self.in_flight, self.session)
        self.in_flight |= {job.video_id for job in jobs}
        return jobs

    def names(self, count: int = 99) -> list[str]:
        return [job.video_id.rstrip("x") for job in self.jobs(count)]

    def retry(self, reason: Reason, tries: int) -> float | None:
        delays = self.delays.get(reason, [])
        return delays[tries - 1] if tries <= len(delays) else None

    def record(self, *outcomes: Outcome) -> None:
        self.in_flight -= {outcome.job.video_id for outcome in outcomes}
        self.ledger.record_all(outcomes, self.session, self.now_us, self.retry)

    @property
    def clips(self) -> tuple[int, int, int]:
        counts = self.ledger.status(self.now_us).clips
        return counts.wanted, counts.done, counts.lost


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "dataset") as opened:
        yield opened


def test_videos_come_in_the_order_of_the_list_with_all_their_clips(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("b"), row("a"), row("b", 50), row("c"), row("b", 20)])
    first, second = desk.jobs(count=2)
    assert [want.clip.span.start_us // S for want in first.wanted] == [0, 50, 20]
    assert [first.video_id[0], second.video_id[0]] == ["b", "a"]
    assert desk.names() == ["c"]


def test_a_video_comes_once_in_a_session_and_again_in_the_next(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a"), row("b")])
    assert (desk.names(), desk.names()) == (["a", "b"], [])
    desk.new_session()
    assert desk.names() == ["a", "b"]


def test_videos_in_flight_are_passed_over(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a"), row("b"), row("a", 20)])
    desk.in_flight.add(row("a").video_id)
    assert desk.names() == ["b"]


def test_nothing_asked_is_nothing_given_and_nothing_lost(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a")])
    assert (desk.names(count=0), desk.names()) == ([], ["a"])


def test_done_clips_are_never_handed_out_again(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a"), row("a", 20)])
    (job,) = desk.jobs()
    desk.record(outcome(job, None, Reason.NETWORK))
    desk.new_session()
    assert desk.jobs() == []
    assert desk.clips == (0, 1, 1)


def test_a_retry_waits_for_its_time_and_comes_back_in_the_same_session(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a"), row("b")])
    desk.delays[Reason.NETWORK] = [30.0]
    (job,) = desk.jobs(count=1)
    desk.record(outcome(job, Reason.NETWORK))
    assert desk.ledger.next_due_us([desk.plan], desk.session) == desk.now_us + 30 * S
    assert desk.names() == ["b"]
    desk.now_us += 30 * S - 1
    assert desk.names() == []
    desk.now_us += 1
    (again,) = desk.jobs()
    assert (again.video_id, again.attempt) == (job.video_id, 2)


def test_the_longer_of_policy_and_retry_after_counts(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a"), row("b")])
    desk.delays = {Reason.NETWORK: [30.0], Reason.SERVER_ERROR: [900.0]}
    one, two = desk.jobs()
    desk.record(outcome(one, Reason.NETWORK, retry_after_s=120.0), outcome(two, Reason.SERVER_ERROR, retry_after_s=5.0))
    assert desk.ledger.next_due_us([desk.plan], desk.session) == desk.now_us + 120 * S
    desk.now_us += 121 * S
    assert desk.names() == ["a"]


def test_a_delay_of_zero_means_the_next_session(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a")])
    desk.delays[Reason.ABSENT] = [0.0, 0.0]
    (job,) = desk.jobs()
    desk.record(outcome(job, Reason.ABSENT))
    desk.now_us += 10**15
    assert desk.names() == []
    assert desk.ledger.next_due_us([desk.plan], desk.session) is None
    assert desk.ledger.wanted_left([desk.plan]) == 1
    desk.new_session()
    assert desk.names() == ["a"]


def test_a_refusal_of_one_video_does_not_bring_back_those_that_wait_for_the_next_session(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a"), row("b")])
    desk.delays[Reason.ABSENT] = [0.0]
    one, two = desk.jobs()
    desk.record(outcome(two, Reason.ABSENT), outcome(one, Reason.THROTTLED))
    assert desk.jobs() == [one]


def test_used_up_retries_make_a_clip_lost(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a")])
    desk.delays[Reason.NETWORK] = [1.0, 1.0]
    for expected in ((1, 0, 0), (1, 0, 0), (0, 0, 1)):
        (job,) = desk.jobs()
        desk.record(outcome(job, Reason.NETWORK))
        assert desk.clips == expected
        desk.now_us += 2 * S
    assert desk.ledger.status(desk.now_us).reasons == {"network": 1}


def test_each_reason_has_its_own_retries(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a")])
    desk.delays = {Reason.NETWORK: [1.0], Reason.DAMAGED_MEDIA: [1.0]}
    for reason in (Reason.NETWORK, Reason.DAMAGED_MEDIA):
        (job,) = desk.jobs()
        desk.record(outcome(job, reason))
        desk.now_us += 2 * S
    (job,) = desk.jobs()
    assert job.attempt == 3


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.disposition in {"pace", "stop"}])
def test_a_refusal_or_a_stop_leaves_the_clip_as_it_was(ledger: Ledger, reason: Reason) -> None:
    desk = Desk(ledger, [row("a"), row("b")])
    job, other = desk.jobs()
    desk.record(outcome(job, reason))
    assert desk.jobs() == [job]
    status = desk.ledger.status(desk.now_us)
    assert (status.clips.wanted, status.reasons) == (2, {reason.value: 1})
    assert (status.bytes.fetched, status.sessions[0].failed) == (500, 0)
    desk.record(outcome(other, None), outcome(job, None))
    assert desk.clips == (0, 2, 0)


def test_a_refusal_keeps_the_time_of_a_clip_that_came_back(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a")])
    desk.delays[Reason.NETWORK] = [60.0]
    desk.record(outcome(desk.jobs()[0], Reason.NETWORK))
    desk.now_us += 61 * S
    (job,) = desk.jobs()
    desk.record(outcome(job, Reason.THROTTLED))
    assert desk.jobs() == [job]
    desk.new_session()
    assert desk.jobs() == [job]


def test_where_several_sources_were_asked_one_answer_counts_and_all_are_kept(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a")])
    (job,) = desk.jobs()
    clip = job.wanted[0].clip
    tries = (
        Attempt(clip, Failure(Reason.PRIVATE, "private", Stage.RESOLVE), "youtube", cost=Cost(fetched_bytes=10)),
        Attempt(clip, Stored(job.wanted[0].paths[0], 5, "00", FACTS), "folder", cost=Cost(fetched_bytes=1)),
    )
    desk.record(Outcome(job, tries))
    status = desk.ledger.status(desk.now_us)
    assert (desk.clips, status.bytes.fetched, status.reasons) == ((0, 1, 0), 11, {})
    assert [row[0] for row in desk.ledger.select("SELECT verdict FROM attempt ORDER BY key")] == [0, 1]


def test_an_answer_that_did_not_count_uses_up_no_retry(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a")])
    desk.delays[Reason.NETWORK] = [60.0]
    (job,) = desk.jobs()
    answers = [Failure(reason, "", Stage.RESOLVE) for reason in (Reason.NETWORK, Reason.THROTTLED)]
    desk.record(Outcome(job, tuple(Attempt(job.wanted[0].clip, answer, "any") for answer in answers)))
    desk.record(outcome(desk.jobs()[0], Reason.NETWORK))
    assert desk.clips == (1, 0, 0)


def test_recording_an_outcome_again_changes_nothing(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a"), row("a", 20), row("a", 40)])
    desk.delays[Reason.NETWORK] = [30.0, 60.0]
    (job,) = desk.jobs()
    desk.record(outcome(job, None, Reason.NETWORK, Reason.PRIVATE))
    before = desk.ledger.status(desk.now_us), list(desk.ledger.select("SELECT * FROM clip"))
    desk.record(outcome(job, None, Reason.NETWORK, Reason.PRIVATE))
    assert (desk.ledger.status(desk.now_us), list(desk.ledger.select("SELECT * FROM clip"))) == before


def test_a_late_failure_of_an_older_job_does_not_undo_what_came_since(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a")])
    desk.delays[Reason.NETWORK] = [1.0]
    (old,) = desk.jobs()
    desk.record(outcome(old, Reason.NETWORK))
    desk.now_us += 2 * S
    (new,) = desk.jobs()
    desk.record(outcome(new, None), outcome(old, Reason.PRIVATE))
    assert desk.clips == (0, 1, 0)


def test_a_late_success_of_an_older_job_counts(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a")])
    (job,) = desk.jobs()
    desk.record(outcome(job, Reason.PRIVATE))
    desk.record(outcome(job, None))
    assert desk.clips == (0, 1, 0)
    assert desk.ledger.status(desk.now_us).reasons == {}


def test_a_clip_that_was_not_reached_stays_and_comes_again(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a"), row("b")])
    (job,) = desk.jobs(1)
    desk.record(Outcome(job, ()))
    assert desk.clips == (2, 0, 0)
    held = ledger.next_jobs([desk.plan], desk.now_us, 9, (), desk.session, returned_too=False)
    assert [held_job.video_id for held_job in held] == [row("b").video_id]
    assert desk.jobs(1) == [job]


def test_jobs_at_hand_go_over_everything_once_and_then_the_others_do(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a"), row("b")])
    first, second = ledger.next_jobs([desk.plan], desk.now_us, 9, (), desk.session, at_hand=True)
    assert (first.at_hand, second.at_hand) == (True, True)
    desk.record(Outcome(first, ()), outcome(second, None))
    assert ledger.next_jobs([desk.plan], desk.now_us, 9, (), desk.session, at_hand=True) == []
    assert [(job.video_id, job.at_hand) for job in desk.jobs()] == [(row("a").video_id, False)]


def test_links_that_the_job_did_not_know_of_are_made_later(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a")])
    (job,) = desk.jobs()
    ledger.load(PlanHeader("b", "b" * 64, "{}", "exact-h360", "kinetics600"), [row("a", label="biking")], path_of)
    desk.record(outcome(job, None))
    (wanted,) = job.wanted
    assert list(ledger.unlinked(desk.plan)) == [(wanted.paths[0], f"train/biking/{wanted.clip.id}.mp4")]


def test_several_plans_come_one_after_the_other_and_a_video_with_its_clips_of_all(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a"), row("b")])
    header = PlanHeader("b", "b" * 64, "{}", "exact-h360", "kinetics600")
    other = ledger.load(header, [row("c"), row("b", 20), row("b")], path_of).plan_id
    jobs = ledger.next_jobs([desk.plan, other], NOW_US, 9, (), desk.session)
    assert [(job.video_id[0], len(job.wanted)) for job in jobs] == [("a", 1), ("b", 2), ("c", 1)]
    assert ledger.wanted_left([desk.plan, other]) == 4


def test_clips_of_another_plan_are_not_handed_out(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a"), row("b")])
    other = ledger.load(PlanHeader("b", "b" * 64, "{}", "r", "k"), [row("b", 20), row("c")], path_of).plan_id
    jobs = ledger.next_jobs([other], NOW_US, 9, (), desk.session)
    assert [(job.video_id[0], len(job.wanted)) for job in jobs] == [("b", 1), ("c", 1)]


@pytest.mark.parametrize("unknown", [row("z"), row("b", 77)])
def test_an_outcome_for_something_unknown_is_refused_whole(ledger: Ledger, unknown: Annotation) -> None:
    desk = Desk(ledger, [row("a"), row("b")])
    good, job = desk.jobs()
    attempt = Attempt(unknown.clip, Failure(Reason.PRIVATE, "", Stage.RESOLVE), "youtube")
    with pytest.raises(KeyError):
        desk.record(outcome(good, None), Outcome(VideoJob(unknown.video_id, job.wanted), (attempt,)))
    assert desk.clips == (2, 0, 0)


def test_an_outcome_of_an_unknown_session_is_refused(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a")])
    (job,) = desk.jobs()
    with pytest.raises(KeyError, match="no session 99"):
        ledger.record(outcome(job, None), 99, NOW_US, desk.retry)


def test_a_clock_set_back_by_a_day_hides_nothing_for_longer_than_that(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a"), row("b")])
    desk.delays = {Reason.NETWORK: [60.0], Reason.ABSENT: [0.0]}
    one, two = desk.jobs()
    desk.record(outcome(one, Reason.NETWORK), outcome(two, Reason.ABSENT))
    desk.now_us -= 86_400 * S
    desk.new_session()
    assert desk.names() == ["b"]
    desk.now_us += (86_400 + 60) * S
    assert desk.names() == ["a"]


@pytest.mark.parametrize("asked_meanwhile", [True, False])
def test_a_clock_set_back_during_a_session_does_not_hide_a_retry(ledger: Ledger, asked_meanwhile: bool) -> None:
    desk = Desk(ledger, [row("a")])
    desk.delays[Reason.NETWORK] = [60.0]
    (job,) = desk.jobs()
    desk.now_us -= 86_400 * S
    desk.record(outcome(job, Reason.NETWORK))
    if asked_meanwhile:
        assert desk.names() == []
    desk.now_us += 61 * S
    assert desk.names() == ["a"]


def test_a_clock_set_back_during_a_session_does_not_hide_what_was_due_when_it_began(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a"), row("b")])
    desk.delays[Reason.NETWORK] = [60.0]
    desk.record(outcome(desk.jobs()[1], Reason.NETWORK))
    desk.now_us += 61 * S
    desk.new_session()
    assert desk.names(count=1) == ["a"]
    desk.now_us -= 86_400 * S
    assert desk.names() == []
    desk.now_us += 86_400 * S
    assert desk.names() == ["b"]


@pytest.mark.parametrize(
    ("delay_s", "retry_after_s", "settled"),
    [
        (None, None, Settled("lost", 0)),
        (None, 60.0, Settled("lost", 0)),
        (0.0, None, Settled("wanted", 0)),
        (0.0, 60.0, Settled("wanted", NOW_US + 60 * S)),
        (2.5, None, Settled("wanted", NOW_US + 2_500_000)),
        (2.5, 1.0, Settled("wanted", NOW_US + 2_500_000)),
        (2.5, 1e300, Settled("wanted", NOW_US + 366 * 86_400 * S)),
        (2.5, float("inf"), Settled("wanted", NOW_US + 366 * 86_400 * S)),
        (2.5, float("nan"), Settled("wanted", NOW_US + 2_500_000)),
        (2.5, -5.0, Settled("wanted", NOW_US + 2_500_000)),
    ],
)
def test_the_time_of_a_retry(delay_s: float | None, retry_after_s: float | None, settled: Settled) -> None:
    failure = Failure(Reason.NETWORK, "", Stage.FETCH, retry_after_s=retry_after_s)
    assert settle(failure, 1, NOW_US, lambda _reason, _tries: delay_s) == settled


def test_a_policy_may_give_a_lost_reason_a_second_chance(ledger: Ledger) -> None:
    assert Reason.DAMAGED_MEDIA.disposition is Disposition.LOST
    desk = Desk(ledger, [row("a")])
    desk.delays[Reason.DAMAGED_MEDIA] = [5.0]
    desk.record(outcome(desk.jobs()[0], Reason.DAMAGED_MEDIA))
    assert desk.clips == (1, 0, 0)


def test_a_session_counts_a_clip_that_failed_and_then_came_as_done_only(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a"), row("b")])
    desk.delays[Reason.NETWORK] = [1.0, 1.0]
    one, two = desk.jobs()
    desk.record(outcome(one, Reason.NETWORK), outcome(two, Reason.NETWORK))
    for results in ((Reason.NETWORK, Reason.PRIVATE), (None, None)):
        desk.now_us += 2 * S
        desk.record(*(outcome(job, result) for job, result in zip(desk.jobs(), results, strict=False)))
    (session,) = ledger.status(desk.now_us).sessions
    assert (session.done, session.failed) == (1, 1)


def test_a_session_that_died_is_closed_by_the_next(ledger: Ledger) -> None:
    desk = Desk(ledger, [row("a")])
    desk.now_us += 5 * S
    desk.record(outcome(desk.jobs()[0], None))
    desk.now_us += 3600 * S
    desk.new_session()
    ledger.stop_session(desk.session, desk.now_us + S, "finished", peak_temporary_bytes=700)
    died, ended = ledger.status(desk.now_us).sessions
    assert list(ledger.select("SELECT peak_temporary_bytes FROM session ORDER BY key")) == [(None,), (700,)]
    assert (died.stopped_by, died.stopped_at, died.done) == ("killed", "2026-11-22T15:04:10Z", 1)
    assert (ended.stopped_by, ended.stopped_at) == ("finished", "2026-11-22T16:04:11Z")


def test_egresses_and_notes_are_kept(ledger: Ledger) -> None:
    ledger.save_egress(EgressRow("direct", None, 300.0, "{}"))
    ledger.save_egress(EgressRow("proxy a", NOW_US, None, '{"strikes": 2}'))
    ledger.save_egress(EgressRow("direct", NOW_US, 250.0, '{"strikes": 1}'))
    assert ledger.egresses() == [
        EgressRow("direct", NOW_US, 250.0, '{"strikes": 1}'),
        EgressRow("proxy a", NOW_US, None, '{"strikes": 2}'),
    ]
    assert ledger.get_meta("recipe_id") is None
    for value in ("exact-h360", "copy-h360"):
        ledger.set_meta("recipe_id", value)
    assert ledger.get_meta("recipe_id") == "copy-h360"


def test_a_call_does_not_look_at_clips_that_are_not_handed_out(ledger: Ledger) -> None:
    """Counted in steps of SQLite's machine, not in time: 20 times the list may not cost more."""
    rows = [row(f"v{number}") for number in range(4_000)]
    desk = Desk(ledger, rows)
    desk.delays[Reason.ABSENT] = [0.0]
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def cost() -> int:
        nonlocal steps
        steps = 0
        ledger._connection.set_progress_handler(count, 1)
        jobs = desk.jobs(count=4)
        ledger._connection.set_progress_handler(None, 1)
        assert len(jobs) == 4
        return steps

    first = cost()
    desk.record(*(outcome(job, Reason.ABSENT if n % 2 else None) for n, job in enumerate(desk.jobs(count=3_900))))
    assert cost() < 2 * first
