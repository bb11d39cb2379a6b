"""Every finished clip's pictures or sound, made once: what is there under its name already is passed over."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from clipset.existing.pool import each
from clipset.existing.watching import Finding, Verdict, Watcher
from clipset.export.kinds import Kind
from clipset.ledger import LedgerReader
from clipset.ledger.finished import FinishedClip, finished_clips, names_in
from clipset.media.export import MediaExporter
from clipset.plan import Seen, Selection, check
from clipset.plan.selection import canonical_split
from clipset.reasons import Disposition
from clipset.sinks.exports import ExportSink
from clipset.types import ClipsetError, Sink, Stage

MakeExporter = Callable[[threading.Event], MediaExporter]


@dataclass(slots=True)
class ExportReport:
    """Verdicts count clips; `known` ones were there before. Files and bytes are those made by this run."""

    verdicts: Counter[Verdict]
    files: int = 0
    size_bytes: int = 0


class _Wanted(NamedTuple):
    clip: FinishedClip
    places: tuple[str, ...]


class _Made(NamedTuple):
    finding: Finding
    files: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Export:
    """What to make of which clips, and where. Raises SelectionError for a split or class that the dataset has not."""

    clips: Sink
    ledger: LedgerReader
    kind: Kind
    selection: Selection

    def __post_init__(self) -> None:
        if self.selection != Selection():
            splits, labels = names_in(self.ledger)
            check(self.selection, Seen(splits=splits, labels=labels))

    def run(self, out: ExportSink, make_exporter: MakeExporter, jobs: int, watcher: Watcher) -> ExportReport:
        """Make what is not there. Interrupted, it goes on with the rest when run again.

        Raises ClipsetError when this machine cannot go on.
        """
        report = ExportReport(Counter())
        report.verdicts[Verdict.KNOWN], count = self._counted(out)
        watcher.begin(count)
        wanted = (one for one in self._wanted() if not _is_there(one, self.kind, out))
        maker = _Maker(self.clips, self.kind, out)
        for made in each(wanted, maker, make_exporter, jobs):
            report.verdicts[made.finding.verdict] += 1
            report.files += made.files
            report.size_bytes += made.size_bytes
            watcher.found(made.finding)
        return report

    def _counted(self, out: ExportSink) -> tuple[int, int]:
        """How many are there, and how many are not: looked up once before, so that what is left can be told."""
        counts = Counter(_is_there(one, self.kind, out) for one in self._wanted())
        return counts[True], counts[False]

    def _wanted(self) -> Iterator[_Wanted]:
        chosen = self.selection
        splits, labels = frozenset(map(canonical_split, chosen.splits)), chosen.labels
        for clip in finished_clips(self.ledger):
            paths = (
                place.path
                for place in clip.places
                if (not splits or canonical_split(place.split) in splits) and (labels is None or place.label in labels)
            )
            if places := tuple(dict.fromkeys(map(self.kind.place, paths))):
                yield _Wanted(clip, places)


def _is_there(one: _Wanted, kind: Kind, out: ExportSink) -> bool:
    return all(out.has(kind.proof(place)) for place in one.places)


class _Maker:
    """Makes what is wanted of one clip; runs in the pool's threads."""

    def __init__(self, clips: Sink, kind: Kind, out: ExportSink) -> None:
        self._clips = clips
        self._kind = kind
        self._out = out

    def __call__(self, one: _Wanted, exporter: MediaExporter) -> _Made:
        if not self._kind.has(one.clip):
            return _Made(Finding(one.clip.path, Verdict.SILENT))
        try:
            return self._made(one, exporter)
        except ClipsetError as error:
            if error.failure.disposition is Disposition.STOP:
                raise
            verdict = Verdict.UNREADABLE if error.failure.stage is Stage.STORE else Verdict.DAMAGED
            return _Made(Finding(one.clip.path, verdict, error.failure.detail))
        except OSError as error:
            return _Made(Finding(one.clip.path, Verdict.UNREADABLE, str(error)))

    def _made(self, one: _Wanted, exporter: MediaExporter) -> _Made:
        """The first name by work, the others by links. Raises ClipsetError, OSError, Interrupted."""
        there = [place for place in one.places if self._out.has(self._kind.proof(place))]
        files = size_bytes = 0
        if not there:
            files, size_bytes = self._make(one, exporter)
            there = [one.places[0]]
        for place in one.places:
            if place not in there:
                self._out.link(place, there[0])
        return _Made(Finding(one.clip.path, Verdict.EXPORTED), files, size_bytes)

    def _make(self, one: _Wanted, exporter: MediaExporter) -> tuple[int, int]:
        data = self._clips.get(one.clip.path)
        if data is None:
            raise FileNotFoundError("the file is gone")
        with self._out.draft() as draft:
            made = draft / "made"
            files = self._kind.make(one.clip, data, exporter, made)
            size_bytes = sum(file.stat().st_size for file in (made.iterdir() if made.is_dir() else [made]))
            self._out.place(made, one.places[0])
        return files, size_bytes
