"""A playlist's segments inside the media child: which of them hold a span, and when their clocks start."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate

from clipset.media.cache import READ_BYTES_MAX, Extent, Fetch
from clipset.media.hls import HEAD_BYTES, SLOT_BYTES
from clipset.media.layout import Access, Layout, NotMedia
from clipset.media.sniff import PLAYLIST_MAGIC, SNIFF_BYTES, describe, sniff
from clipset.media.tracks import MediaFile, first_picture_s
from clipset.types import US_PER_S, Span

_TABLE_BYTES_MAX = READ_BYTES_MAX
_WRAP_S = Fraction(1 << 33, 90_000)  # the clock of an MPEG transport stream starts anew after 26.5 hours
_TRIES = 3  # segments to go back, where announced durations say that a span begins later than it does
_SOUND_LEAD_US = US_PER_S  # sound segments are short of pictures to go by


@dataclass(frozen=True, slots=True)
class Row:
    """A segment as the table has it, with its start by the durations that the playlist announces."""

    start_us: int
    initial: int | None
    discontinuity: bool


class Chain:
    """Some slots end to end, each fetched when reading comes to it; only forward, and only the last two are held."""

    size_bytes: int | None = None

    def __init__(self, slots: list[int], fetch: Fetch, first_bytes: int | None = None) -> None:
        """`first_bytes` limits what is read of each slot."""
        self._left = deque(slots)
        self._fetch = fetch
        self._most = first_bytes
        self._parts: deque[tuple[int, bytes]] = deque(maxlen=2)
        self._end = 0

    def plan(self, extents: list[Extent]) -> None:
        """Segments are fetched whole, as they come."""

    def read(self, start: int, length: int) -> bytes:
        """Up to `length` bytes; b"" behind the last slot."""
        while start >= self._end and self._left:
            data = self._slot(self._left.popleft() * SLOT_BYTES)
            self._parts.append((self._end, data))
            self._end += len(data)
        for part_start, data in self._parts:
            if part_start <= start < part_start + len(data):
                return data[start - part_start : start - part_start + length]
        return b""

    def _slot(self, position: int) -> bytes:
        most = self._most or READ_BYTES_MAX
        data, _ = self._fetch(position, position + most)
        piece = data
        while self._most is None and len(piece) == READ_BYTES_MAX:
            piece, _ = self._fetch(position + len(data), position + len(data) + READ_BYTES_MAX)
            data += piece
        return data


class PlaylistFile:
    """A playlist that hls.HlsStream serves. Time 0 is the first picture of the first segment."""

    def __init__(self, fetch: Fetch) -> None:
        """Raises NotMedia, and what fetching raises."""
        self._fetch = fetch
        self._rows = _rows(fetch(0, _TABLE_BYTES_MAX)[0])
        self._starts = [row.start_us for row in self._rows]
        self._zeros: dict[int, Fraction] = {}
        self._firsts: dict[int, Fraction] = {}

    def at(self, span: Span, zero_s: Fraction | None = None) -> MediaFile:
        """The segments from the one with the span's start on. `zero_s`, for sound, is when the pictures' clock starts.

        Raises NotMedia, damaged_media, and what libav and fetching raise.
        """
        if zero_s is not None:
            return self._file(self._number(span.start_us - _SOUND_LEAD_US), zero_s)
        number = self._number(span.start_us)
        group = max(i for i, row in enumerate(self._rows[: number + 1]) if row.discontinuity or i == 0)
        zero_s = self._zero_s(group, None if group == number else HEAD_BYTES)
        earliest = max(group, number - _TRIES)
        while (shown_s := self._shown_s(number, zero_s)) * US_PER_S > span.start_us and number > earliest:
            number -= 1
        return self._file(number, self._first_picture_s(number) - shown_s)

    def _number(self, time_us: int) -> int:
        return max(0, bisect_right(self._starts, time_us) - 1)

    def _zero_s(self, group: int, first_bytes: int | None) -> Fraction:
        """What the clock of a group of segments shows at the video's time 0; the front of a segment tells."""
        if group not in self._zeros:
            shown_s = self._first_picture_s(group, first_bytes)
            self._zeros[group] = shown_s - Fraction(self._starts[group], US_PER_S)
        return self._zeros[group]

    def _shown_s(self, number: int, zero_s: Fraction) -> Fraction:
        """When the first picture of a segment is shown, in the video's time."""
        shown_s = self._first_picture_s(number) - zero_s
        return shown_s + _WRAP_S if shown_s < -_WRAP_S / 2 else shown_s

    def _first_picture_s(self, number: int, first_bytes: int | None = None) -> Fraction:
        if number not in self._firsts:
            self._firsts[number] = first_picture_s(self._media([number], first_bytes))
        return self._firsts[number]

    def _file(self, number: int, zero_s: Fraction) -> MediaFile:
        return replace(self._media(list(range(number, len(self._rows)))), zero_s=zero_s)

    def _media(self, numbers: list[int], first_bytes: int | None = None) -> MediaFile:
        """One initial part and then segments: those with another initial part are left to another clip."""
        initial = self._rows[numbers[0]].initial
        slots = [number + 1 for number in numbers if self._rows[number].initial == initial]
        if initial is not None:
            slots.insert(0, 1 + len(self._rows) + initial)
        chain = Chain(slots, self._fetch, first_bytes)
        head = chain.read(0, SNIFF_BYTES)
        name = sniff(head)
        if name is None:
            raise NotMedia(describe(head))
        return MediaFile(chain, Layout(name, Access.FORWARD))


def _rows(table: bytes) -> list[Row]:
    try:
        rows = json.loads(table.removeprefix(PLAYLIST_MAGIC))
        starts = accumulate((int(row[0]) for row in rows), initial=0)
        return [Row(start, row[1], bool(row[2])) for start, row in zip(starts, rows, strict=False)]
    except (ValueError, TypeError, IndexError) as error:
        raise NotMedia("the playlist is damaged") from error
