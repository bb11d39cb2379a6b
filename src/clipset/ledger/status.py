"""Where a dataset stands: what `status --json` prints, counted set by set."""

import sqlite3
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from clipset.reasons import Reason
from clipset.types import US_PER_S


@dataclass(frozen=True, slots=True)
class Counts:
    wanted: int = 0
    done: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Bytes:
    fetched: int
    stored: int


@dataclass(frozen=True, slots=True)
class EgressStatus:
    """`not_before` is ISO 8601 UTC; None while open. `node` is the machine, '' where it is not known."""

    name: str
    state: Literal["open", "cooling"]
    not_before: str | None
    permits_per_hour: float | None
    node: str


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """`failed` are the clips whose last word in the session is a failure. `stopped_at` is None while it runs."""

    started_at: str
    stopped_at: str | None
    done: int
    failed: int
    stopped_by: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """A video is wanted while one of its clips is, done when all of them are, and lost when nothing more is wanted
    of it and at least one clip is lost.

    `reasons` counts the clips that are not there by their latest reason, and the bad rows as bad_annotation.
    `splits` counts annotations, so a clip that two dataset versions name counts twice; without split it is "".
    """

    clips: Counts
    videos: Counts
    splits: dict[str, Counts]
    reasons: dict[str, int]
    bad_rows: int
    bytes: Bytes
    egress: tuple[EgressStatus, ...]
    sessions: tuple[SessionStatus, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for json.dumps."""
        return asdict(self) | {
            "egress": [asdict(row) for row in self.egress],
            "sessions": [asdict(row) for row in self.sessions],
        }


def iso(time_us: int) -> str:
    """ISO 8601 in UTC to the second: 2026-11-22T15:04:05Z."""
    return datetime.fromtimestamp(time_us // US_PER_S, UTC).isoformat().replace("+00:00", "Z")


_COUNTS = ", ".join(f"count(*) FILTER (WHERE clip.state = '{state}')" for state in ("wanted", "done", "lost"))
_CLIPS = f"SELECT {_COUNTS} FROM clip"  # noqa: S608 - constants of this module
_SPLITS = f"""
SELECT annotation.split, {_COUNTS} FROM annotation CROSS JOIN clip ON clip.key = annotation.clip_key
GROUP BY annotation.split
"""  # noqa: S608 - constants of this module
# each video has a clip, so those that are neither wanted nor lost are done
_VIDEOS = """
SELECT (SELECT count(*) FROM video),
       (SELECT count(DISTINCT video_key) FROM clip WHERE state = 'wanted'),
       (SELECT count(DISTINCT video_key) FROM clip WHERE state = 'lost' AND NOT EXISTS (
            SELECT 1 FROM clip AS other WHERE other.video_key = clip.video_key AND other.state = 'wanted'))
"""
# one list under several selections has the same bad rows each time
BAD_ROWS = """
SELECT bad_row.line, bad_row.message FROM bad_row JOIN plan ON plan.key = bad_row.plan_key
GROUP BY plan.sha256, bad_row.line, bad_row.text, bad_row.message ORDER BY min(bad_row.rowid)
"""


def status(connection: sqlite3.Connection, now_us: int) -> Status:
    bad_rows = int(connection.execute(f"SELECT count(*) FROM ({BAD_ROWS})").fetchone()[0])  # noqa: S608 - a constant
    return Status(
        clips=Counts(*connection.execute(_CLIPS).fetchone()),
        videos=_videos(connection),
        splits={split: Counts(*counts) for split, *counts in connection.execute(_SPLITS)},
        reasons=_reasons(connection, bad_rows),
        bad_rows=bad_rows,
        bytes=_bytes(connection),
        egress=egress_states(connection, now_us),
        sessions=session_states(connection),
    )


def _videos(connection: sqlite3.Connection) -> Counts:
    videos, wanted, lost = connection.execute(_VIDEOS).fetchone()
    return Counts(wanted, videos - wanted - lost, lost)


def _reasons(connection: sqlite3.Connection, bad_rows: int) -> dict[str, int]:
    sql = "SELECT reason, count(*) FROM clip WHERE reason IS NOT NULL GROUP BY reason ORDER BY count(*) DESC, reason"
    found = dict(connection.execute(sql))
    return found | {Reason.BAD_ANNOTATION.value: bad_rows} if bad_rows else found


def _bytes(connection: sqlite3.Connection) -> Bytes:
    (fetched,) = connection.execute("SELECT coalesce(sum(fetched_bytes), 0) FROM session").fetchone()
    (stored,) = connection.execute("SELECT coalesce(sum(size_bytes), 0) FROM stored").fetchone()
    return Bytes(fetched, stored)


def egress_states(connection: sqlite3.Connection, now_us: int) -> tuple[EgressStatus, ...]:
    found = connection.execute("SELECT name, not_before_us, permits_per_hour, node FROM egress ORDER BY name")
    return tuple(_egress(now_us, *row) for row in found)


def _egress(
    now_us: int, name: str, not_before_us: int | None, permits_per_hour: float | None, node: str
) -> EgressStatus:
    if not_before_us is not None and not_before_us > now_us:
        return EgressStatus(name, "cooling", iso(not_before_us), permits_per_hour, node)
    return EgressStatus(name, "open", None, permits_per_hour, node)


def session_states(connection: sqlite3.Connection) -> tuple[SessionStatus, ...]:
    found = connection.execute(
        "SELECT started_at_us, stopped_at_us, done, failed, stopped_by FROM session ORDER BY key"
    )
    return tuple(
        SessionStatus(iso(started), None if stopped is None else iso(stopped), done, failed, stopped_by)
        for started, stopped, done, failed, stopped_by in found
    )
