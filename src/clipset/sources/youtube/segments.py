"""The segments of a playlist as one ByteStream."""

import os
import tempfile
from collections.abc import Callable, Sequence

from clipset.reasons import Reason
from clipset.sources.youtube import verdict
from clipset.sources.youtube.playlist import Segment
from clipset.sources.youtube.spool import our_fault

# A segment has a few seconds of one rendition; more is a body without an end.
_LONGEST_SEGMENT_BYTES = 256 * 1024**2


class SegmentStream:
    """Segments one after the other, all fetched with the first read and kept in a temporary file.

    All, because a reader of a file without an index wants to know its size, and only the segments needed are here.
    MPEG-TS may be joined by design, fragmented mp4 after its header. Segments left out between two others leave a gap
    in time, not in bytes.
    """

    def __init__(self, segments: Sequence[Segment], fetch: Callable[[Segment, int], bytes]) -> None:
        self._left, self._fetch = list(reversed(segments)), fetch
        self._have_bytes = 0
        try:
            self._file = tempfile.TemporaryFile(prefix="clipset-")  # noqa: SIM115 - lives until close()
        except OSError as error:
            raise our_fault(error) from None

    @property
    def size_bytes(self) -> int | None:
        return None if self._left else self._have_bytes

    def read(self, start: int, end: int) -> bytes:
        """Bytes start <= i < end; fewer only where the last segment ends. Raises ClipsetError, Interrupted."""
        while self._left:
            self._append(self._fetch(self._left[-1], _LONGEST_SEGMENT_BYTES))
            self._left.pop()  # only now: a read after one that failed goes on with this segment
        return os.pread(self._file.fileno(), max(0, end - start), start)

    def close(self) -> None:
        self._file.close()

    def _append(self, data: bytes) -> None:
        if len(data) >= _LONGEST_SEGMENT_BYTES:
            raise verdict.fetch_error(Reason.DAMAGED_MEDIA, f"a segment of {len(data)} bytes or more")
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise our_fault(error) from None
        self._have_bytes += len(data)
