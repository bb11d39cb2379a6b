"""The run that is at work on a dataset at this moment, and how fast it is."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from clipset.ledger.lock import holder_of
from clipset.reasons import Disposition, Reason
from clipset.types import US_PER_S

_WINDOW = 200  # as the live panel: enough to be steady, few enough to follow a change
_HOUR_US = 3_600 * US_PER_S
_SESSION = "SELECT key, started_at_us FROM session WHERE stopped_at_us IS NULL ORDER BY key DESC LIMIT 1"
_RECENT = """
SELECT at_us FROM attempt WHERE session_key = ?1 AND verdict = 1 AND (reason IS NULL OR reason IN ({lost}))
ORDER BY key DESC LIMIT ?2
""".format(lost=", ".join(f"'{reason}'" for reason in Reason if reason.disposition is Disposition.LOST))


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """`clips_per_h` counts the last clips that were settled, done or lost; `eta_s` is when nothing is left at that
    rate. None before the first.
    """

    pid: int
    host: str
    clips_per_h: float | None
    eta_s: float | None


def active_run(connection: sqlite3.Connection, lock: Path, wanted: int, now_us: int) -> ActiveRun | None:
    """None unless a session is open and its process lives: one that was killed leaves its session open too."""
    found = connection.execute(_SESSION).fetchone()
    holder = holder_of(lock) if found is not None else None
    if holder is None:
        return None
    session, started_us = found
    settled_us = [at_us for (at_us,) in connection.execute(_RECENT, (session, _WINDOW))]
    if not settled_us:
        return ActiveRun(holder.pid, holder.host, None, None)
    since_us = settled_us[-1] if len(settled_us) == _WINDOW else started_us
    clips_per_h = len(settled_us) * _HOUR_US / max(US_PER_S, now_us - since_us)
    return ActiveRun(holder.pid, holder.host, clips_per_h, 3_600 * wanted / clips_per_h)
