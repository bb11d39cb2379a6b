"""Writes outcomes down: attempts are appended, clips settled, the session's counts kept."""

import json
import sqlite3
from typing import NamedTuple

from clipset.ledger.rows import storable
from clipset.ledger.settle import Retry, counts, settle
from clipset.types import US_PER_S, Attempt, Clip, Facts, Failure, Outcome, Stored

_APPEND = """
INSERT INTO attempt (clip_key, session_key, job_attempt, at_us, verdict, source, egress, tool, reason, stage,
                     http_status, detail, download_us, trim_us, total_us, fetched_bytes, requests, least_bytes, node)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING key
"""
_SETTLE = """
UPDATE clip SET state = ?, reason = ?, not_before_us = ?, attempts = attempts + 1,
                last_at_us = ?, session_key = ?, attempt_key = ? WHERE key = ?
"""
# a clip that is lost keeps its true reason
_UNTOUCHED = "UPDATE clip SET reason = ?, last_at_us = ?, attempt_key = ? WHERE key = ? AND state = 'wanted'"
_TRIES = """
SELECT count(*) FROM attempt JOIN clip ON clip.key = attempt.clip_key
WHERE attempt.clip_key = ? AND attempt.reason = ? AND attempt.verdict = 1 AND attempt.key > clip.tries_after
"""
_STORED = "INSERT INTO stored VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LINK_LATER = """
UPDATE annotation SET unlinked = 1 WHERE clip_key = ? AND path NOT IN (SELECT value FROM json_each(?))
"""
_SESSION = """
UPDATE session SET done = done + ?, failed = failed + ?, fetched_bytes = fetched_bytes + ?, last_at_us = ? WHERE key = ?
"""


class _Clip(NamedTuple):
    key: int
    state: str
    session: int | None


class Recording:
    """Records outcomes of one session at one moment, inside the caller's transaction.

    Raises KeyError for a video, clip or session that the ledger does not have.
    """

    def __init__(self, connection: sqlite3.Connection, session: int, now_us: int, retry: Retry) -> None:
        if connection.execute("SELECT 1 FROM session WHERE key = ?", (session,)).fetchone() is None:
            raise KeyError(f"no session {session}")
        self._connection = connection
        self._session = session
        self._now_us = now_us
        self._retry = retry

    def record(self, outcome: Outcome) -> None:
        """An outcome older than what is recorded for its video (a replay, or from a worker that was given up) counts
        only where it brings a clip that is not there.
        """
        video, attempts = self._video(outcome.job.video_id)
        stale = outcome.job.attempt <= attempts
        for verdict in outcome.verdicts:
            clip = self._clip(video, verdict.clip)
            fresh = not stale or isinstance(verdict.result, Stored)
            if fresh and clip.state != "done":
                self._record_clip(outcome, verdict, clip)
        if not stale and any(counts(verdict.result) for verdict in outcome.verdicts):
            self._connection.execute("UPDATE video SET attempts = ? WHERE key = ?", (outcome.job.attempt, video))

    def note(self, outcome: Outcome) -> None:
        """Append the attempts and leave the clips as they are: other sources have the last word."""
        video, _ = self._video(outcome.job.video_id)
        for attempt in outcome.attempts:
            clip = self._clip(video, attempt.clip)
            self._append([attempt], None, clip.key, outcome)
            self._connection.execute(_SESSION, (0, 0, attempt.cost.fetched_bytes, self._now_us, self._session))

    def _record_clip(self, outcome: Outcome, verdict: Attempt, clip: _Clip) -> None:
        tries = [attempt for attempt in outcome.attempts if attempt.clip == verdict.clip]
        key = self._append(tries, verdict, clip.key, outcome)
        if isinstance(verdict.result, Stored):
            paths = next((wanted.paths for wanted in outcome.job.wanted if wanted.clip == verdict.clip), ())
            self._finish(clip.key, key, verdict.result, paths)
        else:
            self._fail(clip.key, key, verdict.result)
        self._count(verdict.result, tries, clip)

    def _append(self, tries: list[Attempt], verdict: Attempt | None, clip: int, outcome: Outcome) -> int:
        """Returns the key of the verdict."""
        verdict_key = 0
        for attempt in tries:
            about = (clip, self._session, outcome.job.attempt, self._now_us, attempt is verdict)
            (key,) = self._connection.execute(_APPEND, about + _columns(attempt) + (storable(outcome.node),)).fetchone()
            verdict_key = key if attempt is verdict else verdict_key
        return verdict_key

    def _finish(self, clip: int, attempt: int, stored: Stored, paths: tuple[str, ...]) -> None:
        self._connection.execute(_SETTLE, ("done", None, 0, self._now_us, self._session, attempt, clip))
        self._connection.execute(_STORED, (clip, stored.path, stored.size_bytes, stored.sha256, *_facts(stored.facts)))
        self._connection.execute(_LINK_LATER, (clip, json.dumps([stored.path, *paths])))

    def _fail(self, clip: int, attempt: int, failure: Failure) -> None:
        reason = failure.reason.value
        if not counts(failure):
            self._connection.execute(_UNTOUCHED, (reason, self._now_us, attempt, clip))
            return
        (tries,) = self._connection.execute(_TRIES, (clip, reason)).fetchone()
        state, not_before_us = settle(failure, tries, self._now_us, self._retry)
        self._connection.execute(_SETTLE, (state, reason, not_before_us, self._now_us, self._session, attempt, clip))

    def _count(self, result: Stored | Failure, tries: list[Attempt], clip: _Clip) -> None:
        """A session's `failed` are the clips whose last word in it is a failure, however often they were tried."""
        done = isinstance(result, Stored)
        failed_before = clip.session == self._session
        failed = -failed_before if done else counts(result) and not failed_before
        fetched_bytes = sum(attempt.cost.fetched_bytes for attempt in tries)
        self._connection.execute(_SESSION, (done, failed, fetched_bytes, self._now_us, self._session))

    def _video(self, video_id: str) -> tuple[int, int]:
        found = self._connection.execute("SELECT key, attempts FROM video WHERE id = ?", (video_id,)).fetchone()
        if found is None:
            raise KeyError(f"no video {video_id}")
        return int(found[0]), int(found[1])

    def _clip(self, video: int, clip: Clip) -> _Clip:
        found = self._connection.execute(
            "SELECT key, state, session_key FROM clip WHERE video_key = ? AND start_us = ? AND end_us = ?",
            (video, clip.span.start_us, clip.span.end_us),
        ).fetchone()
        if found is None:
            raise KeyError(f"no clip {clip.id}")
        return _Clip(*found)


def _columns(attempt: Attempt) -> tuple[str | int | None, ...]:
    """An attempt's columns from `source` on."""
    cost = attempt.cost
    about = (storable(attempt.source), storable(attempt.egress), storable(attempt.tool))
    times = (_us(cost.download_s), _us(cost.trim_s), _us(cost.total_s))
    costs = (*times, cost.fetched_bytes, cost.requests, cost.least_bytes)
    if isinstance(attempt.result, Stored):
        return (*about, None, None, None, None, *costs)
    failure = attempt.result
    why = (failure.reason.value, failure.stage.value, failure.http_status, storable(failure.detail))
    return (*about, *why, *costs)


def _facts(facts: Facts) -> tuple[str | int | None, ...]:
    picture = (facts.width_px, facts.height_px, facts.fps.numerator, facts.fps.denominator, facts.frames)
    return (*picture, facts.duration_us, facts.video_codec, facts.audio_codec, facts.format_id)


def _us(seconds: float) -> int:
    return round(seconds * US_PER_S)
