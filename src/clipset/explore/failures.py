"""What is not there, by reason, with the messages that came."""

from collections import Counter
from typing import Any

from clipset.explore.asked import Asked, pages
from clipset.explore.keeper import Keeper
from clipset.ledger.browsing import Failed, bad_rows, count_failures, failures
from clipset.ledger.status import iso
from clipset.ledger.tables import disposition
from clipset.reasons import rules
from clipset.types import US_PER_S

_ROWS_A_PAGE, _BAD_ROWS = 50, 50
_EXPLANATIONS = {rule.reason.value: rule.explanation for rule in rules()}


def failed(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    """Raises NotIndexed, LedgerError, ClipsetError."""
    chosen = asked.chosen()
    with keeper.shelf() as shelf:
        total = count_failures(shelf, chosen)
        first, place = pages(asked, total, _ROWS_A_PAGE)
        rows = failures(shelf, chosen, first, _ROWS_A_PAGE)
        counts: Counter[str] = Counter()
        for (_, reason), count in shelf.clips.items():
            counts.update({reason: count} if reason and count else {})
        bad = bad_rows(shelf, _BAD_ROWS)
        splits = list(shelf.splits)
    return {
        "asked": asked.to_json(),
        "reasons": [
            {"reason": reason, "clips": count, "explanation": explanation(reason), "url": asked.url(reason=reason)}
            for reason, count in counts.most_common()
        ],
        "splits": splits,
        "total": total,
        "place": place,
        "failures": [_row(row) for row in rows],
        "bad_rows": [{"line": line, "message": message} for line, message in bad],
    }


def explanation(reason: str) -> str:
    """What a reason means; '' for one that this version does not know."""
    return _EXPLANATIONS.get(reason, "")


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
