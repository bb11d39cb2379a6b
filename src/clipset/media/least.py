"""The least that a clip needs of its video, however it is made: one definition for the ledger and for measuring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from clipset.media.layout import Layout

Time = int | float | Fraction


class PacketRow(NamedTuple):
    """A packet of one stream: when it is presented, in any unit, and how long it is. All sound is a keyframe."""

    time: Time
    is_keyframe: bool
    size_bytes: int


def needed_bytes(packets: Iterable[PacketRow], start: Time, end: Time) -> int:
    """The packets of a stream from the last keyframe presented at or before `start` up to `end`.

    From the first keyframe if none is that early; 0 where there is none at all.
    """
    rows = list(packets)
    keyframes = [row.time for row in rows if row.is_keyframe]
    began = max((time for time in keyframes if time <= start), default=min(keyframes, default=end))
    return sum(row.size_bytes for row in rows if began <= row.time < end)


def index_bytes(layouts: Sequence[Layout]) -> int | None:
    """What has to be read of some files before anything of a clip can be; None where one has no index that helps."""
    extents = [layout.index for layout in layouts]
    if any(extent is None for extent in extents):
        return None
    return sum(end - start for extent in extents for start, end in extent or ())
