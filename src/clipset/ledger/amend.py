"""Second thoughts about clips that are not there: ask again on purpose, or read the texts with a newer table.

Attempts are history and stay as they are; only what is concluded from them changes. Runs in the caller's transaction.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from clipset.reasons import Disposition, Reason

Reading = Callable[[str], Reason | None]
"""The reason that a raw text gives, None where it says nothing certain."""

_ASKED_ANEW = "not_before_us = 0, session_key = NULL, tries_after = (SELECT max(key) FROM attempt)"
_WANT_AGAIN = f"""
UPDATE clip SET state = 'wanted', {_ASKED_ANEW}
WHERE state IN (SELECT value FROM json_each(:states)) AND last_at_us <= :before_us
AND (:reasons IS NULL OR reason IN (SELECT value FROM json_each(:reasons))) AND reason IS NOT NULL
AND (:plans IS NULL OR EXISTS (SELECT 1 FROM member WHERE member.clip_key = clip.key
                               AND member.plan_key IN (SELECT value FROM json_each(:plans))))
RETURNING reason
"""  # noqa: S608 - constants of this module
# a status was judged by its number, and what went wrong after the resolve by what it was, not by its words
_RAW_TEXTS = """
SELECT clip.key, clip.reason, attempt.detail FROM clip JOIN attempt ON attempt.key = clip.attempt_key
WHERE clip.state <> 'done' AND attempt.stage = 'resolve' AND attempt.http_status IS NULL
"""
_GIVE_REASON = "UPDATE clip SET reason = ?, state = 'lost', not_before_us = 0 WHERE key = ?"
_GIVE_HOPE = f"UPDATE clip SET reason = ?, state = 'wanted', {_ASKED_ANEW} WHERE key = ?"  # noqa: S608 - a constant
_UNMATCHED = """
SELECT attempt.detail, count(*), max(video.id) FROM attempt
JOIN clip ON clip.key = attempt.clip_key JOIN video ON video.key = clip.video_key
WHERE attempt.reason = 'unknown' GROUP BY attempt.detail ORDER BY count(*) DESC, attempt.detail
"""


def want_again(
    connection: sqlite3.Connection,
    states: Collection[str],
    before_us: int,
    reasons: Collection[Reason] | None = None,
    plan_ids: Sequence[int] | None = None,
) -> Counter[str]:
    """Clips in these states, last asked for at `before_us` or earlier, are wanted at once; returns how many by reason.

    A clip of which nothing was ever heard is wanted anyway. None stands for every reason and for every plan.
    """
    keys = {
        "states": json.dumps(sorted(states)),
        "before_us": before_us,
        "reasons": None if reasons is None else json.dumps(sorted(reasons)),
        "plans": None if plan_ids is None else json.dumps(list(plan_ids)),
    }
    return Counter(reason for (reason,) in connection.execute(_WANT_AGAIN, keys).fetchall())


class Change(NamedTuple):
    """A clip whose reason is no longer the one that its raw text gives."""

    key: int
    before: str
    reason: Reason


def changes(connection: sqlite3.Connection, read: Reading) -> list[Change]:
    """Read the raw texts anew."""
    found = connection.execute(_RAW_TEXTS)
    readings = ((key, before, read(detail)) for key, before, detail in found)
    return [Change(key, before, reason) for key, before, reason in readings if reason is not None and reason != before]


def reclassify(connection: sqlite3.Connection, found: Iterable[Change]) -> None:
    """A clip that turns out to be only delayed, or to have met a refusal of the egress, is wanted at once."""
    for key, _, reason in found:
        connection.execute(_GIVE_REASON if reason.disposition is Disposition.LOST else _GIVE_HOPE, (reason.value, key))


def unmatched(connection: sqlite3.Connection) -> list[tuple[str, int, str]]:
    """Texts that were classified as unknown: (text, how many attempts, a video of them), the most frequent first."""
    return connection.execute(_UNMATCHED).fetchall()
