"""The ledger as a state machine: loads, hand-outs, answers and restarts in any order agree with a small model."""

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from clipset.ledger import Ledger, PlanHeader
from clipset.reasons import Disposition, Reason
from clipset.types import Annotation, Attempt, Clip, Facts, Failure, Outcome, Span, Stage, Stored, VideoJob

S = 1_000_000
FACTS = Facts(64, 36, Fraction(25), 25, S, "h264", None, "18")
VIDEOS = [letter * 11 for letter in "abcde"]
DELAYS_S = {Reason.NETWORK: (5.0, 60.0), Reason.ABSENT: (0.0,) * 99, Reason.DAMAGED_MEDIA: (2.0,)}
RESULTS = [None, Reason.PRIVATE, Reason.NETWORK, Reason.ABSENT, Reason.DAMAGED_MEDIA, Reason.THROTTLED, Reason.BUG]

annotations = st.builds(
    lambda video, start, label: Annotation(video, start * S, (start + 1) * S, "train", label),
    st.sampled_from(VIDEOS),
    st.integers(0, 2),
    st.sampled_from(["cycling", "biking"]),
)


def retry(reason: Reason, tries: int) -> float | None:
    delays = DELAYS_S.get(reason, ())
    return delays[tries - 1] if tries <= len(delays) else None


def path_of(row: Annotation) -> str:
    return f"train/{row.label}/{row.clip.id}.mp4"


@dataclass
class Known:
    """What the model knows of a clip."""

    state: str = "wanted"
    not_before_us: int = 0
    session: int = 0  # the last one in which an answer cost an attempt
    attempts: int = 0
    reason: Reason | None = None
    tries: dict[Reason, int] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)
    linked: set[str] = field(default_factory=set)


class LedgerMachine(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="clipset-machine-"))
        self.ledger = Ledger.open(self.directory)
        self.now_us = 1_000_000 * S
        self.clips: dict[Clip, Known] = {}
        self.plans: list[list[Clip]] = []
        self.in_flight: dict[str, VideoJob] = {}
        self.answered: list[Outcome] = []
        self.session = 0

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
            shutil.rmtree(self.directory)

    # what a user does

    @rule(rows=st.lists(annotations, min_size=1, max_size=8))
    def load(self, rows: list[Annotation]) -> None:
        header = PlanHeader("list", f"{len(self.plans):064}", "{}", "r", "kinetics")
        self.ledger.load(header, rows, path_of)
        for row in rows:
            self.clips.setdefault(row.clip, Known()).paths.add(path_of(row))
        self.plans.append(list(dict.fromkeys(row.clip for row in rows)))

    @precondition(lambda self: self.plans)
    @rule(data=st.data())
    def begin_session(self, data: st.DataObject) -> None:
        self.chosen = data.draw(st.lists(st.integers(1, len(self.plans)), min_size=1, max_size=2, unique=True))
        self.session = self.ledger.start_session(self.now_us, "{}", "{}")
        self.in_flight.clear()

    @rule(seconds=st.sampled_from([1, 5, 61, 4_000]))
    def time_passes(self, seconds: int) -> None:
        self.now_us += seconds * S

    @rule()
    def reopen(self) -> None:
        """A crash looks the same: nothing but the file survives."""
        self.ledger.close()
        self.ledger = Ledger.open(self.directory)
        self.session = 0

    @rule(
        reasons=st.none() | st.sets(st.sampled_from(RESULTS[1:])), states=st.sets(st.sampled_from(["lost", "wanted"]))
    )
    def ask_anew(self, reasons: set[Reason] | None, states: set[str]) -> None:
        self.session = 0
        self.in_flight.clear()
        counts = self.ledger.want_again(states, self.now_us, reasons)
        chosen = [
            known
            for known in self.clips.values()
            if known.state in states and known.reason and (reasons is None or known.reason in reasons)
        ]
        assert counts == Counter(known.reason.value for known in chosen)
        for known in chosen:
            known.state, known.not_before_us, known.session = "wanted", 0, 0
            known.tries.clear()

    # what the loop does

    @precondition(lambda self: self.session)
    @rule(count=st.integers(1, 4))
    def hand_out(self, count: int) -> None:
        jobs = self.ledger.next_jobs(self.chosen, self.now_us, count, self.in_flight, self.session)
        due = self.due_videos()
        assert {job.video_id for job in jobs} <= due.keys()
        assert len(jobs) == min(count, len(due))
        for job in jobs:
            assert [want.clip for want in job.wanted] == due[job.video_id]
            assert all(set(want.paths) == self.clips[want.clip].paths for want in job.wanted)
            self.in_flight[job.video_id] = job

    @precondition(lambda self: self.session and self.in_flight)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        job = self.in_flight.pop(data.draw(st.sampled_from(sorted(self.in_flight))))
        attempts = tuple(self.attempt(want.clip, want.paths[0], data) for want in job.wanted)
        outcome = Outcome(job, attempts)
        self.ledger.record(outcome, self.session, self.now_us, retry)
        self.answered.append(outcome)
        for attempt in attempts:
            self.settle(attempt)

    @precondition(lambda self: self.session and self.answered)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        """An answer that cost an attempt arrives a second time: nothing changes."""
        outcome = data.draw(st.sampled_from(self.answered))
        if any(self.costs(attempt) for attempt in outcome.attempts):
            for attempt in outcome.attempts:
                if isinstance(attempt.result, Stored):
                    assert self.clips[attempt.clip].state == "done"
            self.ledger.record(outcome, self.session, self.now_us, retry)

    @precondition(lambda self: self.plans)
    @rule()
    def link(self) -> None:
        for plan, clips in enumerate(self.plans, 1):
            found = {path for _, path in self.ledger.unlinked(plan)}
            done = [self.clips[clip] for clip in clips if self.clips[clip].state == "done"]
            assert found == {path for known in done for path in known.paths - known.linked}
            self.ledger.mark_linked(found)
            for known in done:
                known.linked |= known.paths

    # the model

    def planned(self) -> dict[Clip, Known]:
        members = {clip for plan in self.chosen for clip in self.plans[plan - 1]}
        return {clip: known for clip, known in self.clips.items() if clip in members}

    def due_videos(self) -> dict[str, list[Clip]]:
        """Each video with its clips in the order in which the ledger first saw them."""
        due: dict[str, list[Clip]] = {}
        for clip, known in self.planned().items():
            later = known.not_before_us > self.now_us or (not known.not_before_us and known.session == self.session)
            if known.state == "wanted" and not later and clip.video_id not in self.in_flight:
                due.setdefault(clip.video_id, []).append(clip)
        return due

    def attempt(self, clip: Clip, path: str, data: st.DataObject) -> Attempt:
        reason = data.draw(st.sampled_from(RESULTS))
        result = Failure(reason, "text", Stage.RESOLVE) if reason else Stored(path, 1, "0", FACTS)
        return Attempt(clip, result, "youtube")

    @staticmethod
    def costs(attempt: Attempt) -> bool:
        return isinstance(attempt.result, Stored) or attempt.result.disposition in {Disposition.LOST, Disposition.RETRY}

    def settle(self, attempt: Attempt) -> None:
        known = self.clips[attempt.clip]
        if known.state == "wanted":
            known.reason = None if isinstance(attempt.result, Stored) else attempt.result.reason
        if not self.costs(attempt):
            return
        known.attempts += 1
        known.session = self.session
        if isinstance(attempt.result, Stored):
            known.state, known.not_before_us, known.linked = "done", 0, set(known.paths)
            return
        reason = attempt.result.reason
        known.tries[reason] = known.tries.get(reason, 0) + 1
        delay_s = retry(reason, known.tries[reason])
        known.state = "lost" if delay_s is None else "wanted"
        known.not_before_us = self.now_us + round(delay_s * S) if delay_s else 0

    # what holds at any time

    @invariant()
    def the_ledger_agrees_with_the_model(self) -> None:
        rows = self.ledger.select(
            "SELECT video.id, start_us, end_us, state, not_before_us, clip.attempts FROM clip"
            " JOIN video ON video.key = clip.video_key"
        )
        found = {Clip(video, Span(start, end)): tuple(rest) for video, start, end, *rest in rows}
        expected = {clip: (known.state, known.not_before_us, known.attempts) for clip, known in self.clips.items()}
        assert found == expected

    @invariant()
    def the_counts_add_up(self) -> None:
        status = self.ledger.status(self.now_us)
        states = [known.state for known in self.clips.values()]
        assert (status.clips.wanted, status.clips.done, status.clips.lost) == tuple(
            states.count(state) for state in ("wanted", "done", "lost")
        )
        videos = {clip.video_id for clip in self.clips}
        assert status.videos.wanted + status.videos.done + status.videos.lost == len(videos)
        assert sum(session.done for session in status.sessions) == status.clips.done

    @precondition(lambda self: self.session and not self.in_flight)
    @invariant()
    def the_next_due_time_is_that_of_the_first_waiting_clip(self) -> None:
        waiting = [known for known in self.planned().values() if known.state == "wanted"]
        expected = [known.not_before_us for known in waiting if known.not_before_us > self.now_us]
        due_us = self.ledger.next_due_us(self.chosen, self.session)
        if expected and not self.due_videos():
            assert due_us == min(expected)


LedgerMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestLedgerMachine = LedgerMachine.TestCase
