"""Where a dataset stands: what `status --json` prints, counted set by set."""

import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from clipset.ledger.active import ActiveRun, active_run
from clipset.reasons import Reason
from clipset.types import US_PER_S


@dataclass(frozen=True, slots=True)
class Counts:
    wanted: int = 0
    done: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Bytes:
    """`least` is what the `least_clips` clips of which it is known need of their videos, `fetched_for_least` what was
    fetched for these. `peak_temporary` is of the session that took most; None where none counted.
    """

    fetched: int
    stored: int
    least: int
    least_clips: int
    fetched_for_least: int
    peak_temporary: int | None

    @property
    def least_ratio(self) -> float | None:
        return self.fetched_for_least / self.least if self.least else None


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
    peak_temporary_bytes: int | None


@dataclass(frozen=True, slots=True)
class Node:
    """A machine and the clips that were finished there; '' for what was recorded without its name."""

    name: str
    clips_done: int


@dataclass(frozen=True, slots=True)
class Status:
    """A video is wanted while one of its clips is, done when all of them are, and lost when nothing more is wanted
    of it and at least one clip is lost.

    `reasons` counts the clips that are not there by their latest reason, and the bad rows as bad_annotation.
    `splits` counts annotations, so a clip that two dataset versions name counts twice; without split it is "".
    `next_due` is when the next wanted clip may be asked for; None where one may be now, or none is wanted.
    """

    clips: Counts
    videos: Counts
    splits: dict[str, Counts]
    reasons: dict[str, int]
    bad_rows: int
    bytes: Bytes
    egress: tuple[EgressStatus, ...]
    sessions: tuple[SessionStatus, ...]
    nodes: tuple[Node, ...]
    active: ActiveRun | None
    next_due: str | None

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for json.dumps."""
        return asdict(self) | {
            name: [asdict(row) for row in getattr(self, name)] for name in ("egress", "sessions", "nodes")
        }


def iso(time_us: int) -> str:
    """ISO 8601 in UTC to the second: 2026-11-22T15:04:05Z."""
    return datetime.fromtimestamp(time_us // US_PER_S, UTC).isoformat().replace("+00:00", "Z")


_COUNTS = ", ".join(f"count(*) FILTER (WHERE clip.state = '{state}')" for state in ("wanted", "done", "lost"))
_SPLITS = f"""
SELECT annotation.split, {_COUNTS} FROM annotation CROSS JOIN clip ON clip.key = annotation.clip_key
GROUP BY annotation.split
"""  # noqa: S608 - constants of this module
# what is neither wanted nor lost is done, and each video has a clip: so the most are counted without being looked at
_ALL = "SELECT (SELECT count(*) FROM clip), (SELECT count(*) FROM video)"
_WANTED = "SELECT count(*), count(DISTINCT video_key) FROM clip WHERE state = 'wanted'"
_LOST = """
SELECT count(*), count(DISTINCT video_key) FILTER (WHERE NOT EXISTS (
    SELECT 1 FROM clip AS other WHERE other.video_key = clip.video_key AND other.state = 'wanted'))
FROM clip WHERE state = 'lost'
"""
_LAST_NODE = "SELECT node FROM attempt ORDER BY key DESC LIMIT 1"
# one walk over all attempts, for they are the widest rows
_TRIES = """
SELECT coalesce(sum(least_bytes), 0), count(least_bytes),
       coalesce(sum(fetched_bytes) FILTER (WHERE least_bytes IS NOT NULL), 0), count(*) FILTER (WHERE node <> ?)
FROM attempt
"""
_NODES = """
SELECT attempt.node, count(*) FROM clip CROSS JOIN attempt ON attempt.key = clip.attempt_key
WHERE clip.state = 'done' GROUP BY 1 ORDER BY 1
"""
_LATER = "SELECT count(*), min(not_before_us) FROM clip WHERE state = 'wanted' AND not_before_us > ?"
# one list under several selections has the same bad rows each time
BAD_ROWS = """
SELECT bad_row.line, bad_row.message FROM bad_row JOIN plan ON plan.key = bad_row.plan_key
GROUP BY plan.sha256, bad_row.line, bad_row.text, bad_row.message ORDER BY min(bad_row.rowid)
"""


def status(connection: sqlite3.Connection, lock: Path, now_us: int) -> Status:
    """`lock` is the writer's."""
    clips, videos = _clips_and_videos(connection)
    last_node = connection.execute(_LAST_NODE).fetchone()
    *least, others = connection.execute(_TRIES, last_node or ("",)).fetchone()
    bad_rows = int(connection.execute(f"SELECT count(*) FROM ({BAD_ROWS})").fetchone()[0])  # noqa: S608 - a constant
    return Status(
        clips=clips,
        videos=videos,
        splits={split: Counts(*counts) for split, *counts in connection.execute(_SPLITS)},
        reasons=_reasons(connection, bad_rows),
        bad_rows=bad_rows,
        bytes=_bytes(connection, *least),
        egress=egress_states(connection, now_us),
        sessions=session_states(connection),
        nodes=_several_nodes(connection) if others else tuple(Node(name, clips.done) for name in last_node or ()),
        active=active_run(connection, lock, clips.wanted, now_us),
        next_due=_next_due(connection, clips.wanted, now_us),
    )


def _clips_and_videos(connection: sqlite3.Connection) -> Iterator[Counts]:
    sets = zip(*(connection.execute(sql).fetchone() for sql in (_ALL, _WANTED, _LOST)), strict=True)
    return (Counts(wanted, whole - wanted - lost, lost) for whole, wanted, lost in sets)


def _reasons(connection: sqlite3.Connection, bad_rows: int) -> dict[str, int]:
    sql = "SELECT reason, count(*) FROM clip WHERE reason IS NOT NULL GROUP BY reason ORDER BY count(*) DESC, reason"
    found = dict(connection.execute(sql))
    return found | {Reason.BAD_ANNOTATION.value: bad_rows} if bad_rows else found


def _bytes(connection: sqlite3.Connection, least: int, clips: int, fetched_for_least: int) -> Bytes:
    (fetched,) = connection.execute("SELECT coalesce(sum(fetched_bytes), 0) FROM session").fetchone()
    (stored,) = connection.execute("SELECT coalesce(sum(size_bytes), 0) FROM stored").fetchone()
    (peak,) = connection.execute("SELECT max(peak_temporary_bytes) FROM session").fetchone()
    return Bytes(fetched, stored, least, clips, fetched_for_least, peak)


def _several_nodes(connection: sqlite3.Connection) -> tuple[Node, ...]:
    return tuple(Node(*row) for row in connection.execute(_NODES))


def _next_due(connection: sqlite3.Connection, wanted: int, now_us: int) -> str | None:
    later, due_us = connection.execute(_LATER, (now_us,)).fetchone()
    return iso(due_us) if wanted and later == wanted else None


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
        "SELECT started_at_us, stopped_at_us, done, failed, stopped_by, peak_temporary_bytes FROM session"
        " ORDER BY started_at_us, key"
    )
    return tuple(
        SessionStatus(iso(started_us), None if stopped_us is None else iso(stopped_us), *rest)
        for started_us, stopped_us, *rest in found
    )
