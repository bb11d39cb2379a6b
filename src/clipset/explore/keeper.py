"""The thread that follows a ledger: opens it, indexes it, notices what changes, and that it is damaged or gone."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from clipset.ledger import Ledger, LedgerError, LedgerReader
from clipset.ledger.home import Home, readable
from clipset.ledger.shelf import Shelf, Stale
from clipset.types import ClipsetError

LOOK_S = 1.0
_MOMENT_S = 0.5
_VERIFY_S = 30.0
_REST = 5  # a look that took a second is followed by so many of rest, an index by twice as many


class NotIndexed(Exception):  # noqa: N818 - not an error: it takes some seconds after the start
    """What was asked for needs the index, which is still being made."""


class Keeper:
    """Lends a ledger to the threads that answer requests, one at a time.

    `version` grows with every change that a page may show.
    """

    def __init__(self, directory: Path, look_s: float = LOOK_S) -> None:
        self.version = 0
        self._directory = directory
        self._look_s = look_s
        self._stop, self._indexed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._follow, name="keeper", daemon=True)
        self._desk_lock, self._shelf_lock = threading.Lock(), threading.Lock()
        self._desk: LedgerReader | None = None
        self._shelf: Shelf | None = None
        self._file: tuple[int, int] | None = None
        self._seen = -1
        self._trouble: Exception | None = None
        self._verify_at_s = self._index_at_s = self._took_s = 0.0

    def start(self) -> None:
        """Waits a moment: most indexes are made in it."""
        self._open()
        self._thread.start()
        self._indexed.wait(_MOMENT_S)

    def stop(self) -> None:
        """An index that is being made is left to itself: it is in memory, and its thread ends with the process."""
        self._stop.set()
        self._thread.join(_MOMENT_S)
        self._close()

    @contextmanager
    def desk(self) -> Iterator[LedgerReader]:
        """For what takes milliseconds without an index. Raises LedgerError, ClipsetError."""
        with self._desk_lock:
            if self._desk is None:
                raise self._why_not()
            yield self._desk

    @contextmanager
    def shelf(self) -> Iterator[Shelf]:
        """Up to date. Raises NotIndexed, LedgerError, ClipsetError."""
        with self._shelf_lock:
            if self._shelf is None:
                raise self._why_not()
            with suppress(Stale):  # it is made anew soon
                self._shelf.refresh()
            with self._shelf.snapshot():
                yield self._shelf

    def _why_not(self) -> Exception:
        """Raised often: without the trace that would grow each time."""
        return NotIndexed() if self._trouble is None else self._trouble.with_traceback(None)

    def _follow(self) -> None:
        while not self._stop.is_set():
            self._guarded()
            self._stop.wait(max(self._look_s, _REST * self._took_s))

    def _guarded(self) -> None:
        try:
            self._look()
        except (LedgerError, ClipsetError) as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - a thread that died would leave the pages as they were for ever
            self._fail(LedgerError(f"the ledger cannot be read: {type(error).__name__}: {error}"))

    def _open(self) -> None:
        try:
            path = readable(self._directory)
            self._file = _identity(path)
            self._desk = Ledger.read(self._directory, any_thread=True)
            self._trouble = None
            self.version += 1
        except (LedgerError, ClipsetError) as error:
            self._fail(error)

    def _look(self) -> None:
        if _identity(Home.database_of(self._directory)) != self._file or self._desk is None:
            self._close()
            self._open()
        if self._desk is None:
            return
        with self._desk_lock:
            ((seen,),) = self._desk.select("PRAGMA data_version")
        try:
            self._refresh()
        except Stale:
            self._index()
        if seen != self._seen:
            self._seen = seen
            self.version += 1

    def _refresh(self) -> None:
        """Raises Stale where the index must be made, first or anew."""
        if self._shelf is None:
            raise Stale
        began_s = time.monotonic()
        with self._shelf_lock:
            self._shelf.refresh()
        now_s = time.monotonic()
        self._took_s = now_s - began_s
        if self._seen >= 0 and now_s >= self._verify_at_s:
            self._verify_at_s = now_s + _VERIFY_S
            with Ledger.read(self._directory) as beside:
                self._shelf.verify(beside)

    def _index(self) -> None:
        """Beside the old index, which serves meanwhile; not again before it has been worth the work."""
        began_s = time.monotonic()
        if self._shelf is not None and began_s < self._index_at_s:
            return
        made = Shelf.make(self._directory)
        with self._shelf_lock:
            old, self._shelf = self._shelf, made
        if old is not None:
            old.close()
        self._indexed.set()
        self._index_at_s = time.monotonic() + 2 * _REST * (time.monotonic() - began_s)
        self._verify_at_s = time.monotonic() + _VERIFY_S
        self.version += 1

    def _fail(self, error: Exception) -> None:
        self._close()
        if str(self._trouble) != str(error):
            self.version += 1
        self._trouble = error

    def _close(self) -> None:
        with self._desk_lock, self._shelf_lock:
            for reader in (self._desk, self._shelf):
                if reader is not None:
                    reader.close()
            self._desk = self._shelf = None
            self._seen = -1


def _identity(path: Path) -> tuple[int, int] | None:
    """Another one: another file took its place."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
