"""Which packets of a span a clip can take over as they are, and which pictures have to be encoded anew. Pure.

What is taken over begins at an IDR picture, since only there a decoder changes its parameter sets, and ends where all
that is decoded until then is all that is shown until then: a picture that stays refers to none that was left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Splice:
    """Positions in the span's packets, in decoding order.

    The pictures of `head` and `tail` are encoded anew, those of `body` taken over; `decoded` is what the former take.
    """

    head: tuple[int, ...]
    body: range
    tail: tuple[int, ...]
    decoded: tuple[int, ...]


class Coded(NamedTuple):
    """A picture of the stream."""

    tick: int  # when it is shown
    fresh: bool  # an IDR picture: it and what follows refer to nothing before it
    referred: bool  # others may refer to it


def plan_splice(pictures: Sequence[Coded], start: int, end: int) -> Splice | None:
    """For pictures that begin with a keyframe shown at or before `start`. None if nothing can be taken over."""
    ticks = [picture.tick for picture in pictures]
    first = next((i for i, tick in enumerate(ticks) if pictures[i].fresh and start <= tick < end), None)
    if first is None or not _parts(ticks, first):
        return None
    body = range(first, _closed_end(ticks, first, end))
    head = tuple(i for i in range(first) if ticks[i] >= start)
    tail = tuple(i for i in range(body.stop, len(ticks)) if ticks[i] < end)
    return Splice(head, body, tail, _decoded(pictures, head, body, tail))


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


def _decoded(pictures: Sequence[Coded], head: tuple[int, ...], body: range, tail: tuple[int, ...]) -> tuple[int, ...]:
    """For the head what is before the body; for the tail what is behind the last IDR picture, which is in the body. Of
    both what is shown, or referred to. With neither one picture all the same, to know what the pictures are like.
    """
    runs = []
    if head:
        runs.append(range(body.start))
    if tail:
        runs.append(range(max(i for i in body if pictures[i].fresh), tail[-1] + 1))
    shown = {*head, *tail}
    return tuple(i for i in chain(*runs) if pictures[i].referred or i in shown) or (body.start,)
