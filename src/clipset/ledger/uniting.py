"""What another ledger has, taken over into this one: lists, clips, sessions and every try, each thing once.

The other one is attached as `theirs`. Its keys mean nothing here, so tables of pairs (`key` there, `ours` here) lead
from one to the other; they live until `forget`. Everything is set by set, in the caller's transaction, and taking the
same thing over again changes nothing.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence

from clipset.ledger.loading import REBUILT
from clipset.ledger.rows import Folder

NameFolders = Callable[[Sequence[Folder], Sequence[Folder]], Sequence[Folder]]
"""From the folders known here and those there to the folder that each name from there gets here."""

_PAIRS = ("their_session", "their_video", "their_clip", "their_dataset", "their_plan", "renamed")

_META = "INSERT OR IGNORE INTO meta (name, value) SELECT name, value FROM theirs.meta"
_RENAMED = """
INSERT INTO renamed SELECT named.split, named.label, split.folder || '/' || coalesce(label.folder || '/', '')
FROM (SELECT DISTINCT split, label FROM theirs.annotation
      WHERE split IN (SELECT value FROM json_each(:splits)) OR label IN (SELECT value FROM json_each(:labels))) AS named
JOIN main.folder AS split ON split.kind = 'split' AND split.name = named.split
LEFT JOIN main.folder AS label ON label.kind = 'label' AND label.name = named.label
WHERE named.label = '' OR label.folder IS NOT NULL
"""

# a session has one writer and no name; when it began and how tells it from all others
_SAME_SESSION = "ours.started_at_us = their.started_at_us AND ours.tools = their.tools AND ours.options = their.options"
_PROGRESS = "stopped_at_us, stopped_by, last_at_us, done, failed, fetched_bytes, peak_temporary_bytes"
_SESSIONS = (
    f"""
CREATE TEMP TABLE their_session AS SELECT their.key AS key, min(ours.key) AS ours, min(ours.key) IS NOT NULL AS is_known
FROM theirs.session AS their LEFT JOIN main.session AS ours ON {_SAME_SESSION} GROUP BY their.key
""",  # noqa: S608 - constants of this module
    f"""
INSERT INTO session (started_at_us, tools, options, {_PROGRESS}) SELECT started_at_us, tools, options, {_PROGRESS}
FROM theirs.session WHERE key IN (SELECT key FROM their_session WHERE NOT is_known) ORDER BY key
""",  # noqa: S608 - constants of this module
    f"""
UPDATE their_session SET ours = (SELECT min(ours.key) FROM theirs.session AS their JOIN main.session AS ours
ON {_SAME_SESSION} WHERE their.key = their_session.key) WHERE NOT is_known
""",  # noqa: S608 - constants of this module
    "CREATE UNIQUE INDEX temp.their_session_key ON their_session (key)",
    f"""
UPDATE main.session AS ours SET ({_PROGRESS}) = ({", ".join(f"their.{name}" for name in _PROGRESS.split(", "))})
FROM theirs.session AS their JOIN their_session AS pair ON pair.key = their.key AND pair.is_known
WHERE ours.key = pair.ours AND (coalesce(their.last_at_us, their.started_at_us), coalesce(their.stopped_at_us, 0))
    > (coalesce(ours.last_at_us, ours.started_at_us), coalesce(ours.stopped_at_us, 0))
""",  # noqa: S608 - constants of this module
)
_CLIPS = (
    """
INSERT INTO video (id, attempts) SELECT id, attempts FROM theirs.video WHERE true ORDER BY key
ON CONFLICT (id) DO UPDATE SET attempts = excluded.attempts WHERE excluded.attempts > attempts
""",
    "CREATE TEMP TABLE their_video (key INTEGER PRIMARY KEY, ours INTEGER NOT NULL)",
    """
INSERT INTO their_video SELECT their.key, ours.key FROM theirs.video AS their CROSS JOIN main.video AS ours
ON ours.id = their.id ORDER BY their.key
""",
    """
INSERT INTO clip (video_key, start_us, end_us) SELECT pair.ours, their.start_us, their.end_us
FROM theirs.clip AS their CROSS JOIN their_video AS pair ON pair.key = their.video_key WHERE true ORDER BY their.key
ON CONFLICT DO NOTHING
""",
    "CREATE TEMP TABLE their_clip (key INTEGER PRIMARY KEY, ours INTEGER NOT NULL)",
    """
INSERT INTO their_clip SELECT their.key, ours.key FROM theirs.clip AS their
CROSS JOIN their_video AS pair ON pair.key = their.video_key CROSS JOIN main.clip AS ours
ON ours.video_key = pair.ours AND ours.start_us = their.start_us AND ours.end_us = their.end_us ORDER BY their.key
""",
)
_LISTS = (
    "INSERT INTO dataset (name) SELECT name FROM theirs.dataset WHERE true ORDER BY key ON CONFLICT DO NOTHING",
    """
CREATE TEMP TABLE their_dataset AS SELECT their.key AS key, ours.key AS ours
FROM theirs.dataset AS their JOIN main.dataset AS ours ON ours.name = their.name
""",
    """
INSERT INTO plan (name, sha256, selection, recipe_id, dataset_key, row_count, duplicates)
SELECT name, sha256, selection, recipe_id, pair.ours, row_count, duplicates
FROM theirs.plan AS their JOIN their_dataset AS pair ON pair.key = their.dataset_key WHERE true ORDER BY their.key
ON CONFLICT DO NOTHING
""",
    """
CREATE TEMP TABLE their_plan AS SELECT their.key AS key, ours.key AS ours FROM theirs.plan AS their
JOIN their_dataset AS pair ON pair.key = their.dataset_key JOIN main.plan AS ours
ON ours.sha256 = their.sha256 AND ours.selection = their.selection AND ours.dataset_key = pair.ours
""",
    """
INSERT OR IGNORE INTO member (clip_key, plan_key, position) SELECT pair.ours, plan.ours, their.position
FROM theirs.member AS their CROSS JOIN their_clip AS pair ON pair.key = their.clip_key
CROSS JOIN their_plan AS plan ON plan.key = their.plan_key
""",
    """
INSERT INTO bad_row (plan_key, line, text, message)
SELECT plan.ours, line, text, message FROM theirs.bad_row JOIN their_plan AS plan ON plan.key = plan_key
EXCEPT SELECT plan_key, line, text, message FROM main.bad_row
""",
    # positions only order the names of a clip, and those of several lists keep their order under min()
    """
INSERT INTO annotation (clip_key, dataset_key, split, label, plan_key, position, path, extra, unlinked)
SELECT ours.key, dataset.ours, their.split, their.label, plan.ours, their.position,
       coalesce(renamed.prefix || substr(their.path, 1 + length(rtrim(their.path, replace(their.path, '/', '')))),
                their.path),
       their.extra, ours.state = 'done'
FROM theirs.annotation AS their CROSS JOIN their_clip AS pair ON pair.key = their.clip_key
CROSS JOIN main.clip AS ours ON ours.key = pair.ours
CROSS JOIN their_dataset AS dataset ON dataset.key = their.dataset_key
CROSS JOIN their_plan AS plan ON plan.key = their.plan_key
LEFT JOIN renamed ON renamed.split = their.split AND renamed.label = their.label WHERE true
ON CONFLICT DO UPDATE SET position = excluded.position WHERE excluded.position < position
""",
    # a list knows better what a rebuilt ledger could only tell from its files and tables
    f"""
DELETE FROM annotation WHERE dataset_key = (SELECT key FROM dataset WHERE name = '{REBUILT}')
AND EXISTS (SELECT 1 FROM member WHERE member.clip_key = annotation.clip_key)
""",  # noqa: S608 - a constant
)

TRY = (
    "job_attempt, at_us, verdict, source, egress, tool, reason, stage, http_status, detail, download_us, trim_us,"
    " total_us, fetched_bytes, requests, node, least_bytes"
)
SAME_TRY = " AND ".join(
    f"ours.{name} IS their.{name}" for name in TRY.split(", ") if name not in {"tool", "detail", "node", "least_bytes"}
)
"""Of a clip and a session: whether `ours` and `their` are one attempt."""

_TRIES = f"""
INSERT INTO attempt (clip_key, session_key, {TRY})
SELECT pair.ours, session.ours, {", ".join(f"their.{name}" for name in TRY.split(", "))} FROM theirs.attempt AS their
CROSS JOIN their_clip AS pair ON pair.key = their.clip_key
CROSS JOIN their_session AS session ON session.key = their.session_key
WHERE NOT session.is_known OR NOT EXISTS (
    SELECT 1 FROM main.attempt AS ours
    WHERE ours.clip_key = pair.ours AND ours.session_key = session.ours AND {SAME_TRY})
ORDER BY their.key
"""  # noqa: S608 - constants of this module


def take_lists(connection: sqlite3.Connection, name_folders: NameFolders, *, keeps_paths: bool) -> list[Folder]:
    """Everything but tries and states. Returns the folders there whose names have another folder here.

    `keeps_paths`: the files stay where they are, so they keep the names that they have there.
    """
    connection.execute(_META)
    other = _take_folders(connection, name_folders)
    _rename(connection, [] if keeps_paths else other)
    for statement in (*_SESSIONS, *_CLIPS, *_LISTS):
        connection.execute(statement)
    return other


def take_tries(connection: sqlite3.Connection) -> None:
    """Every try that is not here yet; after `take_lists`."""
    connection.execute(_TRIES)


def forget(connection: sqlite3.Connection) -> None:
    for table in _PAIRS:
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _take_folders(connection: sqlite3.Connection, name_folders: NameFolders) -> list[Folder]:
    ours, theirs = (
        [Folder(*row) for row in connection.execute(f"SELECT kind, name, folder FROM {schema}.folder ORDER BY 1, 2")]  # noqa: S608 - two schemas
        for schema in ("main", "theirs")
    )
    named = name_folders(ours, theirs)
    connection.executemany("INSERT OR IGNORE INTO main.folder (kind, name, folder) VALUES (?, ?, ?)", named)
    there = {(folder.kind, folder.name): folder for folder in theirs}
    here = {(folder.kind, folder.name): folder for folder in named}
    return [folder for key, folder in there.items() if here[key] != folder]


def _rename(connection: sqlite3.Connection, other: Sequence[Folder]) -> None:
    """Fill `renamed` with the folders here, each with its last `/`, of what lies in others there."""
    names = {kind: json.dumps([folder.name for folder in other if folder.kind == kind]) for kind in ("split", "label")}
    connection.execute("CREATE TEMP TABLE renamed (split TEXT, label TEXT, prefix TEXT, PRIMARY KEY (split, label))")
    connection.execute(_RENAMED, {"splits": names["split"], "labels": names["label"]})
