"""The ledger of a dataset: `.clipset/ledger.db`, the only state. One process writes, any number read."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from clipset.ledger import amend, loading
from clipset.ledger.database import (
    connect_reader,
    connect_writer,
    plain_errors,
    transaction,
    unchecked,
)
from clipset.ledger.failures import write_failed
from clipset.ledger.handout import Handout
from clipset.ledger.home import Home, readable, refuse_emptied
from clipset.ledger.reader import LedgerReader
from clipset.ledger.recording import Recording
from clipset.ledger.rows import EgressRow, Folder, PlanHeader, PlanSummary
from clipset.ledger.settle import Retry
from clipset.ledger.tables import write_stats
from clipset.reasons import Reason
from clipset.types import Annotation, BadRow, Outcome, VideoJob


class Ledger(LedgerReader):
    """The one writer. Every method is a transaction of its own that is durable when it returns.

    Raises ClipsetError (disk_full, no_permission) from every method that writes; the ledger then is as it was before.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, home: Home) -> None:
        super().__init__(connection, path)
        self._home = home
        self._handout: Handout | None = None

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Open to write, creating what is missing.

        Raises LedgerHeld while another process writes, LedgerCorrupt, LedgerVersion, LedgerError, and ClipsetError
        (disk_full, no_permission).
        """
        home = Home.take(directory)
        try:
            refuse_emptied(home.database)
            return cls(connect_writer(home.database), home.database, home)
        except BaseException:
            home.discard()
            raise

    @staticmethod
    def read(directory: Path, *, any_thread: bool = False) -> LedgerReader:
        """Open to read; works beside a writer and on a read-only disk. SQLite's work files, -wal and -shm, may stay.

        With `any_thread` the caller sees to it that one thread uses it at a time. Raises LedgerMissing, LedgerCorrupt,
        LedgerVersion, ClipsetError (no_permission).
        """
        path = readable(directory)
        return LedgerReader(connect_reader(path, any_thread=any_thread), path)

    def close(self) -> None:
        super().close()
        self._home.release()

    def discard(self) -> None:
        """Close, and remove what `open` created: of a dataset that was not there before nothing stays."""
        super().close()
        self._home.discard()

    def load(
        self,
        header: PlanHeader,
        rows: Iterable[Annotation | BadRow],
        path_of: Callable[[Annotation], str],
        folders: Callable[[], Iterable[Folder]] = tuple,
    ) -> PlanSummary:
        """Take a list over, all of it or nothing, in constant memory; clips that are known keep their state.

        A plan that is known already is returned as it is and `rows` are not touched. `folders` is asked after the
        last row for what the layout behind `path_of` decided. Raises whatever `rows` raises.
        """
        plan = self.find_plan(header)
        if plan is None:
            with unchecked(self._connection), self._writing():
                plan = loading.load(self._connection, header, rows, path_of, folders)
        return self.summary(plan)

    def next_jobs(
        self,
        plan_ids: Sequence[int],
        now_us: int,
        count: int,
        exclude: Collection[str],
        session_id: int,
        *,
        at_hand: bool = False,
        returned_too: bool = True,
    ) -> list[VideoJob]:
        """At most `count` videos of the plans with all their wanted clips that are due, in the order of the list.

        `exclude` holds the ids of the videos in flight. A clip comes once in a session; again only when its back-off
        brought it due, or, with `returned_too`, when it came back untouched because the egress was refused. Jobs
        `at_hand` come first if at all: they go over everything once.
        """
        with plain_errors(self._path):
            handout = self._handing_out(plan_ids, session_id, now_us, at_hand=at_hand)
            return handout.take(now_us, count, exclude, returned_too=returned_too)

    def begin_walk(self) -> None:
        """The next `next_jobs` starts at the first clip: what was handed out and not recorded comes once more."""
        self._handout = None

    def next_due_us(self, plan_ids: Sequence[int], session_id: int) -> int | None:
        """When the next clip of the plans may be asked for that `next_jobs` did not have; None when there is none."""
        with plain_errors(self._path):
            return self._handing_out(plan_ids, session_id, 0).next_due_us()

    def record(self, outcome: Outcome, session_id: int, now_us: int, retry: Retry) -> None:
        """See `record_all`."""
        self.record_all([outcome], session_id, now_us, retry)

    def record_all(self, outcomes: Iterable[Outcome], session_id: int, now_us: int, retry: Retry) -> None:
        """Append the attempts and settle the clips, in one transaction.

        Done stays done. A refusal (pace) and a failure of this machine (stop) leave the clip as it is and cost no
        attempt. Otherwise `retry` decides, see `settle`. An outcome older than what is recorded for its video counts
        only where it brings a clip that is not there, so a replay changes nothing. Raises KeyError for a video, clip
        or session that is unknown.
        """
        outcomes = list(outcomes)
        if told := [outcome for outcome in outcomes if outcome.attempts]:
            with self._writing():
                recording = Recording(self._connection, session_id, now_us, retry)
                for outcome in told:
                    recording.record(outcome)
        if self._handout is not None:
            for outcome in outcomes:
                self._handout.recorded(outcome, now_us)

    def note(self, outcome: Outcome, session_id: int, now_us: int) -> None:
        """Append the attempts of a source that others follow: no clip is settled by them. Raises KeyError as record."""
        with self._writing():
            Recording(self._connection, session_id, now_us, lambda _reason, _tries: None).note(outcome)

    def mark_linked(self, paths: Iterable[str]) -> None:
        with self._writing():
            self._connection.executemany(
                "UPDATE annotation SET unlinked = 0 WHERE unlinked = 1 AND path = ?", ((path,) for path in paths)
            )

    def start_session(self, now_us: int, tools_json: str, options_json: str) -> int:
        """Returns the session's id. One that was never stopped, because its process died, is closed as killed."""
        with self._writing():
            self._connection.execute(
                "UPDATE session SET stopped_by = 'killed', stopped_at_us = coalesce(last_at_us, started_at_us)"
                " WHERE stopped_at_us IS NULL"
            )
            (session_id,) = self._one(
                "INSERT INTO session (started_at_us, tools, options) VALUES (?, ?, ?) RETURNING key",
                now_us,
                tools_json,
                options_json,
            )
        return int(session_id)

    def stop_session(
        self, session_id: int, now_us: int, stopped_by: str, peak_temporary_bytes: int | None = None
    ) -> None:
        """The peak is None where nobody counted, as after a kill."""
        with self._writing():
            self._connection.execute(
                "UPDATE session SET stopped_at_us = ?, stopped_by = ?, peak_temporary_bytes = ? WHERE key = ?",
                (now_us, stopped_by, peak_temporary_bytes, session_id),
            )

    def save_egress(self, row: EgressRow) -> None:
        with self._writing():
            self._connection.execute(
                "INSERT OR REPLACE INTO egress (name, not_before_us, permits_per_hour, state, node)"
                " VALUES (?, ?, ?, ?, ?)",
                (row.name, row.not_before_us, row.permits_per_hour, row.state, row.node),
            )

    def want_again(
        self,
        states: Collection[str],
        before_us: int,
        reasons: Collection[Reason] | None = None,
        plan_ids: Sequence[int] | None = None,
    ) -> Counter[str]:
        """See `amend.want_again`."""
        with self._writing():
            return amend.want_again(self._connection, states, before_us, reasons, plan_ids)

    def reclassify(self, read: amend.Reading) -> list[amend.Change]:
        """See `amend.changes` and `amend.reclassify`."""
        with self._writing():
            found = amend.changes(self._connection, read)
            amend.reclassify(self._connection, found)
        return found

    def write_tables(self) -> None:
        """Bring stats.csv and failed.csv up to date. Raises ClipsetError (disk_full, no_permission)."""
        directory = self._path.parents[1]
        write_stats(self, directory / "stats.csv")
        write_failed(self, directory / "failed.csv")

    def set_meta(self, name: str, value: str) -> None:
        with self._writing():
            self._connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))

    def _handing_out(self, plan_ids: Sequence[int], session_id: int, now_us: int, *, at_hand: bool = False) -> Handout:
        plans, known = tuple(plan_ids), self._handout
        if known is None or (known.plans, known.session, known.at_hand) != (plans, session_id, at_hand):
            self._handout = Handout(self._connection, plans, session_id, now_us, at_hand=at_hand)
        assert self._handout is not None  # noqa: S101 - set above
        return self._handout

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with plain_errors(self._path), transaction(self._connection):
            yield
