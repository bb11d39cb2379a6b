"""Reading a ledger: what it plans, where it stands, what its egresses are doing."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from clipset.ledger import amend, loading
from clipset.ledger.database import plain_errors
from clipset.ledger.rows import EgressRow, Folder, PlanHeader, PlanSummary, Totals
from clipset.ledger.status import EgressStatus, SessionStatus, Status, egress_states, session_states, status

_WANTED = """
SELECT count(*) FROM clip WHERE state = 'wanted' AND EXISTS (
    SELECT 1 FROM member WHERE member.clip_key = clip.key AND member.plan_key IN (SELECT value FROM json_each(?)))
"""
_CAME_BACK = """
SELECT count(*) FROM clip WHERE state = 'done' AND session_key = ? AND tries_after > 0 AND EXISTS (
    SELECT 1 FROM attempt WHERE attempt.clip_key = clip.key AND attempt.key <= clip.tries_after)
"""


class LedgerReader:
    """Reads a ledger, beside a running writer too: each method sees one consistent state.

    Every method raises LedgerCorrupt where the file is damaged. A context manager that closes.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def find_plan(self, header: PlanHeader) -> int | None:
        """The plan that the same list under the same selection has already given."""
        with plain_errors(self._path):
            return loading.find_plan(self._connection, header)

    def summary(self, plan_id: int) -> PlanSummary:
        """Raises KeyError for an unknown plan."""
        with plain_errors(self._path):
            return loading.summary(self._connection, plan_id)

    def totals(self, plan_ids: Sequence[int]) -> Totals:
        """The plans together, each clip once."""
        with plain_errors(self._path):
            return loading.totals(self._connection, plan_ids)

    def earlier(self, header: PlanHeader) -> str | None:
        """The sha256 of the list of this name that the dataset was last planned from, where it was another one."""
        sql = (
            "SELECT plan.sha256 FROM plan JOIN dataset ON dataset.key = plan.dataset_key"
            " WHERE dataset.name = ? AND plan.name = ? ORDER BY plan.key DESC LIMIT 1"
        )
        found = next(self.select(sql, header.dataset, header.name), None)
        return None if found is None or found[0] == header.sha256 else str(found[0])

    def wanted_left(self, plan_ids: Sequence[int]) -> int:
        """How many clips of the plans are neither done nor lost."""
        return int(self._one(_WANTED, json.dumps(plan_ids))[0])

    def unlinked(self, plan_id: int) -> Iterator[tuple[str, str]]:
        """(target, path) of each place where a done clip of the plan is to be but is not yet: link path to target."""
        yield from self.select(
            "SELECT DISTINCT stored.path, annotation.path FROM annotation"
            " JOIN member ON member.clip_key = annotation.clip_key AND member.plan_key = ?"
            " JOIN stored ON stored.clip_key = annotation.clip_key WHERE annotation.unlinked = 1",
            plan_id,
        )

    def classes(self) -> Iterator[tuple[str, int, int, int]]:
        """(label, wanted, done, lost) by label; a clip counts once for each of its labels, '' where it has none."""
        yield from self.select(
            "SELECT label, count(*) FILTER (WHERE state = 'wanted'), count(*) FILTER (WHERE state = 'done'),"
            " count(*) FILTER (WHERE state = 'lost') FROM (SELECT DISTINCT clip_key, label FROM annotation) AS named"
            " JOIN clip ON clip.key = named.clip_key GROUP BY label ORDER BY label"
        )

    def folders(self) -> list[Folder]:
        return [Folder(*row) for row in self.select("SELECT kind, name, folder FROM folder")]

    def egresses(self) -> list[EgressRow]:
        return [
            EgressRow(*row)
            for row in self.select("SELECT name, not_before_us, permits_per_hour, state, node FROM egress")
        ]

    def egress_states(self, now_us: int) -> tuple[EgressStatus, ...]:
        with plain_errors(self._path):
            return egress_states(self._connection, now_us)

    def sessions(self) -> tuple[SessionStatus, ...]:
        """From the first to the last."""
        with plain_errors(self._path):
            return session_states(self._connection)

    def get_meta(self, name: str) -> str | None:
        row = self._one("SELECT max(value) FROM meta WHERE name = ?", name)
        return None if row[0] is None else str(row[0])

    def changes(self, read: amend.Reading) -> list[amend.Change]:
        """See `amend.changes`."""
        with plain_errors(self._path):
            return amend.changes(self._connection, read)

    def unmatched(self) -> list[tuple[str, int, str]]:
        """See `amend.unmatched`."""
        with plain_errors(self._path):
            return amend.unmatched(self._connection)

    def came_back(self, session_id: int) -> int:
        """How many clips the session finished that had been given up before."""
        return int(self._one(_CAME_BACK, session_id)[0])

    def status(self, now_us: int) -> Status:
        with plain_errors(self._path), self.snapshot():
            return status(self._connection, self._path.with_name("lock"), now_us)

    def select(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Rows of a query, one at a time."""
        with plain_errors(self._path):
            yield from self._connection.execute(sql, values)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Several queries over one state; inside another snapshot it is that one."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def _one(self, sql: str, *values: object) -> tuple[Any, ...]:
        (row,) = self.select(sql, *values)
        return row
