"""Which packets of a span a clip can take over as they are, and which pictures have to be encoded anew. Pure.

What is taken over begins at an IDR picture, since only there a decoder changes its parameter sets, and ends where all
that is decoded until then is all that is shown until then: a picture that stays refers to none that was left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Splice:
    """Positions in the span's packets, in decoding order.

    The pictures of `head` and `tail` are encoded anew, those of `body` taken over; `decoded` is what the former take.
    """

    head: tuple[int, ...]
    body: range
    tail: tuple[int, ...]
    decoded: tuple[int, ...]


def plan_splice(ticks: Sequence[int], fresh: Sequence[bool], start: int, end: int) -> Splice | None:
    """For packets that begin at a keyframe shown at or before `start`. None if nothing can be taken over.

    `ticks`: when each picture is shown. `fresh`: whether it is an IDR picture, before which nothing is referred to.
    """
    first = next((i for i, tick in enumerate(ticks) if fresh[i] and start <= tick < end), None)
    if first is None or not _parts(ticks, first):
        return None
    body = range(first, _closed_end(ticks, first, end))
    head = tuple(i for i in range(first) if ticks[i] >= start)
    tail = tuple(i for i in range(body.stop, len(ticks)) if ticks[i] < end)
    return Splice(head, body, tail, _decoded(fresh, head, body, tail))


def _parts(ticks: Sequence[int], first: int) -> bool:
    """Whether all before an IDR picture is shown before it, and all behind it later, as it has to be."""
    return (
        max(ticks[:first], default=ticks[first] - 1) < ticks[first] < min(ticks[first + 1 :], default=ticks[first] + 1)
    )


def _closed_end(ticks: Sequence[int], first: int, end: int) -> int:
    """Behind the last picture up to which those decoded are just those shown, all of them before `end`."""
    latest, shown = accumulate(ticks[first:], max), sorted(ticks[first:])
    pairs = enumerate(zip(latest, shown, strict=True), first + 1)
    return max(i for i, (last, nth) in pairs if last == nth and last < end)


def _decoded(fresh: Sequence[bool], head: tuple[int, ...], body: range, tail: tuple[int, ...]) -> tuple[int, ...]:
    """For the head all before the body; for the tail all from the last IDR picture on, which is in the body.

    With neither one picture is decoded all the same, to know what the pictures are like.
    """
    for_head = range(body.start) if head else range(0)
    if tail:
        return (*for_head, *range(max(i for i in body if fresh[i]), tail[-1] + 1))
    return tuple(for_head) or (body.start,)
