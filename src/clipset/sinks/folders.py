"""Clips as files in folders. A file appears under its name complete, and stays there through a loss of power."""

import errno
import math
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from clipset.durable import plain_os_errors, sync_folder
from clipset.reasons import Reason
from clipset.space import Holding, TemporarySpace
from clipset.types import ByteStream, ClipsetError, Failure, Stage

# what file systems say that have no hard links, or no more of them for this file
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class FileStream:
    """A finished file by byte ranges. Opened for each read, so there is nothing to close. Raises OSError."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self._size_bytes = size_bytes

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def read(self, start: int, end: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(start)
            return file.read(max(0, end - start))


class FolderSink:
    """Implements `types.Sink` below `root`; safe to use from several threads.

    Drafts lie in `.clipset/tmp`, not beside their targets: clearing up after a crash then looks at one folder instead
    of a tree of 650,000 files. For that the whole dataset has to be on one file system. `space` is told of them.

    Every method takes relative paths with /. Raises ValueError for a path that is absolute, has `..` or lies in
    `.clipset`, and ClipsetError (no_permission) for one that a symbolic link leads out of `root`.
    """

    def __init__(self, root: Path, space: TemporarySpace | None = None) -> None:
        self._root = root.resolve()
        self._drafts = self._root / ".clipset" / "tmp"
        self._space = space or TemporarySpace()

    def put(self, path: str, data: bytes) -> None:
        """Atomic and durable; replaces. Raises ClipsetError (disk_full, no_permission)."""
        self._place(path, lambda draft, holding: _write(draft, data, holding))

    def link(self, path: str, target: str) -> None:
        """Make `path` the same file as `target`, replacing; a copy where links do not work.

        Raises ClipsetError (disk_full, no_permission), FileNotFoundError when `target` is not there.
        """
        source = self._inside(target)
        if self._inside(path) != source:
            self._place(path, lambda draft, holding: link_or_copy(source, draft, holding))

    def take(self, path: str, source: Path, *, copies: bool = False) -> None:
        """Make `path` the same file as one from outside, replacing; a copy where links do not work, or always.

        Raises ClipsetError (disk_full, no_permission), FileNotFoundError when `source` is not there.
        """
        self._place(path, lambda draft, holding: (_copy if copies else link_or_copy)(source, draft, holding))

    def get(self, path: str) -> ByteStream | None:
        """The finished file, or None."""
        file = self._inside(path)
        with plain_os_errors(file):
            return FileStream(file, file.stat().st_size) if file.is_file() else None

    def sweep(self, older_than_s: float | None = None) -> int:
        """Remove the drafts of a run that died; returns how many. Without an age only while no other process writes
        here.
        """
        newest_s = math.inf if older_than_s is None else time.time() - older_than_s
        with plain_os_errors(self._drafts):
            drafts = [draft for draft in self._drafts.glob("*.draft") if _modified_s(draft) < newest_s]
            for draft in drafts:
                draft.unlink(missing_ok=True)
        return len(drafts)

    def _place(self, path: str, make: Callable[[Path, Holding], None]) -> None:
        final = self._inside(path)
        draft, holding = self._drafts / f"{uuid.uuid4().hex}.draft", self._space.hold()
        with plain_os_errors(final):
            make_folder(self._drafts)
            make_folder(final.parent)
            try:
                make(draft, holding)
                draft.replace(final)
            finally:
                holding.release()
                # still there after a failure, and after renaming a link over the same file, which does nothing
                draft.unlink(missing_ok=True)
            sync_folder(final.parent)

    def _inside(self, path: str) -> Path:
        return inside(self._root, path)


def parts_of(path: str) -> tuple[str, ...]:
    """The parts of a relative path with /. Raises ValueError for one that no clip of a dataset can have."""
    parts = PurePosixPath(path).parts
    if not parts or parts[0] in {"/", "//", ".clipset"} or ".." in parts or "\0" in path:
        raise ValueError(f"not a path for a clip below a dataset: {path!r}")
    return parts


def inside(root: Path, path: str) -> Path:
    """Where a relative path with / lies below `root`, a real path. Raises ValueError, ClipsetError (no_permission)."""
    full = root.joinpath(*parts_of(path))
    if not Path(os.path.realpath(full)).is_relative_to(root):
        text = f"{full} leads out of {root} by a symbolic link; replace the link by a folder"
        raise ClipsetError(Failure(Reason.NO_PERMISSION, text, Stage.STORE))
    return full


def _modified_s(draft: Path) -> float:
    """Infinite for what is gone meanwhile."""
    try:
        return draft.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def _write(draft: Path, data: bytes, holding: Holding) -> None:
    holding.grow(len(data))
    with draft.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def link_or_copy(source: Path, draft: Path, holding: Holding | None = None) -> None:
    """`holding` grows by what is copied: a link takes no space."""
    try:
        draft.hardlink_to(source)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _copy(source, draft, holding or TemporarySpace().hold())


def _copy(source: Path, draft: Path, holding: Holding) -> None:
    _write(draft, source.read_bytes(), holding)


def make_folder(folder: Path) -> None:
    """With its parents, each of them durable: a file cannot outlive a loss of power in a folder that does not."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)  # another thread may be as fast
    sync_folder(folder.parent)
