"""Looking ahead: what lists would ask for and how much of it a dataset has, with nothing written."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Self

from clipset.ledger.home import Home
from clipset.ledger.ledger import Ledger
from clipset.ledger.reader import LedgerReader
from clipset.ledger.rows import PlanSummary, Totals
from clipset.ledger.staged import CLIP, VIDEO, Staged, clip_line, list_of, span_us
from clipset.types import Annotation, BadRow

_WANTED = "wanted"
_STATES = """
SELECT video.id, clip.start_us, clip.end_us, clip.state FROM video JOIN clip ON clip.video_key = video.key
WHERE video.id >= ? AND video.id < ? AND clip.state <> 'wanted'
"""
_video, _clip = itemgetter(VIDEO), itemgetter(CLIP)


class Ahead:
    """Lists as they would go into the ledger of `directory`, which may have none. A context manager that closes.

    `reader` is the ledger that is there already, else None. Raises as LedgerReader does.
    """

    def __init__(self, directory: Path | None) -> None:
        has_ledger = directory is not None and Home.database_of(directory).exists()
        self.reader: LedgerReader | None = Ledger.read(directory) if directory is not None and has_ledger else None
        self._staged = Staged()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._staged.__exit__(kind, error, trace)
        if self.reader is not None:
            self.reader.close()

    def add(self, rows: Iterable[Annotation | BadRow]) -> None:
        """A further list, in constant memory. Raises whatever `rows` raises."""
        self._staged.add(rows)

    def count(self) -> tuple[list[PlanSummary], Totals]:
        """What each list would be as a plan, numbered from 1, and all of them together with each clip once."""
        found = _Counts()
        for first, lines in self._staged.parts():
            found.add(lines, self._states(first))
        lists = len(self._staged.row_counts)
        return [self._summary(number, found) for number in range(lists)], found.totals((1 << lists) - 1)

    def _states(self, first: str) -> dict[str, str]:
        """The state of each clip that is done or lost, of the videos whose id begins so."""
        if self.reader is None:
            return {}
        rows = self.reader.select(_STATES, first, chr(ord(first) + 1))
        return {clip_line(video_id, start_us, end_us): state for video_id, start_us, end_us, state in rows}

    def _summary(self, number: int, found: "_Counts") -> PlanSummary:
        staged = self._staged
        return PlanSummary(
            plan_id=number + 1,
            rows=staged.row_counts[number],
            bad_rows=staged.bad_counts[number],
            duplicates=found.duplicates[number],
            **asdict(found.totals(1 << number)),
            first_bad=staged.first_bad[number],
        )


class _Counts:
    """Clips and videos by the set of lists that name them, as a bit mask: few sets, however many clips there are."""

    def __init__(self) -> None:
        self.duplicates: Counter[int] = Counter()
        self._clips: Counter[tuple[int, str, int]] = Counter()  # by lists, state, length
        self._videos: Counter[tuple[int, int]] = Counter()  # by lists, and by those of its wanted clips

    def add(self, lines: list[str], states: Mapping[str, str]) -> None:
        """Sorted lines of whole videos."""
        clips, videos = self._clips, self._videos
        for _video_id, of_video in groupby(lines, _video):
            lists = wanted_by = 0
            for clip, named in groupby(of_video, _clip):
                mask = self._mask(named)
                lists |= mask
                state = states.get(clip, _WANTED)
                start_us, end_us = span_us(clip)
                clips[mask, state, end_us - start_us] += 1
                if state == _WANTED:
                    wanted_by |= mask
            videos[lists, wanted_by] += 1

    def _mask(self, named: Iterable[str]) -> int:
        mask, before = 0, ""
        for line in named:
            if line == before:
                self.duplicates[list_of(line)] += 1
            else:
                mask |= 1 << list_of(line)
            before = line
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
