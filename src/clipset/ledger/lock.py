"""One writer for a ledger: a lock that the kernel drops when its process ends, whichever way."""

import errno
import fcntl
import json
import os
import platform
import weakref
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
            self.release()
            raise LedgerHeld(directory, holder) from None
        except OSError as error:
            self.release()
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
        """Idempotent. In a forked child it closes the copy only; the parent keeps the lock."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        _held.discard(self)


def holder_lives(path: Path) -> bool:
    """Whether the process that last signed a lock may still run: looked up, not tried, so that nobody is in its way.

    Of a process on another machine nobody here can tell: it may.
    """
    try:
        signed = json.loads(path.read_bytes())
        if signed["host"] != platform.node():
            return True
        os.kill(int(signed["pid"]), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError, KeyError, TypeError, OverflowError):  # no such file, not our text, not our process
        return path.exists()
    return True


def _holder(fd: int) -> str:
    try:
        found = json.loads(os.pread(fd, 4096, 0))
        return f"process {found['pid']} on {found['host']} since {found['started_at']}"
    except (ValueError, KeyError, TypeError):  # between locking and signing, or not our text
        return "another process"


_held: weakref.WeakSet[WriterLock] = weakref.WeakSet()


def _let_go_in_child() -> None:
    """A forked worker that outlives its killed parent must not keep the dataset locked."""
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_let_go_in_child)
