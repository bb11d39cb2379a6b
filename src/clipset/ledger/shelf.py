"""An index of a ledger for those who look around in it: made in memory beside it, then kept up to date.

A ledger has its rows in the order of its lists and no index by label or reason: a writer of 650,000 clips has no use
for one. This one is made in some seconds, without holding up other threads, and takes some 60 bytes a clip.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from clipset.ledger.database import connect_reader, plain_errors, statements
from clipset.ledger.home import readable
from clipset.ledger.reader import LedgerReader

# CROSS JOIN: in this order, whatever the planner thinks of tables that it has no statistics of
_FILL = """
CREATE TEMP TABLE pair AS SELECT DISTINCT label, split FROM main.annotation;
CREATE TEMP TABLE label (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO temp.label (name) SELECT DISTINCT label FROM temp.pair ORDER BY 1;
CREATE TEMP TABLE split (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO temp.split (name) SELECT DISTINCT split FROM temp.pair ORDER BY 1;
DROP TABLE temp.pair;
CREATE TEMP TABLE shelf (
    label_key INTEGER, clip_key INTEGER, split_key INTEGER, state TEXT, reason TEXT, is_first INTEGER,
    PRIMARY KEY (label_key, clip_key, split_key)) WITHOUT ROWID;
INSERT OR IGNORE INTO temp.shelf SELECT label.key, clip.key, split.key, clip.state, clip.reason,
       row_number() OVER (PARTITION BY label.key, clip.key ORDER BY split.key) = 1
FROM main.clip CROSS JOIN main.annotation ON annotation.clip_key = clip.key
CROSS JOIN temp.label ON label.name = annotation.label CROSS JOIN temp.split ON split.name = annotation.split
ORDER BY 1, 2, 3;
CREATE TEMP TABLE failing (clip_key INTEGER PRIMARY KEY, attempt_key INTEGER, state TEXT, reason TEXT);
INSERT INTO temp.failing SELECT key, attempt_key, state, reason FROM main.clip WHERE reason IS NOT NULL;
CREATE INDEX temp.failing_order ON failing (attempt_key);
"""
_CLIPS = "SELECT state, reason, count(*) FROM clip GROUP BY 1, 2"
_STORED = "SELECT coalesce(sum(size_bytes), 0) FROM stored"
_COUNTS = "SELECT label_key, split_key, state, reason, count(*), sum(is_first) FROM temp.shelf"
_LISTS = "SELECT count(*), coalesce(max(key), 0), coalesce(sum(row_count), 0) FROM plan"
_TOUCHED = """
SELECT clip.key, clip.state, clip.reason, clip.attempt_key, stored.size_bytes
FROM (SELECT DISTINCT clip_key FROM attempt WHERE key > ? AND key <= ?) AS fresh
CROSS JOIN clip ON clip.key = fresh.clip_key LEFT JOIN stored ON stored.clip_key = clip.key
"""
_PLACES = """
SELECT DISTINCT label.key, shelf.state, shelf.reason
FROM annotation CROSS JOIN temp.label ON label.name = annotation.label
CROSS JOIN temp.shelf ON shelf.label_key = label.key AND shelf.clip_key = annotation.clip_key
WHERE annotation.clip_key = ?
"""
_LAST = "SELECT coalesce(max(key), 0) FROM attempt"
_MOST_TOUCHED = 20_000  # more are faster read all anew

Standing = tuple[str, str | None]
"""(state, reason) of a clip."""


class Counted(NamedTuple):
    """Clips of a class that have the same split, state and reason; '' is no split.

    `firsts` leaves out those that another split of the class has already: its sum counts each clip once.
    """

    split: str
    state: str
    reason: str | None
    clips: int
    firsts: int


class Stale(Exception):  # noqa: N818 - not an error: something else than attempts changed
    """The index has to be made anew."""


class Shelf(LedgerReader):
    """A reader with the index. Any thread may use it, one at a time.

    `labels` and `splits` have their keys; `clips` counts each clip once, by state and reason.
    """

    labels: dict[str, int]
    splits: dict[str, int]
    clips: Counter[Standing]
    stored_bytes: int

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        super().__init__(connection, path)
        self._counts: dict[int, list[Counted]] = {}
        self._version = -1
        self._attempt = 0
        self._lists: tuple[int, ...] = ()

    @classmethod
    def make(cls, directory: Path) -> Self:
        """Takes seconds for a large ledger. Raises as `Ledger.read` does."""
        path = readable(directory)
        shelf = cls(connect_reader(path, any_thread=True), path)
        try:
            shelf._connection.execute("PRAGMA temp_store = MEMORY")
            with shelf._settled():
                shelf._fill()
        except BaseException:
            shelf.close()
            raise
        return shelf

    def refresh(self) -> bool:
        """Take over what was recorded since: whether anything was. Raises Stale, LedgerCorrupt.

        After Stale it still says what it said before.
        """
        version = self._data_version()
        if version == self._version:
            return False
        with self._settled():
            last, lists = self._last_attempt(), self._one(_LISTS)
            if lists != self._lists:
                raise Stale
            touched = list(self.select(_TOUCHED, self._attempt, last))
            if last < self._attempt or len(touched) > _MOST_TOUCHED:
                raise Stale
            self._recount({label for row in touched for label in self._touch(*row)})
            self._attempt = last
        self._version = version
        return True

    def verify(self, beside: LedgerReader) -> None:
        """Raises Stale where clips changed that no attempt was recorded for: want_again, reclassify."""
        with beside.snapshot():
            ((last,),) = beside.select(_LAST)
            if last == self._attempt and _states(beside) != +self.clips:
                raise Stale

    def counts(self) -> Iterator[tuple[str, list[Counted]]]:
        """Each label with its counts, in the order of the labels."""
        for name, key in self.labels.items():
            yield name, self._counts.get(key, [])

    def counts_of(self, label: str) -> list[Counted]:
        """Raises KeyError for a label that the dataset has not."""
        return self._counts.get(self.labels[label], [])

    def _fill(self) -> None:
        for statement in statements(_FILL):
            list(self.select(statement))
        self.labels = dict(self.select("SELECT name, key FROM temp.label ORDER BY name"))
        self.splits = dict(self.select("SELECT name, key FROM temp.split ORDER BY name"))
        self.clips = _states(self)
        self.stored_bytes = int(self._one(_STORED)[0])
        self._recount(None)
        self._version, self._attempt, self._lists = self._data_version(), self._last_attempt(), self._one(_LISTS)

    def _touch(
        self, clip: int, state: str, reason: str | None, attempt: int | None, size_bytes: int | None
    ) -> Iterable[int]:
        """The labels whose counts are no longer right."""
        places = list(self.select(_PLACES, clip))
        list(self.select("DELETE FROM temp.failing WHERE clip_key = ?", clip))
        if reason is not None:
            list(self.select("INSERT INTO temp.failing VALUES (?, ?, ?, ?)", clip, attempt, state, reason))
        now = (state, reason)
        before = tuple(places[0][1:]) if places else now
        if before == now:
            return ()
        self.clips[before] -= 1
        self.clips[now] += 1
        if state == "done" and before[0] != "done":
            self.stored_bytes += size_bytes or 0
        for label, *_ in places:
            update = "UPDATE temp.shelf SET state = ?, reason = ? WHERE label_key = ? AND clip_key = ?"
            list(self.select(update, state, reason, label, clip))
        return [label for label, *_ in places]

    def _recount(self, labels: set[int] | None) -> None:
        """Of these labels, or of all."""
        names = {key: name for name, key in self.splits.items()}
        group = " GROUP BY 1, 2, 3, 4"
        if labels is None:
            rows = list(self.select(_COUNTS + group))
        else:
            rows = [row for key in labels for row in self.select(f"{_COUNTS} WHERE label_key = ?{group}", key)]
        for key in {row[0] for row in rows}:
            self._counts[key] = []
        for key, split, *counted in rows:
            self._counts[key].append(Counted(names[split], *counted))

    def _last_attempt(self) -> int:
        return int(self._one(_LAST)[0])

    def _data_version(self) -> int:
        """Another number after each change by another connection."""
        return int(self._one("PRAGMA data_version")[0])

    @contextmanager
    def _settled(self) -> Iterator[None]:
        """One state of the ledger, and what is written beside it stays."""
        with plain_errors(self._path):
            self._connection.execute("BEGIN")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _states(ledger: LedgerReader) -> Counter[Standing]:
    return Counter({(state, reason): count for state, reason, count in ledger.select(_CLIPS)})
