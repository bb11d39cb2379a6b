"""Clips that other tools made, taken into a dataset by hard link or copy. Their tree is only ever read."""

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clipset.clock import Clock
from clipset.existing.names import is_candidate, read_name
from clipset.existing.pool import MakeTrimmer, each
from clipset.existing.tree import files_below, shown
from clipset.existing.watching import Finding, Verdict, Watcher
from clipset.ledger import Ledger
from clipset.ledger.named import clips_of
from clipset.media.sniff import MOV, SNIFF_BYTES, sniff
from clipset.reasons import Disposition, Reason
from clipset.reasons.retry import delay_s
from clipset.sinks.folders import FolderSink
from clipset.sources.folder import LocalStream
from clipset.space import TemporarySpace
from clipset.types import (
    Attempt,
    Clip,
    ClipsetError,
    Cost,
    Facts,
    MediaInput,
    Outcome,
    Stored,
    Trimmer,
    VideoJob,
    Wanted,
)

SOURCE = "adopt"  # in stats.csv
_PIECE_BYTES = 1024 * 1024
_VERDICTS = {Reason.TOO_SHORT: Verdict.SHORT, Reason.ABSENT: Verdict.OTHER}


@dataclass(frozen=True, slots=True)
class AdoptReport:
    """`layouts` counts the recognised files by the tool whose tree they lie in."""

    verdicts: Counter[Verdict]
    layouts: Counter[str]


@dataclass(frozen=True, slots=True)
class _Offer:
    """A clip that is not there, and the files that may be it."""

    wanted: Wanted
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Taken:
    """`data` are the bytes of a clip that had to be made anew; None where the file itself can be the clip."""

    offer: _Offer
    file: str | None
    facts: Facts | None
    size_bytes: int
    sha256: str
    data: bytes | None
    trim_s: float
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Adoption:
    """`plan_ids` None: whatever any list of the ledger names. `copies`: never link."""

    old: Path
    directory: Path
    ledger: Ledger
    session: int
    plan_ids: Sequence[int] | None
    copies: bool
    space: TemporarySpace = field(default_factory=TemporarySpace)

    def run(self, make_trimmer: MakeTrimmer, jobs: int, watcher: Watcher, clock: Clock) -> AdoptReport:
        """Take what is not done yet and verifies. Interrupted, it goes on with the rest when run again.

        Raises ClipsetError when this machine cannot go on.
        """
        report = AdoptReport(Counter(), Counter())

        def tell(finding: Finding) -> None:
            report.verdicts[finding.verdict] += 1
            watcher.found(finding)

        unreadable: list[str] = []
        files = [path for path in files_below(self.old, self._is_ours, unreadable) if is_candidate(path)]
        watcher.begin(len(files) + len(unreadable))
        for folder in unreadable:
            tell(Finding(shown(folder) or ".", Verdict.UNREADABLE, "it cannot be listed"))
        offers: dict[Clip, _Offer] = {}
        for path in files:
            if finding := self._offer(path, offers, report.layouts):
                tell(finding)
        sink = FolderSink(self.directory, self.space)
        for taken in each(offers.values(), _Examiner(self.old), make_trimmer, jobs):
            self._place(taken, sink, clock)
            for finding in taken.findings:
                tell(finding)
        return report

    def _is_ours(self, folder: str) -> bool:
        """The dataset itself may lie in the tree."""
        return (self.old / folder).resolve() == self.directory.resolve()

    def _offer(self, path: str, offers: dict[Clip, _Offer], layouts: Counter[str]) -> Finding | None:
        """Put a file to the clip that it may be; or else what is to be said of it."""
        name = read_name(path)
        if name is None:
            return Finding(shown(path), Verdict.UNKNOWN, "its name tells no video")
        layouts[name.layout] += 1
        known = [
            named
            for named in clips_of(self.ledger, name.video_id, self.plan_ids)
            if name.span in {None, named.wanted.clip.span}
        ]
        if not known:
            return Finding(shown(path), Verdict.UNKNOWN, "no list names this clip")
        if len(known) > 1:
            text = f"the lists name {len(known)} clips of this video, and the file's name has no times"
            return Finding(shown(path), Verdict.AMBIGUOUS, text)
        if known[0].is_done:
            return Finding(shown(path), Verdict.KNOWN)
        wanted = known[0].wanted
        before = offers.get(wanted.clip, _Offer(wanted, ()))
        offers[wanted.clip] = _Offer(wanted, (*before.files, path))
        return None

    def _place(self, taken: _Taken, sink: FolderSink, clock: Clock) -> None:
        """The file first, the record second."""
        if taken.file is None or taken.facts is None:
            return
        wanted = taken.offer.wanted
        if taken.data is not None:
            sink.put(wanted.paths[0], taken.data)
        else:
            sink.take(wanted.paths[0], (self.old / taken.file).resolve(), copies=self.copies)
        for path in wanted.paths[1:]:
            sink.link(path, wanted.paths[0])
        stored = Stored(wanted.paths[0], taken.size_bytes, taken.sha256, taken.facts)
        cost = Cost(trim_s=taken.trim_s, total_s=taken.trim_s)
        # no job of the loop: attempt 0 is older than any, so it costs the video none
        job = VideoJob(wanted.clip.video_id, (wanted,), attempt=0)
        outcome = Outcome(job, (Attempt(wanted.clip, stored, SOURCE, cost=cost),))
        self.ledger.record(outcome, self.session, clock.now_us(), delay_s)


class _Examiner:
    """Finds the first file of an offer that is the clip; runs in the pool's threads."""

    def __init__(self, old: Path) -> None:
        self._old = old

    def __call__(self, offer: _Offer, trimmer: Trimmer) -> _Taken:
        findings: list[Finding] = []
        for number, path in enumerate(offer.files):
            started_s = time.monotonic()
            try:
                with LocalStream.opened((self._old / path).resolve()) as stream:
                    facts, data = _examined(stream, offer.wanted.clip, trimmer)
                    size_bytes, digest = _digest(stream) if data is None else (len(data), _sha256(data))
            except ClipsetError as error:
                findings.append(_refused(path, error))
                continue
            findings.append(Finding(shown(path), Verdict.ADOPTED, "" if data is None else "made anew as mp4"))
            rest = [Finding(shown(other), Verdict.KNOWN) for other in offer.files[number + 1 :]]
            trim_s = time.monotonic() - started_s
            return _Taken(offer, path, facts, size_bytes, digest, data, trim_s, (*findings, *rest))
        return _Taken(offer, None, None, 0, "", None, 0.0, tuple(findings))


def _examined(stream: LocalStream, clip: Clip, trimmer: Trimmer) -> tuple[Facts, bytes | None]:
    """A file that verifies as it is, and, where it is no mp4, the clip made anew from it: the name says .mp4.

    Raises ClipsetError.
    """
    facts = trimmer.check(stream, clip)
    if sniff(stream.read(0, SNIFF_BYTES)) == MOV:
        return facts, None
    with trimmer.open(MediaInput(stream, origin_us=clip.span.start_us)) as cutter:
        trimmed = cutter.cut(clip)
    return trimmed.facts, trimmed.data


def _refused(path: str, error: ClipsetError) -> Finding:
    """Raises the error again if it is about this machine."""
    failure = error.failure
    if failure.disposition is Disposition.STOP:
        raise error
    return Finding(shown(path), _VERDICTS.get(failure.reason, Verdict.DAMAGED), failure.detail)


def _digest(stream: LocalStream) -> tuple[int, str]:
    sha256 = hashlib.sha256()
    for piece in _pieces(stream):
        sha256.update(piece)
    return stream.size_bytes, sha256.hexdigest()


def _pieces(stream: LocalStream) -> Iterator[bytes]:
    for start in range(0, stream.size_bytes, _PIECE_BYTES):
        yield stream.read(start, start + _PIECE_BYTES)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
