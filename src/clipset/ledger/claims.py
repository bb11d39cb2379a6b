"""What an old ledger and its tables say, taken over into a new one. Nothing of it is done until its file is verified.

Where the two differ, a clip that either says is there counts as there, for the file decides; otherwise the old
ledger counts, which knows more than its tables.
"""

import sqlite3
from collections.abc import Callable, Iterable
from itertools import count
from typing import NamedTuple

from clipset.ledger.loading import REBUILT
from clipset.ledger.reread import DoneRow, FailedRow, RefusedRow
from clipset.ledger.rows import storable
from clipset.reasons import Reason
from clipset.types import Annotation, Clip, Stage

PathOf = Callable[[Annotation], str]

_TIDY = (  # rows whose other half could not be read
    "DELETE FROM clip WHERE video_key NOT IN (SELECT key FROM video)",
    "DELETE FROM attempt WHERE clip_key NOT IN (SELECT key FROM clip)",
    "DELETE FROM stored WHERE clip_key NOT IN (SELECT key FROM clip)",
    "DELETE FROM annotation WHERE clip_key NOT IN (SELECT key FROM clip)",
    "DELETE FROM annotation WHERE dataset_key NOT IN (SELECT key FROM dataset)",
    "UPDATE clip SET attempt_key = NULL WHERE attempt_key NOT IN (SELECT key FROM attempt)",
    "UPDATE clip SET state = 'wanted' WHERE attempt_key IS NULL AND state <> 'wanted'",
    "UPDATE clip SET reason = NULL WHERE attempt_key IS NULL AND reason IS NOT NULL",
)
# of a list that misses clips the next fetch would not notice that it does: it reads the list anew instead
_FORGET_PLANS = (
    "DELETE FROM member",
    "DELETE FROM bad_row",
    "UPDATE annotation SET plan_key = :plan",
    "DELETE FROM plan WHERE key <> :plan",
)
_UNVERIFY = (
    "CREATE TABLE rebuild_claim AS SELECT * FROM stored",
    "CREATE UNIQUE INDEX rebuild_claim_clip ON rebuild_claim (clip_key)",
    "DELETE FROM stored",
    "UPDATE clip SET state = 'wanted', reason = NULL, not_before_us = 0 WHERE state = 'done'",
)
_SESSIONS = """
INSERT INTO session (key, started_at_us, stopped_at_us, stopped_by, tools, options, last_at_us, done, failed,
                     fetched_bytes)
SELECT session_key, min(at_us), max(at_us), 'unknown', '{}', '{}', max(at_us), total(reason IS NULL), 0,
       sum(fetched_bytes)
FROM attempt WHERE session_key NOT IN (SELECT key FROM session) GROUP BY session_key
"""
_VIDEO_ATTEMPTS = """
UPDATE video SET attempts =
    max(attempts, (SELECT coalesce(max(clip.attempts), 0) FROM clip WHERE clip.video_key = video.key))
"""
_ATTEMPT = """
INSERT INTO attempt (clip_key, session_key, job_attempt, at_us, verdict, source, egress, tool, reason, stage, detail,
                     download_us, trim_us, total_us, fetched_bytes, requests)
VALUES (?, ?, ?, ?, 1, ?, '', '', ?, ?, ?, ?, ?, ?, ?, ?) RETURNING key
"""
_SETTLE = """
UPDATE clip SET state = ?, reason = ?, not_before_us = ?, attempts = max(attempts, ?), last_at_us = ?,
                session_key = ?, attempt_key = ? WHERE key = ?
"""

_OF_MEDIA = frozenset(  # judged by what the file was, not by anybody's words
    {Reason.TOO_SHORT, Reason.NO_VIDEO, Reason.DAMAGED_MEDIA, Reason.MEDIA_TIMEOUT, Reason.MEDIA_CRASH}
)


class Known(NamedTuple):
    """A clip in the new ledger. `has_failed`: its last attempt has a reason; None without an attempt."""

    key: int
    state: str
    has_failed: bool | None


def settle_salvaged(connection: sqlite3.Connection, *, is_whole: bool) -> None:
    """Make what was salvaged consistent; plans stay only where everything could be read."""
    for statement in _TIDY:
        connection.execute(statement)
    if not is_whole:
        keys = {"plan": rebuilt(connection)[1]}
        for statement in _FORGET_PLANS:
            connection.execute(statement, keys if ":plan" in statement else {})
    for statement in _UNVERIFY:
        connection.execute(statement)


def take_tables(
    connection: sqlite3.Connection,
    done: Iterable[DoneRow],
    failed: Iterable[FailedRow | RefusedRow],
    path_of: PathOf,
    *,
    is_whole: bool,
) -> None:
    """Add what the tables know and the salvaged rows do not. `is_whole`: the lists' bad rows were salvaged."""
    positions = count(1)
    for row in done:
        _take_done(connection, row, next(positions), path_of)
    session = latest_session(connection)
    for failure in failed:
        if isinstance(failure, FailedRow):
            _take_failed(connection, failure, session, next(positions), path_of)
        elif not is_whole:
            _take_refused(connection, failure)
    connection.execute(_SESSIONS)
    connection.execute(_VIDEO_ATTEMPTS)


def _take_done(connection: sqlite3.Connection, row: DoneRow, position: int, path_of: PathOf) -> None:
    known = clip_row(connection, row.clip)
    if known.has_failed is not False:
        costs = (row.download_us, row.trim_us, row.total_us, row.fetched_bytes, row.requests)
        about = (known.key, row.session, 1, row.at_us, storable(row.source), None, None, None)
        (attempt,) = connection.execute(_ATTEMPT, about + costs).fetchone()
        connection.execute(_SETTLE, ("wanted", None, 0, 1, row.at_us, row.session, attempt, known.key))
    sql = "INSERT OR IGNORE INTO rebuild_claim (clip_key, size_bytes) VALUES (?, ?)"
    connection.execute(sql, (known.key, row.size_bytes))
    _annotate(connection, known.key, row, position, path_of)


def _take_failed(connection: sqlite3.Connection, row: FailedRow, session: int, position: int, path_of: PathOf) -> None:
    known = clip_row(connection, row.clip)
    if known.has_failed is None:
        reason, message = storable(row.reason), storable(row.message)
        stage = Stage.TRIM if reason in _OF_MEDIA else Stage.RESOLVE
        about = (known.key, session, row.attempts, row.at_us, "", reason, stage.value, message)
        (attempt,) = connection.execute(_ATTEMPT, (*about, 0, 0, 0, 0, 0)).fetchone()
        state = "lost" if row.is_lost else "wanted"
        settled = (state, reason, row.not_before_us, row.attempts, row.at_us, session, attempt)
        connection.execute(_SETTLE, (*settled, known.key))
    _annotate(connection, known.key, row, position, path_of)


def _take_refused(connection: sqlite3.Connection, row: RefusedRow) -> None:
    connection.execute(
        "INSERT INTO bad_row (plan_key, line, text, message) VALUES (?, ?, '', ?)",
        (rebuilt(connection)[1], row.line, storable(row.message)),
    )


def _annotate(
    connection: sqlite3.Connection, clip: int, row: DoneRow | FailedRow, position: int, path_of: PathOf
) -> None:
    """What the first list said of a clip, where no salvaged row says more."""
    if connection.execute("SELECT 1 FROM annotation WHERE clip_key = ?", (clip,)).fetchone() is None:
        span = row.clip.span
        annotation = Annotation(row.clip.video_id, span.start_us, span.end_us, row.split or None, row.label or None)
        annotate(connection, clip, row.split, row.label, position, path_of(annotation))


def annotate(connection: sqlite3.Connection, clip: int, split: str, label: str, position: int, path: str) -> None:
    """`path` is a name of a clip whose annotation is not known, or only from the tables."""
    dataset, plan = rebuilt(connection)
    connection.execute(
        "INSERT OR IGNORE INTO annotation (clip_key, dataset_key, split, label, plan_key, position, path, extra)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, '')",
        (clip, dataset, storable(split), storable(label), plan, position, storable(path)),
    )


def clip_row(connection: sqlite3.Connection, clip: Clip) -> Known:
    """The clip's row, made if there is none."""
    connection.execute("INSERT INTO video (id) VALUES (?) ON CONFLICT DO NOTHING", (clip.video_id,))
    (video,) = connection.execute("SELECT key FROM video WHERE id = ?", (clip.video_id,)).fetchone()
    place = (video, clip.span.start_us, clip.span.end_us)
    connection.execute("INSERT INTO clip (video_key, start_us, end_us) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", place)
    key, state, attempt, reason = connection.execute(
        "SELECT clip.key, clip.state, attempt.key, attempt.reason FROM clip"
        " LEFT JOIN attempt ON attempt.key = clip.attempt_key"
        " WHERE clip.video_key = ? AND clip.start_us = ? AND clip.end_us = ?",
        place,
    ).fetchone()
    return Known(key, state, None if attempt is None else reason is not None)


def found_attempt(connection: sqlite3.Connection, clip: int, at_us: int, session: int) -> int:
    """The attempt of a clip of which nothing is known but that its file is there. Returns its key."""
    about = (clip, session, 0, at_us, "disk", None, None, None)
    (key,) = connection.execute(_ATTEMPT, (*about, 0, 0, 0, 0, 0)).fetchone()
    return int(key)


def latest_session(connection: sqlite3.Connection) -> int:
    """The number of the last session that anything is known of; 1 if nothing is."""
    sql = "SELECT max(coalesce((SELECT max(key) FROM session), 1), coalesce((SELECT max(session_key) FROM attempt), 1))"
    return int(connection.execute(sql).fetchone()[0])


def rebuilt(connection: sqlite3.Connection) -> tuple[int, int]:
    """Keys of the dataset and the plan that stand in for those that are not known, made if there are none."""
    connection.execute("INSERT INTO dataset (name) VALUES (?) ON CONFLICT DO NOTHING", (REBUILT,))
    (dataset,) = connection.execute("SELECT key FROM dataset WHERE name = ?", (REBUILT,)).fetchone()
    found = connection.execute("SELECT key FROM plan WHERE dataset_key = ?", (dataset,)).fetchone()
    if found is None:
        sql = (
            "INSERT INTO plan (name, sha256, selection, recipe_id, dataset_key) VALUES (?, '', '', '', ?) RETURNING key"
        )
        found = connection.execute(sql, (REBUILT, dataset)).fetchone()
    return int(dataset), int(found[0])
