"""What a session takes on disk for a while: drafts of clips, and downloads that only come as a whole."""

import threading


class TemporarySpace:
    """Counts the bytes of all files of a session that are not there to stay, and the most there were at a moment.

    Whoever writes such a file asks for a Holding; any thread may. Nothing is looked up on disk.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held_bytes = 0
        self._peak_bytes = 0

    @property
    def peak_bytes(self) -> int:
        return self._peak_bytes

    def hold(self) -> "Holding":
        return Holding(self)

    def _change(self, size_bytes: int) -> None:
        with self._lock:
            self._held_bytes += size_bytes
            self._peak_bytes = max(self._peak_bytes, self._held_bytes)


class Holding:
    """The part of one file, or of some that go together. Belongs to one thread."""

    def __init__(self, space: TemporarySpace) -> None:
        self._space = space
        self._size_bytes = 0

    def grow(self, size_bytes: int) -> None:
        """So many bytes more are about to be written."""
        self._size_bytes += size_bytes
        self._space._change(size_bytes)  # noqa: SLF001 - two halves of one thing

    def release(self) -> None:
        """The file is gone, or has become one that stays. Idempotent."""
        self._space._change(-self._size_bytes)  # noqa: SLF001 - as above
        self._size_bytes = 0
