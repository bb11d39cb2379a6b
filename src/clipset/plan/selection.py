"""Which annotations of a list are wanted. Pure."""

import difflib
import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from clipset.types import Annotation, BadRow

_VALIDATION = frozenset(("val", "validate", "validation"))  # three spellings of the published lists for one split
_LISTED_NAMES = 12
_CC = "is_cc"
_YES = frozenset(("1", "1.0", "true", "yes"))
_SHOWN_BAD_ROWS = 3


class SelectionError(ValueError):
    """A selection that makes no sense for these lists: a user error, exit status 2."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is wanted; the default is everything.

    `splits` are names as the user writes them; `val`, `validate` and `validation` mean the same. `labels` are exact.
    `limit` counts distinct clips. `shard` is (i, n), 1-based. `only_cc` wants what a list marks as Creative Commons in
    its column `is_cc`. Raises SelectionError.
    """

    splits: frozenset[str] = frozenset()
    labels: frozenset[str] | None = None
    limit: int | None = None
    shard: tuple[int, int] | None = None
    only_cc: bool = False

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise SelectionError(f"the limit {self.limit} selects nothing; give a number from 1 on")
        if self.labels is not None and not self.labels:
            raise SelectionError("the list of classes is empty; name at least one")
        if self.shard is not None and not 1 <= self.shard[0] <= self.shard[1]:
            raise SelectionError(f"the shard {self.shard[0]}/{self.shard[1]} does not exist; shards count from 1 to N")


@dataclass(slots=True)
class Seen:
    """What the lists held, written by `select`; pass the same one for several lists of one selection."""

    rows: int = 0
    bad_rows: int = 0
    splits: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)
    has_cc: bool = False  # some row says whether it is Creative Commons; only looked for where that is wanted
    first_bad: list[BadRow] = field(default_factory=list)  # whatever is selected
    limited: set[tuple[str, int, int]] = field(default_factory=set)  # the first N clips; stays empty without a limit

    @property
    def bad_share(self) -> float:
        return self.bad_rows / self.rows if self.rows else 0.0


def select(rows: Iterable[Annotation | BadRow], selection: Selection, seen: Seen) -> Iterator[Annotation | BadRow]:
    """Yield the wanted annotations, and the bad rows, lazily in their order; count everything in `seen`.

    Under a limit, later annotations of a clip that is among the first N still pass; bad rows after the N-th clip
    do not, since nobody asked for that part of the list.

    Whether the selection names something that exists is known at the end: call `check(selection, seen)` then.
    """
    splits = frozenset(map(canonical_split, selection.splits))
    everything = selection == Selection()
    for row in rows:
        seen.rows += 1
        if isinstance(row, BadRow):
            _note_bad(row, seen)
            if selection.limit is None or len(seen.limited) < selection.limit:
                yield row
        elif everything:
            yield row
        else:
            _note(row, seen)
            if _matches(row, selection, splits, seen) and _within(row, selection.limit, seen):
                yield row


def _note_bad(row: BadRow, seen: Seen) -> None:
    seen.bad_rows += 1
    if len(seen.first_bad) < _SHOWN_BAD_ROWS:
        seen.first_bad.append(row)


def _note(row: Annotation, seen: Seen) -> None:
    """What a selection can name; under one that takes everything nobody asks."""
    if row.split is not None:
        seen.splits.add(row.split)
    if row.label is not None:
        seen.labels.add(row.label)


def _is_cc(row: Annotation, seen: Seen) -> bool:
    for name, value in row.extra:
        if name == _CC:
            seen.has_cc = True
            return value.strip('" ').casefold() in _YES
    return False


def _matches(row: Annotation, selection: Selection, splits: frozenset[str], seen: Seen) -> bool:
    return (
        (not selection.only_cc or _is_cc(row, seen))
        and (not splits or (row.split is not None and canonical_split(row.split) in splits))
        and (selection.labels is None or row.label in selection.labels)
        and (selection.shard is None or shard_of(row.video_id, selection.shard[1]) == selection.shard[0])
    )


def _within(row: Annotation, limit: int | None, seen: Seen) -> bool:
    if limit is None:
        return True
    clip = (row.video_id, row.start_us, row.end_us)
    if len(seen.limited) < limit:
        seen.limited.add(clip)
    return clip in seen.limited


def canonical_split(split: str) -> str:
    """The name under which a split is selected; the folder keeps the dataset's own spelling."""
    return "val" if split.casefold() in _VALIDATION else split


def shard_of(video_id: str, shards: int) -> int:
    """The shard, 1 to `shards`, that a video belongs to, on every machine and for ever.

    The first 8 bytes of SHA-256 of the id as a big-endian number, modulo `shards`, plus 1.
    """
    digest = hashlib.sha256(video_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") % shards + 1


def parse_shard(text: str) -> tuple[int, int]:
    """`2/8` as (2, 8). Raises ValueError."""
    index, slash, count = text.partition("/")
    if not slash or not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in (index, count)):
        raise ValueError(f"{text!r} is no shard; write I/N, for example 2/8 for the second of eight")
    if not 1 <= int(index) <= int(count):
        raise ValueError(
            f"the shard {text} does not exist; I counts from 1 to N, so write 1/{count} to {count}/{count}"
        )
    return int(index), int(count)


def check(selection: Selection, seen: Seen) -> None:
    """Raises SelectionError when a wanted split or class is in none of the lists, with close matches."""
    if selection.only_cc and not seen.has_cc:
        raise SelectionError(f"the list does not say what is under Creative Commons: it has no column {_CC}")
    found = {canonical_split(split) for split in seen.splits}
    for split in sorted(selection.splits):
        if canonical_split(split) not in found:
            raise SelectionError(_unknown("split", split, seen.splits))
    for label in sorted(selection.labels or ()):
        if label not in seen.labels:
            raise SelectionError(_unknown("class", label, seen.labels))


def _unknown(kind: str, name: str, names: Collection[str]) -> str:
    if not names:
        return f"the list names no {kind}, so {name!r} cannot be selected"
    folded = {other.casefold(): other for other in sorted(names)}
    wanted = name.casefold().replace("_", " ")
    close = [folded[match] for match in difflib.get_close_matches(wanted, folded, n=3, cutoff=0.6)]
    if close:
        return f"no {kind} {name!r} in the list; did you mean {' or '.join(map(repr, close))}?"
    listed = ", ".join(map(repr, sorted(names)[:_LISTED_NAMES])) + (", …" if len(names) > _LISTED_NAMES else "")
    return f"no {kind} {name!r} in the list; it has {listed}"
