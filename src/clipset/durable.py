"""What every part that writes files needs: renames that outlive a loss of power, and disk errors in plain words."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clipset.reasons import Reason
from clipset.types import ClipsetError, Failure, Stage

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
_IN_THE_WAY = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR)


def sync_folder(folder: Path) -> None:
    """A file that was renamed into `folder` stays there when the power goes. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def plain_os_errors(path: Path) -> Iterator[None]:
    """What the user can mend becomes a ClipsetError that says how; a bug or a broken disk stays an OSError."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            reason, advice = Reason.DISK_FULL, "make room and run again"
        elif error.errno in _DENIED:
            reason, advice = Reason.NO_PERMISSION, "make it writable and run again"
        elif error.errno in _IN_THE_WAY:
            reason, advice = Reason.NO_PERMISSION, "move away what stands there and run again"
        elif error.errno == errno.EXDEV:
            reason, advice = Reason.NO_PERMISSION, "keep a dataset on one file system, without mounts inside"
        else:
            raise
        text = f"cannot write {path}: {error.strerror}; {advice}"
        raise ClipsetError(Failure(reason, text, Stage.STORE)) from error


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file `path`, all of it or nothing. Raises ClipsetError (disk_full, no_permission)."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with plain_os_errors(path):
        try:
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(path.parent)
