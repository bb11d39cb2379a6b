"""A sequential download in a temporary file, for servers that do not know ranges."""

import errno
import os
import tempfile
from collections.abc import Callable

from clipset.reasons import Reason
from clipset.sources.youtube import verdict
from clipset.sources.youtube.response import MeteredResponse, RequestFailed
from clipset.space import Holding
from clipset.types import ClipsetError, Stage

# No rendition of a few hundred pixels in height is larger, whatever its length; more is a body without an end.
MIN_LIMIT_BYTES = 4 * 1024**3
_PIECE_BYTES = 256 * 1024
# Each costs the whole file up to where it broke, because the server cannot start in the middle.
_MAX_RESTARTS = 2


class Spool:
    """Downloads as far as reads need, from the start; deleted on close.

    `expected_bytes` is the announced size; a body over twice that, and over 4 GiB, is given up. `holding` grows with
    the file.
    """

    def __init__(
        self,
        response: MeteredResponse,
        reopen: Callable[[], MeteredResponse],
        expected_bytes: int | None,
        holding: Holding,
    ) -> None:
        self._response, self._reopen, self._holding = response, reopen, holding
        self._limit_bytes = max(2 * (expected_bytes or 0), MIN_LIMIT_BYTES)
        length = response.get_header("Content-Length") or ""
        self.size_bytes: int | None = int(length) if length.isdecimal() else None
        self._have_bytes = 0
        self._restarts = 0
        try:
            self._file = tempfile.TemporaryFile(prefix="clipset-")  # noqa: SIM115 - lives until close()
        except OSError as error:
            raise our_fault(error) from None

    def read(self, start: int, end: int) -> bytes:
        """Bytes start <= i < end; fewer only where the file ends. Raises ClipsetError, Interrupted."""
        while self._have_bytes < end and not self._complete:
            self._take_piece()
        return os.pread(self._file.fileno(), max(0, end - start), start)

    def close(self) -> None:
        self._response.close()
        self._file.close()
        self._holding.release()

    @property
    def _complete(self) -> bool:
        return self.size_bytes is not None and self._have_bytes >= self.size_bytes

    def _take_piece(self) -> None:
        try:
            piece = self._response.read_some(_PIECE_BYTES)
        except RequestFailed as error:
            self._restart(error)
            return
        if not piece:
            self.size_bytes = self._have_bytes
            return
        if self._have_bytes + len(piece) > self._limit_bytes:
            raise verdict.fetch_error(Reason.DAMAGED_MEDIA, f"the file does not end within {self._limit_bytes} bytes")
        self._append(piece)

    def _append(self, piece: bytes) -> None:
        self._holding.grow(len(piece))
        try:
            self._file.write(piece)
            self._file.flush()
        except OSError as error:
            raise our_fault(error) from None
        self._have_bytes += len(piece)

    def _restart(self, broken: RequestFailed) -> None:
        """Skip what is here already; a restart that fails, or breaks earlier, is the end of it."""
        self._restarts += 1
        if self._restarts > _MAX_RESTARTS:
            raise ClipsetError(verdict.of_request(broken, Stage.FETCH))
        try:
            self._response = self._reopen()
            left = self._have_bytes
            while left and (piece := self._response.read_some(min(left, _PIECE_BYTES))):
                left -= len(piece)
        except RequestFailed as error:
            raise ClipsetError(verdict.of_request(error, Stage.FETCH)) from None
        if left:
            raise verdict.fetch_error(Reason.EXPIRED_URL, "the file became shorter between two downloads")


def our_fault(error: OSError) -> ClipsetError:
    """A temporary file that this machine does not let us write."""
    reason = Reason.DISK_FULL if error.errno in {errno.ENOSPC, errno.EDQUOT} else Reason.NO_PERMISSION
    return verdict.fetch_error(reason, f"a temporary file in {tempfile.gettempdir()}: {error.strerror}")
