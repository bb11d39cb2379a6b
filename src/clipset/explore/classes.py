"""The classes of a dataset, and the clips of one."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from clipset.explore.asked import Asked, pages
from clipset.explore.keeper import Keeper
from clipset.ledger.browsing import Card, clips_of, count_clips
from clipset.ledger.shelf import Counted
from clipset.types import US_PER_S

_CLASSES_A_PAGE, _CLIPS_A_PAGE = 1_000, 48
_STATES = ("wanted", "done", "lost")
Row = dict[str, Any]
_SORTS: dict[str, Callable[[Row], Any]] = {
    "label": lambda row: row["label"],
    "clips": lambda row: -row["clips"],
    "done": lambda row: -row["done"],
    "lost": lambda row: -row["lost"],
    "loss": lambda row: -row["lost"] / max(1, row["clips"]),
    "wanted": lambda row: -row["wanted"],
}


def classes(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    """Those whose label contains the text. Raises NotIndexed, LedgerError, ClipsetError."""
    text = asked.text.casefold()
    with keeper.shelf() as shelf:
        rows = [_row(label, counts) for label, counts in shelf.counts() if text in label.casefold()]
    sort = asked.sort if asked.sort in _SORTS else "label"
    rows.sort(key=_SORTS[sort])
    first, place = pages(asked, len(rows), _CLASSES_A_PAGE)
    return {
        "asked": asked.to_json(),
        "total": len(rows),
        "sort": sort,
        "sorts": {name: asked.url(sort=name) for name in _SORTS},
        "most": max((row["clips"] for row in rows), default=0),
        "place": place,
        "classes": rows[first:][:_CLASSES_A_PAGE],
    }


def one_class(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    """Raises KeyError for a label that the dataset has not; NotIndexed, LedgerError, ClipsetError."""
    with keeper.shelf() as shelf:
        counts = shelf.counts_of(asked.label or "")
        total = count_clips(shelf, asked.chosen())
        first, place = pages(asked, total, _CLIPS_A_PAGE)
        cards = clips_of(shelf, asked.chosen(), first, _CLIPS_A_PAGE)
    splits, reasons = Counter[str](), Counter[str]()
    for counted in counts:
        splits[counted.split] += counted.clips
        reasons.update({counted.reason: counted.firsts} if counted.reason and counted.firsts else {})
    return {
        "asked": asked.to_json(),
        **_row(asked.label or "", counts),
        "splits": dict(sorted(splits.items())),
        "reasons": dict(reasons.most_common()),
        "total": total,
        "place": place,
        "clips_here": [_card(card) for card in cards],
    }


def _row(label: str, counts: list[Counted]) -> Row:
    found = dict.fromkeys(_STATES, 0)
    for counted in counts:
        found[counted.state] += counted.firsts
    return {"label": label, "clips": sum(found.values()), **found}


def _card(card: Card) -> Row:
    found = card._asdict()
    del found["clip"], found["duration_us"]
    span = card.clip.span
    return {
        "clip_id": card.clip.id,
        "video_id": card.clip.video_id,
        "start_s": span.start_us / US_PER_S,
        "end_s": span.end_us / US_PER_S,
        "duration_s": None if card.duration_us is None else card.duration_us / US_PER_S,
        **found,
    }
