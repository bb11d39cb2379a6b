"""A list into the ledger: rows are staged in a temporary table, then taken over set by set in one transaction."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from itertools import islice

from clipset.ledger.rows import Folder, PlanHeader, PlanSummary, Totals, storable
from clipset.types import Annotation, BadRow

PathOf = Callable[[Annotation], str]
REBUILT = "/rebuilt"
"""The dataset of annotations whose list is not known, in a ledger that was rebuilt; no file can have this name."""

_BATCH_ROWS = 5_000
_SHOWN_BAD_ROWS = 5

_STAGE = """
CREATE TEMP TABLE stage (
    position INTEGER PRIMARY KEY, video_id TEXT, start_us INTEGER, end_us INTEGER,
    split TEXT, label TEXT, extra TEXT, path TEXT)
"""
_VIDEOS = "INSERT INTO video (id) SELECT video_id FROM stage WHERE true ORDER BY position ON CONFLICT DO NOTHING"
_NAMED = """
CREATE TEMP TABLE named AS SELECT stage.position AS position, video.key AS video_key
FROM stage CROSS JOIN video ON video.id = stage.video_id ORDER BY stage.position
"""
_CLIPS = """
INSERT INTO clip (video_key, start_us, end_us)
SELECT named.video_key, stage.start_us, stage.end_us
FROM named CROSS JOIN stage ON stage.position = named.position WHERE true ORDER BY named.rowid
ON CONFLICT DO NOTHING
"""
_STAGED_CLIP = """
FROM named CROSS JOIN stage ON stage.position = named.position CROSS JOIN clip
ON clip.video_key = named.video_key AND clip.start_us = stage.start_us AND clip.end_us = stage.end_us
WHERE true ORDER BY named.rowid
"""
_MEMBERS = f"""
INSERT INTO member (clip_key, plan_key, position) SELECT clip.key, :plan, stage.position {_STAGED_CLIP}
ON CONFLICT DO NOTHING
"""
# a row that an earlier list brought is named by this plan from now on, so whatever does not change is a duplicate
_ANNOTATIONS = f"""
INSERT INTO annotation (clip_key, dataset_key, split, label, plan_key, position, path, extra, unlinked)
SELECT clip.key, :dataset, stage.split, stage.label, :plan, stage.position, stage.path, stage.extra,
       clip.state = 'done' {_STAGED_CLIP}
ON CONFLICT DO UPDATE SET plan_key = excluded.plan_key WHERE plan_key <> excluded.plan_key
"""
_ALREADY_LINKED = """
UPDATE annotation SET unlinked = 0 WHERE unlinked = 1 AND EXISTS (
    SELECT 1 FROM annotation AS known
    WHERE known.clip_key = annotation.clip_key AND known.path = annotation.path AND known.unlinked = 0)
"""

# a list knows better what a rebuilt ledger could only tell from its files and tables
_SUPERSEDED = (
    f"""
DELETE FROM annotation WHERE dataset_key = (SELECT key FROM dataset WHERE name = '{REBUILT}')
AND clip_key IN (SELECT clip_key FROM member WHERE plan_key = :plan)
""",  # noqa: S608 - a constant of this module
    f"""
DELETE FROM bad_row WHERE plan_key IN (SELECT key FROM plan WHERE name = '{REBUILT}') AND EXISTS (
    SELECT 1 FROM bad_row AS read
    WHERE read.plan_key = :plan AND read.line = bad_row.line AND read.message = bad_row.message)
""",  # noqa: S608 - a constant of this module
)


def load(
    connection: sqlite3.Connection,
    header: PlanHeader,
    rows: Iterable[Annotation | BadRow],
    path_of: PathOf,
    folders: Callable[[], Iterable[Folder]],
) -> int:
    """Take a list over and return its plan's key. Runs inside the caller's transaction."""
    dataset = _dataset_key(connection, header.dataset)
    plan = _insert_plan(connection, header, dataset)
    connection.execute(_STAGE)
    bad_count = _stage(connection, plan, rows, path_of)
    staged = _one(connection, "SELECT count(*) FROM stage")
    distinct = _take_over(connection, plan, dataset)
    connection.execute(
        "UPDATE plan SET row_count = ?, duplicates = ? WHERE key = ?",
        (staged + bad_count, staged - distinct, plan),
    )
    connection.executemany("INSERT OR IGNORE INTO folder (kind, name, folder) VALUES (?, ?, ?)", folders())
    connection.execute("DROP TABLE temp.stage")
    connection.execute("DROP TABLE temp.named")
    return plan


def _take_over(connection: sqlite3.Connection, plan: int, dataset: int) -> int:
    """Returns how many different annotations the list has."""
    keys = {"plan": plan, "dataset": dataset}
    connection.execute(_VIDEOS)
    connection.execute(_NAMED)
    connection.execute(_CLIPS)
    connection.execute(_MEMBERS, {"plan": plan})
    distinct = connection.execute(_ANNOTATIONS, keys).rowcount
    connection.execute(_ALREADY_LINKED)
    for statement in _SUPERSEDED:
        connection.execute(statement, {"plan": plan})
    return distinct


def _stage(connection: sqlite3.Connection, plan: int, rows: Iterable[Annotation | BadRow], path_of: PathOf) -> int:
    """Returns the number of bad rows. Batches keep the memory constant and one statement running at a time."""
    bad_count, position, source = 0, 0, iter(rows)
    while batch := list(islice(source, _BATCH_ROWS)):
        good = [row for row in batch if isinstance(row, Annotation)]
        bad = [row for row in batch if isinstance(row, BadRow)]
        connection.executemany("INSERT INTO stage VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _staged(good, position, path_of))
        connection.executemany(
            "INSERT INTO bad_row (plan_key, line, text, message) VALUES (?, ?, ?, ?)", _bad(bad, plan)
        )
        position += len(good)
        bad_count += len(bad)
    return bad_count


def _staged(
    rows: list[Annotation], position: int, path_of: PathOf
) -> Iterator[tuple[int, str, int, int, str, str, str, str]]:
    for place, row in enumerate(rows, position):
        video_id, start_us, end_us, split, label, extra, _ = row
        yield place, video_id, start_us, end_us, _name(split), _name(label), _extra(extra), _clean(path_of(row))


def _bad(rows: list[BadRow], plan: int) -> Iterator[tuple[int, int, str, str]]:
    for row in rows:
        yield plan, row.line, storable(row.text), storable(row.message)


@lru_cache(maxsize=4096)
def _name(name: str | None) -> str:
    return _clean(name or "")


def _clean(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


@lru_cache(maxsize=4096)
def _extra(extra: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(extra) if extra else ""


def _dataset_key(connection: sqlite3.Connection, name: str) -> int:
    connection.execute("INSERT INTO dataset (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
    return _one(connection, "SELECT key FROM dataset WHERE name = ?", name)


def _insert_plan(connection: sqlite3.Connection, header: PlanHeader, dataset: int) -> int:
    return _one(
        connection,
        "INSERT INTO plan (name, sha256, selection, recipe_id, dataset_key) VALUES (?, ?, ?, ?, ?) RETURNING key",
        header.name,
        header.sha256,
        header.selection_json,
        header.recipe_id,
        dataset,
    )


def find_plan(connection: sqlite3.Connection, header: PlanHeader) -> int | None:
    found = connection.execute(
        "SELECT plan.key FROM plan JOIN dataset ON dataset.key = plan.dataset_key"
        " WHERE plan.sha256 = ? AND plan.selection = ? AND dataset.name = ?",
        (header.sha256, header.selection_json, header.dataset),
    ).fetchone()
    return None if found is None else int(found[0])


_TOTALS = """
SELECT count(*), count(DISTINCT clip.video_key), total(clip.state = 'done'), total(clip.state = 'lost'),
       count(DISTINCT clip.video_key) FILTER (WHERE clip.state = 'wanted'),
       coalesce(sum(clip.end_us - clip.start_us) FILTER (WHERE clip.state = 'wanted'), 0),
       coalesce(max(clip.end_us - clip.start_us) FILTER (WHERE clip.state = 'wanted'), 0)
FROM (SELECT DISTINCT clip_key FROM member WHERE plan_key IN (SELECT value FROM json_each(?))) AS named
CROSS JOIN clip ON clip.key = named.clip_key
"""


def totals(connection: sqlite3.Connection, plans: Sequence[int]) -> Totals:
    """What the plans want together."""
    clips, videos, done, lost, wanted_videos, wanted_us, longest_us = connection.execute(
        _TOTALS, (json.dumps(list(plans)),)
    ).fetchone()
    wanted = clips - int(done) - int(lost)
    return Totals(clips, videos, int(done), int(lost), wanted, wanted_videos, wanted_us, longest_us)


def summary(connection: sqlite3.Connection, plan: int) -> PlanSummary:
    """Raises KeyError for a plan that the ledger does not have."""
    found = connection.execute("SELECT row_count, duplicates FROM plan WHERE key = ?", (plan,)).fetchone()
    if found is None:
        raise KeyError(plan)
    return PlanSummary(
        plan_id=plan,
        rows=found[0],
        bad_rows=_one(connection, "SELECT count(*) FROM bad_row WHERE plan_key = ?", plan),
        duplicates=found[1],
        **asdict(totals(connection, [plan])),
        first_bad=first_bad_rows(connection, plan),
    )


def first_bad_rows(connection: sqlite3.Connection, plan: int) -> tuple[BadRow, ...]:
    found = connection.execute(
        "SELECT line, text, message FROM bad_row WHERE plan_key = ? ORDER BY rowid LIMIT ?", (plan, _SHOWN_BAD_ROWS)
    )
    return tuple(BadRow(*row) for row in found)


def _one(connection: sqlite3.Connection, sql: str, *values: object) -> int:
    return int(connection.execute(sql, values).fetchone()[0])
