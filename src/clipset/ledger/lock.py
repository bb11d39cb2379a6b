"""One writer for a ledger: a lock that the kernel drops when its process ends, whichever way."""

import errno
import fcntl
import json
import os
import platform
import weakref
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from clipset.ledger.errors import LedgerError, LedgerHeld

_UNSUPPORTED = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS)


class WriterLock:
    """Holds `.clipset/lock` from construction until `release`.

    The file stays when the lock is released: removing it would let two processes lock two files of the same name.
    Raises LedgerHeld if another process holds it, LedgerError where the file system has no locks, OSError.
    """

    def __init__(self, directory: Path, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._sign()
        except BlockingIOError:
            holder = _holder(self._fd)
            self.let_go()
            raise LedgerHeld(directory, holder) from None
        except OSError as error:
            self.let_go()
            if error.errno in _UNSUPPORTED:
                raise LedgerError(f"the file system of {directory} cannot lock files; use a local disk") from error
            raise
        _held.add(self)

    def _sign(self) -> None:
        started_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        signature = {"pid": os.getpid(), "host": platform.node(), "started_at": started_at}
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, json.dumps(signature).encode() + b"\n", 0)

    def release(self) -> None:
        """Take the signature back and let go. Idempotent."""
        if self._fd >= 0:
            with suppress(OSError):
                os.ftruncate(self._fd, 0)
        self.let_go()

    def let_go(self) -> None:
        """Close this process's copy; in a forked child the parent keeps the lock."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        _held.discard(self)


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that writes, as it signed the lock. `started_at` is ISO 8601 UTC."""

    pid: int
    host: str
    started_at: str


def holder_of(path: Path) -> Holder | None:
    """Who last signed the lock, if that process may still run: looked up, not tried, so that nobody is in its way.

    Of a process on another machine nobody here can tell: it may.
    """
    try:
        signed = _signed(path.read_bytes())
        if signed is not None and signed.host == platform.node():
            os.kill(signed.pid, 0)
    except PermissionError:  # of another user
        return signed
    except (OSError, OverflowError):  # no such file, no such process
        return None
    return signed


def _signed(text: bytes) -> Holder | None:
    """None between locking and signing, or where it is not our text."""
    try:
        found = json.loads(text)
        return Holder(int(found["pid"]), str(found["host"]), str(found["started_at"]))
    except (ValueError, KeyError, TypeError):
        return None


def _holder(fd: int) -> str:
    found = _signed(os.pread(fd, 4096, 0))
    return f"process {found.pid} on {found.host} since {found.started_at}" if found else "another process"


_held: weakref.WeakSet[WriterLock] = weakref.WeakSet()


def _let_go_in_child() -> None:
    """A forked worker that outlives its killed parent must not keep the dataset locked."""
    for lock in list(_held):
        lock.let_go()


os.register_at_fork(after_in_child=_let_go_in_child)
