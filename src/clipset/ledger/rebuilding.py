"""A ledger made anew from what is left: the damaged one, the tables beside the clips, and the clips themselves.

It grows in `ledger.db.new` and takes its place when it is complete. Until then the damaged file stays where it is;
what was interrupted goes on where it stopped, as long as nothing else has changed meanwhile.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Self

from clipset.durable import plain_os_errors, sync_folder
from clipset.ledger import claims
from clipset.ledger.database import connect_writer, plain_errors, transaction, unchecked
from clipset.ledger.errors import LedgerCorrupt, LedgerIntact
from clipset.ledger.failures import write_failed
from clipset.ledger.home import Home
from clipset.ledger.loading import REBUILT
from clipset.ledger.reader import LedgerReader
from clipset.ledger.reread import done_rows, failed_rows
from clipset.ledger.rows import Folder
from clipset.ledger.salvage import Salvaged, damage, salvage
from clipset.ledger.tables import write_stats
from clipset.types import US_PER_S, Annotation, Clip, Stored

STATS, FAILED = "stats.csv", "failed.csv"
_FROM = "rebuilt_from"
_BESIDE = ("", "-wal", "-shm")

_FINISH = """
UPDATE clip SET state = 'done', reason = NULL, not_before_us = 0, attempts = max(attempts, 1) WHERE key = ?
"""
_FACTS = """
width_px, height_px, fps_numerator, fps_denominator, frames, duration_us, video_codec, audio_codec, format_id
"""
_STORED = f"""
INSERT OR REPLACE INTO stored (clip_key, path, size_bytes, sha256, {_FACTS})
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""  # noqa: S608 - constants of this module
_STORED_AS_BEFORE = f"""
INSERT OR REPLACE INTO stored (clip_key, path, size_bytes, sha256, {_FACTS})
SELECT clip_key, ?, size_bytes, sha256, {_FACTS} FROM rebuild_claim WHERE clip_key = ? AND sha256 = ?
"""  # noqa: S608 - constants of this module
_CLIP = """
SELECT clip.key, clip.state, rebuild_claim.size_bytes FROM video JOIN clip ON clip.video_key = video.key
LEFT JOIN rebuild_claim ON rebuild_claim.clip_key = clip.key
WHERE video.id = ? AND clip.start_us = ? AND clip.end_us = ?
"""
_NAMES = """
SELECT path, dataset.name = ? FROM annotation JOIN dataset ON dataset.key = annotation.dataset_key WHERE clip_key = ?
"""
_PLACED = """
SELECT DISTINCT annotation.split, annotation.label, rtrim(annotation.path, replace(annotation.path, '/', ''))
FROM annotation JOIN dataset ON dataset.key = annotation.dataset_key AND dataset.name = ?
JOIN clip ON clip.key = annotation.clip_key AND clip.state = 'done' WHERE annotation.unlinked = 0
"""


class Rebuilding(LedgerReader):
    """The new ledger of a dataset, and the lock on it. A context manager that closes; only `finish` changes the old."""

    def __init__(self, connection: sqlite3.Connection, path: Path, directory: Path, home: Home) -> None:
        super().__init__(connection, path)
        self._directory = directory
        self._home = home

    @classmethod
    def begin(cls, directory: Path, *, force: bool = False) -> Self:
        """Lock the dataset, and go on with the new ledger that an earlier try left, or begin one.

        Raises LedgerIntact if nothing is wrong with the ledger (unless `force`), LedgerHeld, LedgerVersion,
        LedgerError, and ClipsetError (disk_full, no_permission).
        """
        home = Home.take(directory)
        try:
            _refuse(home.database, force=force)
            path = home.database.with_name("ledger.db.new")
            return cls(_connect(path, _identity(directory, home.database)), path, directory, home)
        except BaseException:
            home.discard()
            raise

    def close(self) -> None:
        super().close()
        self._home.release()

    @property
    def is_begun(self) -> bool:
        """Whether an earlier try has taken over what the old ledger and the tables say."""
        return self.get_meta(_FROM) is not None

    def take_over(self, path_of: Callable[["Rebuilding"], Callable[[Annotation], str]]) -> dict[str, int]:
        """Salvage the old ledger and read the tables, all or nothing. Returns the rows salvaged of each table.

        `path_of` is asked once the remembered folders are there. Raises ClipsetError.
        """
        old = self._home.database
        found = Salvaged({}, is_whole=False)
        with plain_os_errors(self._path), unchecked(self._connection), self._writing():
            if old.exists():
                found = salvage(old, old.with_name("salvage"), self._connection)
            claims.settle_salvaged(self._connection, is_whole=found.is_whole)
            done, failed = done_rows(self._directory / STATS), failed_rows(self._directory / FAILED)
            claims.take_tables(self._connection, done, failed, path_of(self), is_whole=found.is_whole)
            self._set_meta(_FROM, _identity(self._directory, old))
        return found.rows

    def claimed(self, clip: Clip) -> tuple[bool, int | None]:
        """Whether the clip is verified already, and how many bytes its file should have, None if nobody says."""
        place = (clip.video_id, clip.span.start_us, clip.span.end_us)
        found = next(self.select(_CLIP, *place), None)
        return (False, None) if found is None else (found[1] == "done", found[2])

    def keep(self, clip: Clip, stored: Stored, names: Sequence[tuple[str, str, str]], at_us: int) -> None:
        """A verified clip. `names` are (split, label, path) of its files, as the folders tell.

        `at_us` is when it was made.
        """
        with self._writing():
            known = claims.clip_row(self._connection, clip)
            if known.has_failed is not False:
                session = self._session(at_us)
                attempt = claims.found_attempt(self._connection, known.key, at_us, session)
                self._connection.execute(
                    "UPDATE clip SET attempt_key = ?, session_key = ?, last_at_us = ? WHERE key = ?",
                    (attempt, session, at_us, known.key),
                )
            self._connection.execute(_FINISH, (known.key,))
            self._store(known.key, stored)
            self._name(known.key, names)

    def _session(self, at_us: int) -> int:
        session = claims.latest_session(self._connection)
        self._connection.execute(
            "INSERT OR IGNORE INTO session (key, started_at_us, stopped_at_us, stopped_by, tools, options)"
            " VALUES (?, ?, ?, 'unknown', '{}', '{}')",
            (session, at_us, at_us),
        )
        return session

    def _store(self, clip: int, stored: Stored) -> None:
        """With the facts of the time when it was made, where they are known and the file is still the same."""
        if self._connection.execute(_STORED_AS_BEFORE, (stored.path, clip, stored.sha256)).rowcount == 0:
            facts = stored.facts
            picture = (facts.width_px, facts.height_px, facts.fps.numerator, facts.fps.denominator, facts.frames)
            codecs = (facts.duration_us, facts.video_codec, facts.audio_codec, facts.format_id)
            self._connection.execute(_STORED, (clip, stored.path, stored.size_bytes, stored.sha256, *picture, *codecs))

    def _name(self, clip: int, names: Sequence[tuple[str, str, str]]) -> None:
        """Annotations get the files that are there; one whose file is not is linked again by the next fetch."""
        known = list(self._connection.execute(_NAMES, (REBUILT, clip)))
        there = {path for _, _, path in names}
        guessed = [path for path, is_guess in known if is_guess and path not in there]
        for split, label, path in names:
            if path in {path for path, _ in known}:
                continue
            if guessed:
                sql = "UPDATE annotation SET path = ? WHERE clip_key = ? AND path = ?"
                self._connection.execute(sql, (path, clip, guessed.pop()))
            else:
                claims.annotate(self._connection, clip, split, label, 1 << 39, path)
        self._connection.execute(
            "UPDATE annotation SET unlinked = path NOT IN (SELECT value FROM json_each(?)) WHERE clip_key = ?",
            (json.dumps(sorted(there)), clip),
        )

    def placed(self) -> Iterator[tuple[str, str, str]]:
        """(split, label, folder) wherever verified clips lie whose list is not known; the folder ends with /."""
        yield from self.select(_PLACED, REBUILT)

    def finish(self, recipe_id: str | None, folders: Sequence[Folder], now_us: int) -> Path | None:
        """Put the new ledger in place and write the tables. Returns where the old one is kept; None if it was gone."""
        with self._writing():
            sql = "INSERT OR IGNORE INTO folder (kind, name, folder) VALUES (?, ?, ?)"
            self._connection.executemany(sql, folders)
            if recipe_id is not None:
                self._set_meta("recipe_id", recipe_id)
        with plain_errors(self._path):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # only the one file is moved
        self._connection.close()
        with plain_os_errors(self._home.database):
            kept = _set_aside(self._home.database, now_us)
            self._path.replace(self._home.database)
            sync_folder(self._home.folder)
        self._connection, self._path = connect_writer(self._home.database), self._home.database
        with plain_errors(self._path):
            self._connection.execute("DROP TABLE rebuild_claim")
        write_stats(self, self._directory / STATS)
        write_failed(self, self._directory / FAILED)
        return kept

    def drop_egress(self, name: str) -> None:
        """One whose state makes no sense."""
        with self._writing():
            self._connection.execute("DELETE FROM egress WHERE name = ?", (name,))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with plain_errors(self._path), transaction(self._connection):
            yield

    def _set_meta(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))


def _refuse(database: Path, *, force: bool) -> None:
    """A ledger of a newer clipset even with `force`: what this one does not know of it would be lost."""
    if damage(database) is None and not force:
        raise LedgerIntact(database)


def _connect(path: Path, identity: str) -> sqlite3.Connection:
    """The new ledger of an earlier try, if it began from the same files; otherwise an empty one."""
    with suppress(LedgerCorrupt):
        connection = connect_writer(path)
        if _began_from(connection) == identity:
            return connection
        connection.close()
    with plain_os_errors(path):
        for suffix in _BESIDE:
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    return connect_writer(path)


def _began_from(connection: sqlite3.Connection) -> str | None:
    with suppress(sqlite3.DatabaseError):
        found = connection.execute("SELECT value FROM meta WHERE name = ?", (_FROM,)).fetchone()
        return None if found is None else str(found[0])
    return None


def _identity(directory: Path, database: Path) -> str:
    """What the files are from which the ledger is made anew: their sizes and times."""
    files = (database, directory / STATS, directory / FAILED)
    stats = [file.stat() if file.exists() else None for file in files]
    return json.dumps([None if stat is None else [stat.st_size, stat.st_mtime_ns] for stat in stats])


def _set_aside(database: Path, now_us: int) -> Path | None:
    """The damaged ledger under a second name: the new one replaces the first in one step."""
    if not database.exists():
        return None
    at = datetime.fromtimestamp(now_us // US_PER_S, UTC).strftime("%Y%m%dT%H%M%SZ")
    names = (f"{database.name}.damaged-{at}" + (f"-{again}" if again else "") for again in count())
    kept = next(path for path in map(database.with_name, names) if not path.exists())
    try:
        kept.hardlink_to(database)
    except OSError:
        shutil.copy2(database, kept)
    for suffix in _BESIDE[1:]:  # SQLite would play the log of the old ledger into the new one
        log = database.with_name(database.name + suffix)
        if log.exists():
            log.replace(kept.with_name(kept.name + suffix))
    return kept
