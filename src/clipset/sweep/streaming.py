"""One tar from its first byte to its last, or to the last clip that it can bring."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from clipset.ledger.missing import Missed, Missing
from clipset.reasons import Disposition, Reason
from clipset.sources.mirror.cvdf import Cvdf, Tar
from clipset.sources.mirror.index import Listing
from clipset.sources.mirror.members import clip_named, clip_of, refusal
from clipset.sources.mirror.tar import TarStream
from clipset.sources.mirror.unpacking import Unpacked
from clipset.sweep.crew import Tell
from clipset.sweep.keeping import keep
from clipset.sweep.worklist import Worklist
from clipset.types import Attempt, Clip, ClipsetError, Cost, Failure, Interrupted, Outcome, Recipe, Sink, Trimmer
from clipset.web import Web, WebFile

MEMBERS_MAX = 100_000
"""Clips of a tar that are remembered; the largest of CVDF's have 2,000. Of one with more nothing is."""

SHOWN_REFUSALS = 3
_NAME_CHARS = 200
_UNREACHABLE = frozenset({Reason.NETWORK, Reason.SERVER_ERROR})


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a clip that was met in a tar."""

    outcome: Outcome
    missed: Missed


@dataclass(frozen=True, slots=True)
class Read:
    """A tar is done with. `clip_ids` are all that it holds, None where it was not read to its end."""

    tar: Tar
    version: str
    clip_ids: tuple[str, ...] | None
    refusals: int
    refused: tuple[str, ...]  # the first of them
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A tar that could not be read to its end."""

    tar: Tar
    failure: Failure

    @property
    def is_silence(self) -> bool:
        """Whether it was the mirror that could not be reached, and not this tar."""
        failure = self.failure
        return failure.reason in _UNREACHABLE and (failure.http_status or 500) >= 500


class Gauge:
    """What a stream is reading now, for the display, and what has not been charged to a clip yet."""

    def __init__(self) -> None:
        self.tar: Tar | None = None
        self.file: WebFile | None = None
        self.read_bytes = 0
        self._seconds = 0.0
        self._charged_bytes = self._charged_requests = 0

    def reading(self, tar: Tar, file: WebFile) -> Iterator[bytes]:
        """The pieces of a file, timed."""
        self.tar, self.file = tar, file
        self._charged_requests = 0
        pieces = iter(file)
        while True:
            began_s = time.monotonic()
            piece = next(pieces, None)
            self._seconds += time.monotonic() - began_s
            if piece is None:
                return
            self.read_bytes += len(piece)
            yield piece

    def cost(self, trim_s: float) -> Cost:
        """Of a clip: what came over the line since the one before, and the time that it took to check."""
        requests = self.file.requests if self.file is not None else 0
        cost = Cost(
            download_s=self._seconds,
            trim_s=trim_s,
            total_s=self._seconds + trim_s,
            fetched_bytes=self.read_bytes - self._charged_bytes,
            requests=requests - self._charged_requests,
        )
        self._seconds, self._charged_bytes, self._charged_requests = 0.0, self.read_bytes, requests
        return cost


@dataclass(frozen=True, slots=True)
class Stream:
    """What one thread reads tars with. `tell` hands over what became of a clip."""

    web: Web
    missing: Missing
    worklist: Worklist
    recipe: Recipe
    trimmer: Trimmer
    sink: Sink
    gauge: Gauge
    tell: Tell

    def read_or_report(self, tar: Tar, listing: Listing | None) -> Read | Broken:
        """`listing` is what the tar held the last time. Raises Interrupted, and bugs."""
        try:
            if listing is not None and not self._wanted_of(listing):
                return Read(tar, "", None, 0, (), 0)
            read = self._open(tar, listing)
        except ClipsetError as error:
            broken = Broken(tar, _naming(tar, error.failure))
            self.worklist.heard(is_silent=broken.is_silence)
            return broken
        else:
            self.worklist.heard(is_silent=False)
            return read
        finally:
            self.gauge.tar = self.gauge.file = None

    def _open(self, tar: Tar, listing: Listing | None) -> Read:
        """A tar of the same content as before is not read on for more than it had."""
        with self.web.open(tar.url) as file:
            is_known = listing is not None and listing.version == file.version
            return self._read(tar, file, self._wanted_of(listing) if is_known and listing is not None else None)

    def _read(self, tar: Tar, file: WebFile, expected: int | None) -> Read:
        members = TarStream(Unpacked(self.gauge.reading(tar, file)))
        clip_ids, refused, refusals, to_end = list[str](), list[str](), 0, True
        for member in members:
            if why := refusal(member):
                refusals += 1
                refused += [f"{member.name[:_NAME_CHARS]} ({why})"] if refusals <= SHOWN_REFUSALS else []
                continue
            clip = clip_of(member)
            if clip is None:
                continue
            if len(clip_ids) <= MEMBERS_MAX:
                clip_ids.append(clip.id)
            missed = self._claimed(clip)
            if missed is not None:
                self._keep(members, missed, tar)
                expected = None if expected is None else expected - 1
            if expected == 0 or not self.worklist.is_useful(tar):
                to_end = False
                break
        held = tuple(dict.fromkeys(clip_ids)) if to_end and len(clip_ids) <= MEMBERS_MAX else None
        return Read(tar, file.version, held, refusals, tuple(refused), file.size_bytes or file.position)

    def _claimed(self, clip: Clip) -> Missed | None:
        """The clip, if it is for this stream to bring; nobody else brings it until it is released."""
        if not self.worklist.claim(clip):
            return None
        missed = self.missing.find(clip)
        if missed is not None and self.worklist.meet(missed.groups):
            return missed
        self.worklist.release(clip)
        return None

    def _keep(self, members: TarStream, missed: Missed, tar: Tar) -> None:
        (want,) = missed.job.wanted
        try:
            data = members.read()
            began_s = time.monotonic()
            result = keep(data, want, self.recipe, self.trimmer, self.sink)
        except (ClipsetError, Interrupted):
            self.worklist.release(want.clip)
            raise
        if isinstance(result, Failure) and result.disposition is Disposition.STOP:
            self.worklist.close()  # the loop would say so too, a clip or two later
        cost = self.gauge.cost(time.monotonic() - began_s)
        attempt = Attempt(want.clip, result, Cvdf.name, cost=cost, tool=tar.name)
        self.tell(Kept(Outcome(missed.job, (attempt,)), missed))

    def _wanted_of(self, listing: Listing) -> int:
        return self.missing.count(clip for clip in map(clip_named, listing.ids()) if clip is not None)


def _naming(tar: Tar, failure: Failure) -> Failure:
    return failure if tar.name in failure.detail else replace(failure, detail=f"{tar.name}: {failure.detail}")
