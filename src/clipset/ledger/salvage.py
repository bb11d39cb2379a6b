"""What can still be read from a damaged ledger, taken over table by table into a new one."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipset.ledger.database import connect_writer, fault
from clipset.ledger.errors import LedgerCorrupt

_HEADER_BYTES = 100  # of an SQLite file: magic, page size, schema version; the tables begin behind it
_PAGES = slice(28, 32)  # where the header says how many pages the file has
_MAGIC = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Salvaged:
    """`rows` by table. `is_whole`: every table was read from its first row to its last."""

    rows: dict[str, int]
    is_whole: bool


def damage(path: Path) -> str | None:
    """What is wrong with a ledger, None if nothing is. Raises LedgerVersion for one of a newer clipset."""
    if not path.exists():
        return "it is gone"
    try:
        return fault(path)
    except LedgerCorrupt as error:
        return str(error.__cause__ or error)


def salvage(damaged: Path, workspace: Path, into: sqlite3.Connection) -> Salvaged:
    """Copy all rows that can be read and that the new tables take. Runs inside the caller's transaction.

    The damaged file is not touched: a copy of it, in the folder `workspace`, is opened. A header that is overwritten
    is replaced by that of an empty ledger, and a file that is cut off is read as far as it goes.
    """
    shutil.rmtree(workspace, ignore_errors=True)
    workspace.mkdir()
    try:
        with closing(_opened(damaged, workspace)) as source:
            taken = {table: _take(source, table, into) for table in _tables(into)}
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
    return Salvaged({table: rows for table, (rows, _) in taken.items()}, all(whole for _, whole in taken.values()))


def _opened(damaged: Path, workspace: Path) -> sqlite3.Connection:
    copy = workspace / "damaged.db"
    for suffix in ("", "-wal"):
        file = damaged.with_name(damaged.name + suffix)
        if file.exists():
            shutil.copyfile(file, copy.with_name(copy.name + suffix))
    with copy.open("r+b") as data:
        if data.read(len(_MAGIC)) != _MAGIC:
            data.seek(0)
            data.write(_empty_header(workspace / "empty.db"))
    connection = sqlite3.connect(copy, isolation_level=None)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    with suppress(sqlite3.DatabaseError):
        connection.execute("PRAGMA writable_schema = ON")  # SQLite then reads a file that is shorter than it says
    return connection


def _empty_header(empty: Path) -> bytes:
    connect_writer(empty).close()
    with empty.open("rb") as file:
        header = bytearray(file.read(_HEADER_BYTES))
    header[_PAGES] = bytes(4)  # 0: as many as the file holds
    return bytes(header)


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]


def _take(source: sqlite3.Connection, table: str, into: sqlite3.Connection) -> tuple[int, bool]:
    """Returns how many rows came over, and whether all were read."""
    reading = _Reading(source, table, into)
    names = ", ".join(reading.columns)
    insert = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({', '.join('?' * len(reading.columns))})"  # noqa: S608 - our own names
    before = into.total_changes
    for row in reading:
        with suppress(sqlite3.IntegrityError):  # a value of a wrong type is not ignored by itself
            into.execute(insert, row)
    return into.total_changes - before, reading.is_whole


class _Reading:
    """The rows of a table, from the first one until damage, then from the last one until damage."""

    def __init__(self, source: sqlite3.Connection, table: str, into: sqlite3.Connection) -> None:
        """An older ledger may not have all the columns."""
        known, there = _columns(into, table), _columns(source, table)
        self.columns = [name for name in known if name in there] or list(known)
        self.is_whole = False
        self._source = source
        key = [name for name, place in sorted(known.items(), key=lambda item: item[1]) if place] or ["rowid"]
        self._select = f"SELECT {', '.join(self.columns)} FROM {table} NOT INDEXED ORDER BY "  # noqa: S608 - our own names
        self._orders = [", ".join(f"{name} {way}" for name in key) for way in ("ASC", "DESC")]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for order in self._orders:
            with suppress(sqlite3.DatabaseError):
                yield from self._source.execute(self._select + order)
                self.is_whole = order is self._orders[0]
                return


def _columns(connection: sqlite3.Connection, table: str) -> dict[str, int]:
    """Names, each with its place in the primary key, 0 for none; empty where the schema cannot be read."""
    with suppress(sqlite3.DatabaseError):
        return {row[1]: row[5] for row in connection.execute(f"PRAGMA table_info({table})")}
    return {}
