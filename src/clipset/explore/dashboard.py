"""Where a dataset stands and what is going on: the first page, pushed anew whenever the ledger changes."""

from collections import Counter
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from clipset.explore.keeper import Keeper, NotIndexed
from clipset.ledger.home import Home
from clipset.ledger.lately import LateFailure, Lately, lately
from clipset.ledger.lock import holder_of
from clipset.ledger.shelf import Shelf
from clipset.ledger.status import SessionStatus, iso
from clipset.types import US_PER_S

_WINDOW_US = 10 * 60 * US_PER_S
_SESSIONS, _FAILURES = 8, 12
_FEW = 5  # clips: fewer make no rate


def dashboard(keeper: Keeper, directory: Path, now_us: int) -> dict[str, Any]:
    """Raises LedgerError, ClipsetError. Without the index what has to be counted is None."""
    with keeper.desk() as desk:
        late = lately(desk, now_us, _WINDOW_US, _FAILURES)  # before the counts: what ended is counted
    try:
        with keeper.shelf() as shelf:
            counted = _counted(shelf)
    except NotIndexed:
        counted = {"clips": None, "splits": None, "reasons": None, "stored_bytes": None}
    run = _run(late.sessions, directory)
    rate = _rate(late, now_us)
    return {
        "at": iso(now_us),
        "run": run,
        **counted,
        "fetched_bytes": late.fetched_bytes,
        "last_at": None if late.last_at_us is None else iso(late.last_at_us),
        "rate": rate,
        "eta": _eta(counted["clips"], rate) if run == "running" else None,
        "egress": [asdict(egress) for egress in late.egresses],
        "sessions": [asdict(session) for session in late.sessions[: -_SESSIONS - 1 : -1]],
        "failures": [_failure(failure) for failure in late.failures],
    }


def _counted(shelf: Shelf) -> dict[str, Any]:
    """Splits count a clip once for each label, as the classes do."""
    clips = Counter(dict.fromkeys(("wanted", "done", "lost"), 0))
    reasons: Counter[str] = Counter()
    for (state, reason), count in shelf.clips.items():
        clips[state] += count
        reasons.update({reason: count} if reason and count else {})
    splits: dict[str, Counter[str]] = {name: Counter(wanted=0, done=0, lost=0) for name in shelf.splits}
    for _, counts in shelf.counts():
        for counted in counts:
            splits[counted.split][counted.state] += counted.clips
    return {
        "clips": dict(clips),
        "splits": {name: dict(counts) for name, counts in splits.items()},
        "reasons": dict(reasons.most_common()),
        "stored_bytes": shelf.stored_bytes,
    }


def _run(sessions: tuple[SessionStatus, ...], directory: Path) -> str:
    """never, running, killed, or stopped."""
    if not sessions:
        return "never"
    if sessions[-1].stopped_at is not None:
        return "killed" if sessions[-1].stopped_by == "killed" else "stopped"
    return "running" if holder_of(Home.database_of(directory).with_name("lock")) else "killed"


def _rate(late: Lately, now_us: int) -> dict[str, Any]:
    """Clips an hour: over the last minutes, and over the last session so far; None where there are too few."""
    window_s = max(1, now_us - late.finished_since_us) / US_PER_S
    recent = late.finished * 3600 / window_s if late.finished >= _FEW else None
    session = late.sessions[-1] if late.sessions else None
    mean = None
    if session is not None and session.done >= _FEW and late.last_at_us is not None:
        lasted_s = late.last_at_us / US_PER_S - datetime.fromisoformat(session.started_at).timestamp()
        mean = session.done * 3600 / lasted_s if lasted_s > 0 else None
    return {"recent_per_hour": recent, "recent_s": round(window_s), "session_per_hour": mean}


def _eta(clips: dict[str, int] | None, rate: dict[str, Any]) -> dict[str, float] | None:
    """Between the two rates lies what may be expected."""
    rates = sorted(value for value in (rate["recent_per_hour"], rate["session_per_hour"]) if value)
    if clips is None or not rates or not clips["wanted"]:
        return None
    return {"least_s": clips["wanted"] * 3600 / rates[-1], "most_s": clips["wanted"] * 3600 / rates[0]}


def _failure(failure: LateFailure) -> dict[str, Any]:
    found = failure._asdict() | {"clip_id": failure.clip.id, "at": iso(failure.at_us)}
    del found["clip"], found["at_us"]
    return found
