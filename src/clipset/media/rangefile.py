"""The file that libav reads: a cursor over its bytes, with what libav may see of it."""

import os
from typing import Protocol

from clipset.media.cache import Extent


class Bytes(Protocol):
    """What a cursor moves over: a ByteCache, or the segments of a playlist."""

    size_bytes: int | None

    def plan(self, extents: list[Extent]) -> None:
        """What will be read next."""
        ...

    def read(self, start: int, length: int) -> bytes:
        """Up to `length` bytes from `start`, at least one unless the file ends there."""
        ...


class RangeFile:
    """Readable and seekable as libav wants it. Several cursors may share one cache.

    `visible` hides everything but some ranges: libav takes what is hidden for the file's end and asks no further, which
    is how opening costs no byte beyond the index (stream probing and the search for a trailing mfra box would).
    `end` is where the file ends for libav, None for the true end.
    """

    name = "media"

    def __init__(self, cache: Bytes, seekable: bool = True) -> None:
        self.visible: tuple[Extent, ...] | None = None
        self.end: int | None = None
        self._cache = cache
        self._seekable = seekable
        self._position = 0

    def read(self, length: int) -> bytes:
        length = min(length, self._room())
        if length <= 0:
            return b""
        data = self._cache.read(self._position, length)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """-1, which libav takes for an error, where there is no such position, or the end is not known."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        if base is None:
            base = self.end if self.end is not None else self._cache.size_bytes
        if base is None or base + offset < 0:
            return -1
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def seekable(self) -> bool:
        return self._seekable

    def _room(self) -> int:
        """How many bytes after the position may be read."""
        ends = [1 << 62] if self.end is None else [self.end]
        if self.visible is not None:
            ends += [next((end for start, end in self.visible if start <= self._position < end), 0)]
        return min(ends) - self._position
