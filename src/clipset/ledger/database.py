"""The door to SQLite: connections, migrations, transactions, and its errors in plain words."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib import resources
from pathlib import Path

from clipset.ledger.errors import LedgerCorrupt, LedgerVersion
from clipset.reasons import Reason
from clipset.types import ClipsetError, Failure, Stage

_CACHE_KIB = 64 * 1024  # holds the index of 650,000 video ids, which a load fills in random order
_PAGE_BYTES = 8 * 1024  # loads a tenth faster than 4 KiB
_WAL_LIMIT_BYTES = 64 * 1024 * 1024
_NEEDED_SQLITE = (3, 37)  # STRICT tables
_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_DENIED = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
# a full disk is FULL; a quota or a file size limit reaches SQLite as an error of the write
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)


def migrations() -> list[str]:
    """The numbered scripts that lead from an empty file to the present schema, first to last."""
    folder = resources.files("clipset.ledger") / "migrations"
    scripts = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [script.read_text(encoding="utf-8") for script in scripts]


def connect_writer(path: Path) -> sqlite3.Connection:
    """Create or open, and bring the schema up to date. Raises LedgerCorrupt, LedgerVersion, ClipsetError."""
    with plain_errors(path):
        _require_sqlite()
        uri = path.absolute().as_uri()  # as those of other ledgers, which `attached` names
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        try:
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _require_sqlite() -> None:
    if sqlite3.sqlite_version_info < _NEEDED_SQLITE:
        text = f"Python's SQLite is {sqlite3.sqlite_version}, clipset needs 3.37 or newer: use another Python build"
        raise ClipsetError(Failure(Reason.MISSING_PART, text, Stage.STORE))


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute("PRAGMA foreign_keys = ON")
    scripts = migrations()
    found = schema_version(connection)
    if found > len(scripts):
        raise LedgerVersion(path, found, len(scripts))
    for number, script in enumerate(scripts[found:], found + 1):
        with transaction(connection):
            for statement in statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def statements(script: str) -> Iterator[str]:
    """The script's statements one by one: sqlite3's executescript would commit the transaction around them."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


def schema_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def connect_reader(path: Path, *, any_thread: bool = False) -> sqlite3.Connection:
    """Open to read, beside a running writer or on a read-only disk. Raises as `connect_writer` does.

    With `any_thread` the caller sees to it that one thread uses it at a time; else only this one may.
    """
    with plain_errors(path):
        try:
            connection = _probe(path.absolute().as_uri() + "?mode=ro", any_thread=any_thread)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _DENIED:
                raise
            connection = _open_frozen(path, any_thread=any_thread)
    found, known = schema_version(connection), len(migrations())
    if found != known:
        connection.close()
        raise LedgerVersion(path, found, known)
    return connection


def fault(path: Path) -> str | None:
    """The first thing that SQLite finds wrong with a ledger, its indexes included; None if nothing is.

    Raises LedgerVersion for a schema newer than this, LedgerCorrupt where it cannot be opened, ClipsetError.
    """
    with plain_errors(path), closing(_probe(path.absolute().as_uri() + "?mode=ro")) as connection:
        found, known = schema_version(connection), len(migrations())
        if found > known:
            raise LedgerVersion(path, found, known)
        if found == 0:
            return "it is empty"
        text = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    return None if text == "ok" else " ".join(text.split())


def _probe(uri: str, *, any_thread: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=not any_thread)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _open_frozen(path: Path, *, any_thread: bool) -> sqlite3.Connection:
    """A read-only directory: SQLite cannot put its shared-memory file there.

    Without a log the file is complete and can be read as it is. With one (its writer was killed, then the disk was
    made read-only) the log must be replayed, so a copy is opened; it lives in memory afterwards.
    """
    if not _log(path):
        return _probe(path.absolute().as_uri() + "?immutable=1", any_thread=any_thread)
    with tempfile.TemporaryDirectory(prefix="clipset-") as folder:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=not any_thread)
        with closing(_probe(_copied(path, Path(folder)).as_uri())) as source:
            source.backup(connection)
    return connection


def _log(path: Path) -> Path | None:
    """The log beside a ledger, if there is anything in it."""
    log = path.with_name(path.name + "-wal")
    return log if log.exists() and log.stat().st_size > 0 else None


def _copied(path: Path, folder: Path) -> Path:
    copy = folder / path.name
    shutil.copyfile(path, copy)
    if log := _log(path):
        shutil.copyfile(log, copy.with_name(log.name))
    return copy


@contextmanager
def attached(connection: sqlite3.Connection, path: Path, name: str) -> Iterator[None]:
    """Another ledger beside the connection's own, to read, as `connect_reader` does: beside its writer, on a read-only
    disk. Outside of a transaction. Raises as `connect_writer` does.
    """
    with tempfile.TemporaryDirectory(prefix="clipset-") as folder, plain_errors(path):
        connection.execute(f"ATTACH ? AS {name}", (_readable_uri(path, Path(folder)),))
        try:
            found, known = int(connection.execute(f"PRAGMA {name}.user_version").fetchone()[0]), len(migrations())
            if found != known:
                raise LedgerVersion(path, found, known)
            yield
        finally:
            with suppress(sqlite3.OperationalError):  # what went wrong is said already, and may have left a query open
                connection.execute(f"DETACH {name}")


def _readable_uri(path: Path, folder: Path) -> str:
    """See `_open_frozen`; a copy, where one is needed, goes into `folder`."""
    uri = path.absolute().as_uri()
    try:
        _probe(uri + "?mode=ro").close()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _DENIED:
            raise
    else:
        return uri + "?mode=ro"
    return _copied(path, folder).as_uri() if _log(path) else uri + "?immutable=1"


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, durable when it ends."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # on a full disk SQLite may have rolled back by itself
            connection.execute("ROLLBACK")
        raise


@contextmanager
def unchecked(connection: sqlite3.Connection) -> Iterator[None]:
    """Without foreign key checks: a tenth of a large load, whose keys all come from joins with the rows they name."""
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        connection.execute("PRAGMA foreign_keys = ON")


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Damage becomes LedgerCorrupt, a full or forbidden disk a ClipsetError; what else SQLite says is a bug of ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code & 0xFF in _CORRUPT:
            raise LedgerCorrupt(path, str(error)) from error
        if code in _FULL:
            raise ClipsetError(Failure(Reason.DISK_FULL, f"cannot write {path}: {error}", Stage.STORE)) from error
        if code & 0xFF in _DENIED:
            raise ClipsetError(Failure(Reason.NO_PERMISSION, f"cannot open {path}: {error}", Stage.STORE)) from error
        raise
