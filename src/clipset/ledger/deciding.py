"""What holds for a clip of which two ledgers speak: one word of each is compared, whichever came first.

Done wins over lost, lost over wanted, wanted over never heard of; of two alike the later try decides, and of two
readings of one try the amended one. A loss that either ledger knew of when it asked anew on purpose is none any more.
A done clip of the other ledger is a claim only: it counts when its file is here. Runs beside `uniting`, in the caller's
transaction; `word` and `own_word` hold what each says, `claim` what is left to bring.
"""

import json
import sqlite3

from clipset.ledger.uniting import SAME_TRY, TRY
from clipset.reasons import Disposition, Reason

_REFUSALS = json.dumps([reason for reason in Reason if reason.disposition in {Disposition.PACE, Disposition.STOP}])
_COUNTS = """
attempt.verdict = 1 AND (attempt.reason IS NULL OR attempt.reason NOT IN (SELECT value FROM json_each(:refusals)))
"""

_WORD = """
CREATE TEMP TABLE {name} (
    clip_key INTEGER PRIMARY KEY, state TEXT, reason TEXT, attempts INTEGER, last_at_us INTEGER, not_before_us INTEGER,
    session_key INTEGER, attempt_key INTEGER,
    anew_us INTEGER,     -- the last try before it was asked for anew on purpose, 0 without
    settled_us INTEGER,  -- the last try since then that cost an attempt, 0 without
    is_amended INTEGER   -- whether the reason is another than the try gave
)
"""
_SAYS = f"""
coalesce((SELECT max(at_us) FROM {{schema}}.attempt WHERE clip_key = clip.key AND key <= clip.tries_after), 0),
coalesce((SELECT max(at_us) FROM {{schema}}.attempt WHERE clip_key = clip.key AND key > clip.tries_after AND {_COUNTS}),
         0),
coalesce((SELECT attempt.reason IS NOT clip.reason FROM {{schema}}.attempt WHERE key = clip.attempt_key), 0)
"""  # noqa: S608 - constants of this module
# before the tries from there are added to the own ones
_OWN = f"""
INSERT INTO own_word
SELECT clip.key, clip.state, clip.reason, clip.attempts, coalesce(clip.last_at_us, 0), clip.not_before_us,
       clip.session_key, clip.attempt_key, {_SAYS.format(schema="main")}
FROM theirs.clip AS their CROSS JOIN their_clip AS pair ON pair.key = their.key
CROSS JOIN main.clip AS clip ON clip.key = pair.ours
WHERE their.attempt_key IS NOT NULL AND clip.attempt_key IS NOT NULL
"""  # noqa: S608 - constants of this module
_THEIRS = f"""
INSERT INTO word
SELECT pair.ours, clip.state, clip.reason, clip.attempts, coalesce(clip.last_at_us, 0), clip.not_before_us, (
           SELECT ours FROM their_session WHERE key = clip.session_key), (
           SELECT max(ours.key) FROM theirs.attempt AS their CROSS JOIN their_session AS session
           ON session.key = their.session_key CROSS JOIN main.attempt AS ours
           ON ours.clip_key = pair.ours AND ours.session_key = session.ours AND {SAME_TRY}
           WHERE their.key = clip.attempt_key),
       {_SAYS.format(schema="theirs")}
FROM theirs.clip AS clip CROSS JOIN their_clip AS pair ON pair.key = clip.key WHERE clip.attempt_key IS NOT NULL
"""  # noqa: S608 - constants of this module
_TRIED = f"""
UPDATE clip SET attempts = max(clip.attempts, word.attempts, (
    SELECT count(*) FROM attempt WHERE attempt.clip_key = clip.key AND {_COUNTS}))
FROM word WHERE word.clip_key = clip.key
"""  # noqa: S608 - constants of this module

_BOTH = """
WITH both AS (
    SELECT word.clip_key AS key, max(word.anew_us, coalesce(own.anew_us, 0)) AS anew_us,
           word.state AS their_state, word.reason AS their_reason, word.last_at_us AS their_last_us,
           word.attempt_key AS their_attempt, word.is_amended AS their_amended, word.settled_us AS their_settled_us,
           word.not_before_us AS their_not_before_us, word.session_key AS their_session,
           own.state AS own_state, own.reason AS own_reason, coalesce(own.last_at_us, 0) AS own_last_us,
           own.attempt_key AS own_attempt, coalesce(own.is_amended, 0) AS own_amended,
           coalesce(own.settled_us, 0) AS own_settled_us,
           own.not_before_us AS own_not_before_us, own.session_key AS own_session
    FROM word LEFT JOIN own_word AS own ON own.clip_key = word.clip_key
    WHERE word.state <> 'done' AND own.state IS NOT 'done'
), ranked AS (
    SELECT *, (their_state = 'lost' AND their_last_us > anew_us) AS their_rank,
           CASE WHEN own_attempt IS NULL THEN -1 ELSE own_state = 'lost' AND own_last_us > anew_us END AS own_rank
    FROM both
), decided AS (
    SELECT *, max(their_rank, own_rank) = 1 AS is_lost,
           (their_rank, their_last_us, their_amended, coalesce(their_reason, ''))
           > (own_rank, own_last_us, own_amended, coalesce(own_reason, '')) AS is_theirs,
           (their_settled_us, their_not_before_us) > (own_settled_us, coalesce(own_not_before_us, 0)) AS settled_there,
           max(their_settled_us, own_settled_us) > anew_us AS is_settled
    FROM ranked
)
"""
_DECIDE = f"""
{_BOTH}
UPDATE clip SET
    state = iif(is_lost, 'lost', 'wanted'),
    reason = iif(is_theirs, their_reason, own_reason),
    last_at_us = iif(is_theirs, their_last_us, own_last_us),
    attempt_key = iif(is_theirs, their_attempt, own_attempt),
    not_before_us = iif(is_lost OR NOT is_settled, 0, iif(settled_there, their_not_before_us, own_not_before_us)),
    session_key = iif(is_settled, iif(settled_there, their_session, own_session), NULL)
FROM decided WHERE clip.key = decided.key
"""  # noqa: S608 - constants of this module
# of one clip that both have alike: as it would be had the later ledger known of it
_FIRST_DONE = """
UPDATE clip SET (last_at_us, session_key, attempt_key) = (word.last_at_us, word.session_key, word.attempt_key)
FROM word JOIN own_word AS own ON own.clip_key = word.clip_key AND own.state = 'done'
JOIN stored AS ours ON ours.clip_key = word.clip_key
JOIN their_clip AS pair ON pair.ours = word.clip_key JOIN theirs.stored AS their ON their.clip_key = pair.key
WHERE clip.key = word.clip_key AND word.state = 'done' AND their.sha256 = ours.sha256
AND word.last_at_us < own.last_at_us
"""
_CLAIMS = """
CREATE TEMP TABLE claim AS
SELECT word.clip_key, word.attempt_key, word.session_key, word.last_at_us, their.path, their.size_bytes, their.sha256,
       their.width_px, their.height_px, their.fps_numerator, their.fps_denominator, their.frames, their.duration_us,
       their.video_codec, their.audio_codec, their.format_id
FROM theirs.stored AS their CROSS JOIN their_clip AS pair ON pair.key = their.clip_key
CROSS JOIN word ON word.clip_key = pair.ours AND word.state = 'done'
CROSS JOIN main.clip AS clip ON clip.key = pair.ours AND clip.state <> 'done'
"""

# where a clip was asked for anew, tries before and after lie on either side of `tries_after`, which is a key
_ANEW = """
CREATE TEMP TABLE anew AS
SELECT word.clip_key, max(word.anew_us, coalesce(own.anew_us, 0)) AS at_us
FROM word LEFT JOIN own_word AS own ON own.clip_key = word.clip_key
WHERE max(word.anew_us, coalesce(own.anew_us, 0)) > 0
"""
_MOVED = """
CREATE TEMP TABLE moved AS
SELECT attempt.key AS key,
       row_number() OVER (ORDER BY attempt.at_us, attempt.key) + (SELECT max(key) FROM attempt) AS ours
FROM anew CROSS JOIN attempt ON attempt.clip_key = anew.clip_key AND attempt.at_us > anew.at_us
WHERE attempt.key < (
    SELECT max(before.key) FROM attempt AS before WHERE before.clip_key = anew.clip_key AND before.at_us <= anew.at_us)
"""
_MOVE = (
    "CREATE UNIQUE INDEX temp.moved_key ON moved (key)",
    f"""
INSERT INTO attempt (key, clip_key, session_key, {TRY}) SELECT moved.ours, clip_key, session_key, {TRY}
FROM moved CROSS JOIN attempt ON attempt.key = moved.key
""",  # noqa: S608 - a constant
    "UPDATE clip SET attempt_key = moved.ours FROM moved WHERE clip.attempt_key = moved.key",
    "UPDATE claim SET attempt_key = moved.ours FROM moved WHERE claim.attempt_key = moved.key",
    "DELETE FROM attempt WHERE key IN (SELECT key FROM moved)",
    """
UPDATE clip SET tries_after = (
    SELECT max(key) FROM attempt WHERE attempt.clip_key = clip.key AND attempt.at_us <= anew.at_us)
FROM anew WHERE clip.key = anew.clip_key
""",
)


def note_own(connection: sqlite3.Connection) -> None:
    """Remember what this ledger says of the other one's clips, before the other one's tries are here."""
    for name in ("word", "own_word"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
        connection.execute(_WORD.format(name=name))
    connection.execute(_OWN, {"refusals": _REFUSALS})


def decide(connection: sqlite3.Connection) -> None:
    """Settle the clips of which the other ledger has something to say, and put up the claims."""
    connection.execute(_THEIRS, {"refusals": _REFUSALS})
    connection.execute(_TRIED, {"refusals": _REFUSALS})
    connection.execute(_DECIDE)
    connection.execute(_FIRST_DONE)
    for name in ("claim", "anew", "moved"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
    connection.execute(_CLAIMS)
    connection.execute("CREATE UNIQUE INDEX temp.claim_clip ON claim (clip_key)")
    connection.execute(_ANEW)
    connection.execute(_MOVED)
    for statement in _MOVE:
        connection.execute(statement)
