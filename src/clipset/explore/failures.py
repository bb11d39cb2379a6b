"""What is not there, by reason, with the messages that came."""

from collections import Counter
from typing import Any

from clipset.explore.asked import Asked, pages
from clipset.explore.keeper import Keeper
from clipset.ledger.browsing import Failed, bad_rows, count_failures, failures
from clipset.ledger.failures import disposition
from clipset.ledger.shelf import Shelf
from clipset.ledger.status import iso
from clipset.reasons import Disposition, Reason, advice, meaning
from clipset.types import US_PER_S

_ROWS_A_PAGE, _BAD_ROWS = 50, 50


def failed(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    """Raises NotIndexed, LedgerError, ClipsetError."""
    chosen = asked.chosen()
    with keeper.shelf() as shelf:
        total = count_failures(shelf, chosen)
        first, place = pages(asked, total, _ROWS_A_PAGE)
        rows = failures(shelf, chosen, first, _ROWS_A_PAGE)
        reasons = _reasons(shelf, asked)
        bad = bad_rows(shelf, _BAD_ROWS)
        splits = list(shelf.splits)
    return {
        "asked": asked.to_json(),
        "reasons": reasons,
        "splits": splits,
        "total": total,
        "place": place,
        "failures": [_row(row) for row in rows],
        "bad_rows": [{"line": line, "message": message} for line, message in bad],
    }


def _reasons(shelf: Shelf, asked: Asked) -> list[dict[str, Any]]:
    """Most first. For clips of one reason different things can hold: retries may be used up."""
    counts: Counter[tuple[str, Disposition]] = Counter()
    for (state, reason), count in shelf.clips.items():
        counts.update({(reason, disposition(reason, state)): count} if reason and count else {})
    return [
        {
            "reason": reason,
            "disposition": held.value,
            "clips": count,
            **said_of(reason, held),
            "url": asked.url(reason=reason, disposition=None),
        }
        for (reason, held), count in counts.most_common()
    ]


def said_of(reason: str, held: Disposition) -> dict[str, str]:
    """What a reason means and what to do about it; nothing of one that this version does not know."""
    try:
        known = Reason(reason)
    except ValueError:
        return {"meaning": "", "advice": ""}
    return {"meaning": meaning(known), "advice": advice(known, held)}


def _row(row: Failed) -> dict[str, Any]:
    return {
        "clip_id": row.clip.id,
        "video_id": row.clip.video_id,
        "start_s": row.clip.span.start_us / US_PER_S,
        "label": row.label,
        "split": row.split,
        "state": row.state,
        "reason": row.reason,
        "disposition": disposition(row.reason, row.state).value,
        "stage": row.stage,
        "http_status": row.http_status,
        "message": row.detail,
        "attempts": row.attempts,
        "last_at": None if row.last_at_us is None else iso(row.last_at_us),
        "not_before": iso(row.not_before_us) if row.not_before_us else None,
    }
