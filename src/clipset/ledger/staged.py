"""Lists side by side in a temporary table, sorted by clip: for counting what they ask for and what they share.

Nothing is written to a file of the user's, and memory stays bounded: SQLite sorts on disk what is too long.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from clipset.types import Annotation, BadRow

_BATCH_ROWS = 5_000
_SHOWN_BAD_ROWS = 5
_CACHE_KIB = 64 * 1024
_TABLE = "CREATE TEMP TABLE staged (video_id TEXT, start_us INTEGER, end_us INTEGER, list INTEGER, name INTEGER)"
_SORTED = """
SELECT video_id, start_us, end_us, NULL, list, name FROM staged ORDER BY video_id, start_us, end_us, list, name
"""
_SORTED_WITH_STATE = """
SELECT video_id, staged.start_us, staged.end_us, clip.state, list, name
FROM staged LEFT JOIN video ON video.id = video_id
LEFT JOIN clip ON clip.video_key = video.key AND clip.start_us = staged.start_us AND clip.end_us = staged.end_us
ORDER BY video_id, staged.start_us, staged.end_us, list, name
"""


class StagedRow(NamedTuple):
    """`state` is the clip's in the ledger, None where it has none. `list` and `name` are places in Staged's lists."""

    video_id: str
    start_us: int
    end_us: int
    state: str | None
    list: int
    name: int


class _Names(dict[tuple[str | None, str | None], int]):
    """(split, label) to small numbers, given in the order in which they are first asked for."""

    def __missing__(self, pair: tuple[str | None, str | None]) -> int:
        self[pair] = number = len(self)
        return number


class Staged:
    """`row_counts`, `bad_counts` and `first_bad` are by list; `names` are the (split, label) that `name` numbers."""

    def __init__(self, connection: sqlite3.Connection, has_clips: bool) -> None:
        self._connection = connection
        self._sorted = _SORTED_WITH_STATE if has_clips else _SORTED
        self._names = _Names()
        self.row_counts: list[int] = []
        self.bad_counts: list[int] = []
        self.first_bad: list[tuple[BadRow, ...]] = []
        connection.execute(f"PRAGMA temp.cache_size = -{_CACHE_KIB}")
        connection.execute(f"PRAGMA main.cache_size = -{_CACHE_KIB}")
        connection.execute(_TABLE)

    @property
    def names(self) -> list[tuple[str | None, str | None]]:
        return list(self._names)

    def add(self, rows: Iterable[Annotation | BadRow]) -> None:
        """A further list. Raises whatever `rows` raises; what was added then is half a list."""
        number, names, source = len(self.row_counts), self._names, iter(rows)
        bad: list[BadRow] = []
        count = bad_count = 0
        while batch := list(islice(source, _BATCH_ROWS)):
            good = [(row[0], row[1], row[2], number, names[row[3], row[4]]) for row in batch if type(row) is Annotation]
            self._connection.executemany("INSERT INTO staged VALUES (?, ?, ?, ?, ?)", good)
            count, bad_count = count + len(batch), bad_count + len(batch) - len(good)
            if len(good) < len(batch) and len(bad) < _SHOWN_BAD_ROWS:
                bad += [row for row in batch if isinstance(row, BadRow)]
        self.row_counts.append(count)
        self.bad_counts.append(bad_count)
        self.first_bad.append(tuple(bad[:_SHOWN_BAD_ROWS]))

    def sorted(self) -> Iterator[StagedRow]:
        """All rows by clip, then by list; plain tuples, whatever their type says, since they are millions."""
        yield from self._connection.execute(self._sorted)
