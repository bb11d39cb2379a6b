"""The dataset's own folder `.clipset`: taken by one writer, and removed again if it came to nothing."""

from contextlib import suppress
from pathlib import Path
from typing import Self

from clipset.durable import plain_os_errors
from clipset.ledger.errors import LedgerCorrupt, LedgerMissing
from clipset.ledger.lock import WriterLock


class Home:
    """`.clipset` of a dataset, locked. `created` are the directories that were not there before, outermost first."""

    def __init__(self, folder: Path, lock: WriterLock, created: list[Path], is_new: bool) -> None:
        self.folder = folder
        self._lock = lock
        self._created = created
        self._is_new = is_new

    @staticmethod
    def database_of(directory: Path) -> Path:
        return directory / ".clipset" / "ledger.db"

    @property
    def database(self) -> Path:
        return self.folder / "ledger.db"

    @classmethod
    def take(cls, directory: Path) -> Self:
        """Raises LedgerHeld, LedgerError, ClipsetError (disk_full, no_permission)."""
        folder = directory / ".clipset"
        created: list[Path] = []
        try:
            with plain_os_errors(directory):
                _make(folder, created)
                lock = WriterLock(directory, folder / "lock")
        except BaseException:
            _remove_empty(created)
            raise
        return cls(folder, lock, created, is_new=not cls.database_of(directory).exists())

    def release(self) -> None:
        self._lock.release()

    def discard(self) -> None:
        """Release; of a dataset that was not there before, remove the files and folders that were made for it."""
        if self._is_new:
            for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm", "lock"):
                (self.folder / name).unlink(missing_ok=True)
        self._lock.release()
        _remove_empty(self._created)


def has_tables(directory: Path) -> bool:
    """Whether a dataset has been here, whatever its ledger says: each session leaves its tables."""
    return any((directory / name).exists() for name in ("stats.csv", "failed.csv"))


def refuse_emptied(database: Path) -> None:
    """SQLite takes an empty file for a new ledger, and all that was known would be forgotten. Raises LedgerCorrupt."""
    files = (database, database.with_name(database.name + "-wal"))
    is_empty = database.exists() and not any(file.exists() and file.stat().st_size for file in files)
    if is_empty and has_tables(database.parent.parent):
        raise LedgerCorrupt(database, "it is empty")


def readable(directory: Path) -> Path:
    """The ledger of a dataset that is there. Raises LedgerMissing, LedgerCorrupt."""
    path = Home.database_of(directory)
    if not path.exists():
        raise LedgerCorrupt(path, "it is gone") if has_tables(directory) else LedgerMissing(directory)
    refuse_emptied(path)
    return path


def _make(folder: Path, created: list[Path]) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        with suppress(FileExistsError):  # another process was faster
            path.mkdir()
            created.append(path)


def _remove_empty(created: list[Path]) -> None:
    for path in reversed(created):
        with suppress(OSError):  # somebody put something there meanwhile
            path.rmdir()
