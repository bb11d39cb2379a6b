"""Looking around in a dataset: pages of clips and of failures, chosen by what they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from clipset.ledger.shelf import Shelf
from clipset.ledger.status import BAD_ROWS
from clipset.types import Clip, Span

_DISPOSITION = {"lost": "state = 'lost'", "retry": "state <> 'lost'"}
_CARDS = """
SELECT clip.key, video.id, clip.start_us, clip.end_us, clip.state, clip.reason, clip.attempts, stored.duration_us,
       stored.width_px, stored.height_px, stored.size_bytes
FROM ({keys}) AS chosen CROSS JOIN clip ON clip.key = chosen.clip_key CROSS JOIN video ON video.key = clip.video_key
LEFT JOIN stored ON stored.clip_key = clip.key ORDER BY clip.key
"""
# SQLite takes the bare columns of a min() from the row that holds the minimum: here the first annotation's names
_FAILED = """
SELECT min(annotation.dataset_key << 40 | annotation.position), video.id, clip.start_us, clip.end_us, clip.state,
       clip.reason, clip.attempts, clip.last_at_us, clip.not_before_us,
       attempt.stage, attempt.http_status, attempt.detail, annotation.split, annotation.label
FROM ({keys}) AS chosen CROSS JOIN clip ON clip.key = chosen.clip_key CROSS JOIN video ON video.key = clip.video_key
LEFT JOIN attempt ON attempt.key = clip.attempt_key
LEFT JOIN annotation ON annotation.clip_key = clip.key
GROUP BY clip.key ORDER BY chosen.attempt_key DESC, clip.key DESC
"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is asked for; '' is everything, None for a split or label that may be ''. `text` is in the message."""

    label: str | None = None
    split: str | None = None
    state: str = ""
    reason: str = ""
    disposition: str = ""  # lost, or retry: to be asked for again
    text: str = ""


class Card(NamedTuple):
    """A clip among others. What is known of its file is None while there is none."""

    clip: Clip
    state: str
    reason: str | None
    attempts: int
    duration_us: int | None
    width_px: int | None
    height_px: int | None
    size_bytes: int | None


class Failed(NamedTuple):
    """A clip that is not there; split and label are those that a list named first."""

    clip: Clip
    state: str
    reason: str
    attempts: int
    last_at_us: int | None
    not_before_us: int
    stage: str | None
    http_status: int | None
    detail: str
    split: str
    label: str


class _Where:
    """Conditions and their values."""

    def __init__(self) -> None:
        self._terms: list[str] = ["true"]
        self.values: list[object] = []

    def add(self, term: str, *values: object) -> None:
        self._terms.append(term)
        self.values.extend(values)

    def __str__(self) -> str:
        return " AND ".join(self._terms)


def count_clips(shelf: Shelf, chosen: Chosen) -> int:
    """How many clips of one label are chosen. Raises KeyError for a label that the dataset has not."""
    return sum(
        found.firsts if chosen.split is None else found.clips
        for found in shelf.counts_of(chosen.label or "")
        if chosen.split in {None, found.split}
        and chosen.state in {"", found.state}
        and chosen.reason in {"", found.reason}
    )


def clips_of(shelf: Shelf, chosen: Chosen, start: int, count: int) -> list[Card]:
    """`count` of those from number `start` on, in the order of the lists. Raises KeyError as `count_clips`."""
    where = _Where()
    where.add("label_key = ?", shelf.labels[chosen.label or ""])
    if chosen.split is None:
        where.add("is_first")
    else:
        where.add("split_key = ?", shelf.splits.get(chosen.split, -1))
    for column, value in (("state", chosen.state), ("reason", chosen.reason)):
        if value:
            where.add(f"{column} = ?", value)
    keys = f"SELECT clip_key FROM temp.shelf WHERE {where} ORDER BY clip_key LIMIT ? OFFSET ?"  # noqa: S608 - bound
    rows = shelf.select(_CARDS.format(keys=keys), *where.values, count, start)
    return [Card(_clip(*row[1:4]), *row[4:]) for row in rows]


def count_failures(shelf: Shelf, chosen: Chosen) -> int:
    """How many clips that are not there are chosen."""
    where = _failing(shelf, chosen)
    ((count,),) = shelf.select(f"SELECT count(*) FROM temp.failing WHERE {where}", *where.values)  # noqa: S608 - bound
    return int(count)


def failures(shelf: Shelf, chosen: Chosen, start: int, count: int) -> list[Failed]:
    """`count` of those from number `start` on, the last ones first."""
    where = _failing(shelf, chosen)
    keys = (
        f"SELECT clip_key, attempt_key FROM temp.failing WHERE {where}"  # noqa: S608 - the values are bound
        " ORDER BY attempt_key DESC, clip_key DESC LIMIT ? OFFSET ?"
    )
    return [_failed(row) for row in shelf.select(_FAILED.format(keys=keys), *where.values, count, start)]


def _failing(shelf: Shelf, chosen: Chosen) -> _Where:
    where = _Where()
    if chosen.reason:
        where.add("failing.reason = ?", chosen.reason)
    if chosen.disposition in _DISPOSITION:
        where.add(f"failing.{_DISPOSITION[chosen.disposition]}")
    _named(shelf, chosen, where)
    if chosen.text:
        where.add(
            "EXISTS (SELECT 1 FROM attempt WHERE attempt.key = failing.attempt_key AND detail LIKE ? ESCAPE '\\')",
            _like(chosen.text),
        )
    return where


def bad_rows(shelf: Shelf, most: int) -> list[tuple[int, str]]:
    """(line, message) of the rows of the lists that name no clip."""
    return list(shelf.select(f"{BAD_ROWS} LIMIT ?", most))


def _named(shelf: Shelf, chosen: Chosen, where: _Where) -> None:
    if chosen.label is not None:
        named = "label_key = ? AND shelf.clip_key = failing.clip_key"
        values: Sequence[object] = [shelf.labels.get(chosen.label, -1)]
        if chosen.split is not None:
            named, values = named + " AND split_key = ?", [*values, shelf.splits.get(chosen.split, -1)]
        where.add(f"EXISTS (SELECT 1 FROM temp.shelf WHERE {named})", *values)  # noqa: S608 - the values are bound
    elif chosen.split is not None:
        named = "SELECT 1 FROM annotation WHERE annotation.clip_key = failing.clip_key AND split = ?"
        where.add(f"EXISTS ({named})", chosen.split)


def _like(text: str) -> str:
    """What contains the text; its own % and _ mean themselves."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, "\\" + special)
    return f"%{text}%"


def _clip(video_id: str, start_us: int, end_us: int) -> Clip:
    return Clip(video_id, Span(start_us, end_us))


def _failed(row: Sequence[Any]) -> Failed:
    detail, split, label = (text or "" for text in row[11:])
    return Failed._make((_clip(*row[1:4]), *row[4:11], detail, split, label))
