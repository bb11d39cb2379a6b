"""The bytes of one media file that are here, and the fetching of those that are not: every request is decided here."""

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Callable

from clipset.media.limits import MIB

READ_BYTES_MAX = 10 * MIB  # of one request: longer ones are throttled by YouTube
HELD_BYTES_MAX = 256 * MIB
_AHEAD_BYTES = 96 * 1024  # of the first read that no plan foresaw; doubles while reading goes on from there
_MORE_SHARE = 32  # of a plan that was a little too short is the first read behind it
# libav reads on over smaller gaps instead of seeking, so they are better fetched with the rest
BRIDGE_BYTES = 32 * 1024
REQUEST_BYTES = 16 * 1024
"""What a request is worth: a round trip of 30 ms at 4 Mbit/s."""

Extent = tuple[int, int]
Fetch = Callable[[int, int], tuple[bytes, int | None]]  # start, end -> bytes and the file's size, if known


class Endless(Exception):  # noqa: N818 - a verdict on the file
    """More of the file was read than the limits allow."""


class ByteCache:
    """A sparse copy of one file. `fetch` gives fewer bytes than asked only where the file ends."""

    def __init__(self, fetch: Fetch, size_bytes: int | None, fetched_bytes_max: int) -> None:
        self.size_bytes = size_bytes
        self._fetch = fetch
        self._fetched_bytes_left = fetched_bytes_max
        self._starts: list[int] = []
        self._parts: dict[int, bytes] = {}
        self._pinned: set[int] = set()
        self._age: deque[int] = deque()  # starts of the parts that may be dropped, oldest first
        self._held_bytes = 0
        self._cover: tuple[int, bytes] = (0, b"")
        self._plan: list[Extent] = []
        self._ahead_from = -1
        self._ahead_bytes = _AHEAD_BYTES

    def plan(self, extents: list[Extent]) -> None:
        """What will be read next: a read inside one of these fetches as much of it as one request may."""
        self._plan = [self._bridged(extent) for extent in extents]

    def read(self, start: int, length: int) -> bytes:
        """Up to `length` bytes, at least one unless the file ends there. Raises Endless, and what fetch raises."""
        covered, data = self._cover
        if covered <= start < covered + len(data):
            return data[start - covered : start - covered + length]
        if start < covered:
            length = min(length, covered - start)
        part = self._part_at(start)
        if part is None:
            self._fill(start)
            part = self._part_at(start)
        if part is None:
            return b""
        offset = start - part
        return self._parts[part][offset : offset + length]

    def get(self, start: int, end: int, pin: bool = False) -> bytes:
        """The bytes start..end, fewer only where the file ends; fetches exactly what is missing of them."""
        for gap_start, gap_end in self.missing(start, end):
            for piece in range(gap_start, gap_end, READ_BYTES_MAX):
                self._load(piece, min(gap_end, piece + READ_BYTES_MAX), pin)
        data = bytearray()
        while start + len(data) < end and (part := self._part_at(start + len(data))) is not None:
            offset = start + len(data) - part
            data += self._parts[part][offset : offset + end - start - len(data)]
        return bytes(data)

    def cover(self, start: int, data: bytes) -> None:
        """What `read` gives from `start` on in place of the file's own bytes, which need not be here then."""
        self._cover = start, data

    def missing(self, start: int, end: int) -> list[Extent]:
        """The parts of start..end that are not here, as far as the file is known to reach."""
        if self.size_bytes is not None:
            end = min(end, self.size_bytes)
        gaps: list[Extent] = []
        while start < end:
            if (part := self._part_at(start)) is not None:
                start = part + len(self._parts[part])
            else:
                stop = min(end, self._next_start(start))
                gaps.append((start, stop))
                start = stop
        return gaps

    def _fill(self, position: int) -> None:
        """Fetch what is planned around a position that is not here, or else a useful piece after it."""
        for start, end in self._plan:
            if start <= position < end:
                gap = next((gap for gap in self.missing(start, end) if gap[0] <= position < gap[1]), None)
                if gap is not None:
                    first = gap[0] if position - gap[0] < READ_BYTES_MAX // 2 else position
                    self._load(first, min(gap[1], first + READ_BYTES_MAX))
                return
        self._ahead_bytes = self._useful_bytes(position)
        for start, end in self.missing(position, position + self._ahead_bytes)[:1]:
            self._load(start, end)
            self._ahead_from = end

    def _useful_bytes(self, position: int) -> int:
        if position == self._ahead_from:
            return min(READ_BYTES_MAX, self._ahead_bytes * 2)
        planned = next((end - start for start, end in self._plan if end == position), None)
        return _AHEAD_BYTES if planned is None else max(REQUEST_BYTES, planned // _MORE_SHARE)

    def _load(self, start: int, end: int, pin: bool = False) -> None:
        if self._fetched_bytes_left <= 0:
            raise Endless
        data, size_bytes = self._fetch(start, end)
        self._fetched_bytes_left -= len(data)
        if size_bytes is not None:
            self.size_bytes = size_bytes
        if len(data) < end - start:
            self.size_bytes = start + len(data)
        if data:
            self._hold(start, data[: end - start], pin)

    def _hold(self, start: int, data: bytes, pin: bool) -> None:
        insort(self._starts, start)
        self._parts[start] = data
        self._held_bytes += len(data)
        if pin:
            return
        self._age.append(start)
        while self._held_bytes > HELD_BYTES_MAX and len(self._age) > 1:
            self._drop(self._age.popleft())

    def _drop(self, start: int) -> None:
        self._starts.remove(start)
        self._held_bytes -= len(self._parts.pop(start))

    def _part_at(self, position: int) -> int | None:
        """The start of the held part that has this position."""
        index = bisect_right(self._starts, position) - 1
        if index < 0:
            return None
        start = self._starts[index]
        return start if position < start + len(self._parts[start]) else None

    def _next_start(self, position: int) -> int:
        index = bisect_right(self._starts, position)
        return self._starts[index] if index < len(self._starts) else 1 << 62

    def _bridged(self, extent: Extent) -> Extent:
        """The extent, begun earlier where only a small gap lies between it and bytes that are here."""
        start, end = extent
        index = bisect_right(self._starts, start) - 1
        if index < 0 or start == 0 or start == self._cover[0] + len(self._cover[1]):
            return extent
        held_end = self._starts[index] + len(self._parts[self._starts[index]])
        return (held_end, end) if 0 < start - held_end <= BRIDGE_BYTES else extent
