"""Looking ahead: what lists would ask for and how much of it a dataset has, with nothing written."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Self

from clipset.ledger.database import connect_reader, plain_errors
from clipset.ledger.home import Home
from clipset.ledger.reader import LedgerReader
from clipset.ledger.rows import PlanSummary, Totals
from clipset.ledger.staged import Staged
from clipset.types import Annotation, BadRow

_CLIP = itemgetter(0, 1, 2, 3)  # video, start, end, state
_VIDEO = itemgetter(0)
_WANTED = "wanted"


class Ahead:
    """Lists as they would go into the ledger of `directory`, which may have none. A context manager that closes.

    `reader` is the ledger that is there already, else None. Raises as LedgerReader does.
    """

    def __init__(self, directory: Path | None) -> None:
        path = None if directory is None else Home.database_of(directory)
        self._path = path if path is not None and path.exists() else None
        self._connection = sqlite3.connect("") if self._path is None else connect_reader(self._path)
        self.reader = None if self._path is None else LedgerReader(self._connection, self._path)
        self._staged = Staged(self._connection, has_clips=self._path is not None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def add(self, rows: Iterable[Annotation | BadRow]) -> None:
        """A further list, in constant memory. Raises whatever `rows` raises."""
        self._staged.add(rows)

    def count(self) -> tuple[list[PlanSummary], Totals]:
        """What each list would be as a plan, numbered from 1, and all of them together with each clip once."""
        with plain_errors(self._path or Path()):
            found = _Counts()
            for _video, rows in groupby(self._staged.sorted(), _VIDEO):
                found.add_video(rows)
        lists = len(self._staged.row_counts)
        return [self._summary(number, found) for number in range(lists)], found.totals((1 << lists) - 1)

    def _summary(self, number: int, found: "_Counts") -> PlanSummary:
        totals, staged = found.totals(1 << number), self._staged
        return PlanSummary(
            plan_id=number + 1,
            rows=staged.row_counts[number],
            bad_rows=staged.bad_counts[number],
            duplicates=found.duplicates[number],
            **asdict(totals),
            first_bad=staged.first_bad[number],
        )


class _Counts:
    """Clips and videos by the set of lists that name them, as a bit mask: few sets, however many clips there are."""

    def __init__(self) -> None:
        self.duplicates: Counter[int] = Counter()
        self._clips: Counter[tuple[int, str, int]] = Counter()  # by lists, state, length
        self._videos: Counter[tuple[int, int]] = Counter()  # by lists, and by those of its wanted clips

    def add_video(self, rows: Iterable[tuple[str, int, int, str | None, int, int]]) -> None:
        lists = wanted_by = 0
        for (_video, start_us, end_us, state), named in groupby(rows, _CLIP):
            mask = self._mask(named)
            lists |= mask
            self._clips[mask, state or _WANTED, end_us - start_us] += 1
            if state is None or state == _WANTED:
                wanted_by |= mask
        self._videos[lists, wanted_by] += 1

    def _mask(self, named: Iterable[tuple[str, int, int, str | None, int, int]]) -> int:
        mask, before = 0, (-1, -1)
        for row in named:
            number = row[4]
            if before == (number, row[5]):
                self.duplicates[number] += 1
            before = number, row[5]
            mask |= 1 << number
        return mask

    def totals(self, lists: int) -> Totals:
        """Of what at least one of `lists` names."""
        states: Counter[str] = Counter()
        wanted_us = longest_us = 0
        for (mask, state, length_us), count in self._clips.items():
            if mask & lists:
                states[state] += count
                if state == _WANTED:
                    wanted_us, longest_us = wanted_us + count * length_us, max(longest_us, length_us)
        return Totals(
            clips=states.total(),
            videos=sum(count for (mask, _wanted_by), count in self._videos.items() if mask & lists),
            done=states["done"],
            lost=states["lost"],
            wanted=states[_WANTED],
            wanted_videos=sum(count for (_mask, wanted_by), count in self._videos.items() if wanted_by & lists),
            wanted_us=wanted_us,
            longest_wanted_us=longest_us,
        )
