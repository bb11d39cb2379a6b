"""The one function every engine runs: a video's clips, from the first source that has them to their final place."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from clipset.reasons import Disposition, Reason
from clipset.types import (
    Attempt,
    Clip,
    ClipsetError,
    Cooling,
    Cost,
    Cutter,
    Failure,
    Interrupted,
    Located,
    Meter,
    Outcome,
    Sink,
    Source,
    Stage,
    Stored,
    Trimmer,
    VideoJob,
    Wanted,
)


@dataclass(frozen=True, slots=True)
class Bench:
    """What one worker works with; only `sink` and `abort` are shared between workers.

    The first `at_hand` sources ask nobody whose patience is limited.
    """

    sources: tuple[Source, ...]
    trimmer: Trimmer
    sink: Sink
    abort: threading.Event  # set when even the work in flight is to end
    at_hand: int = 0
    node: str = ""  # the machine, as outcomes name it

    def close(self) -> None:
        for source in self.sources:
            source.close()
        self.trimmer.close()


def materialise(job: VideoJob, bench: Bench) -> Outcome:
    """Make the job's clips, asking the sources in order, clip by clip. Raises nothing but bugs.

    A clip that several sources failed to give has an attempt for each; one that no source has is `absent`; one
    that was not reached because the run stopped is in no attempt. Where not every source could be asked (a job
    `at_hand`, an egress that cools down) the failures of the others prove nothing and are not told.
    """
    attempts: list[Attempt] = []
    missing = {wanted.clip: wanted for wanted in job.wanted}
    walk = _Waterfall(job, missing, bench)
    try:
        for attempt in walk.attempts():
            attempts.append(attempt)
            if isinstance(attempt.result, Stored):
                del missing[attempt.clip]
            elif attempt.result.disposition is Disposition.STOP:
                return Outcome(job, tuple(attempts), bench.node)
        if walk.skipped:
            return Outcome(job, tuple(attempt for attempt in attempts if _is_about_the_way(attempt)), bench.node)
        tried = {attempt.clip for attempt in attempts}
        attempts += [_absent(clip, bench) for clip in missing if clip not in tried]
    except Interrupted:
        pass
    return Outcome(job, tuple(attempts), bench.node)


def _is_about_the_way(attempt: Attempt) -> bool:
    """What holds whatever the sources that were not asked would say."""
    return isinstance(attempt.result, Stored) or attempt.result.disposition is Disposition.PACE


class _Waterfall:
    """A job's walk down the sources. `missing` shrinks while it is consumed, so each source sees what those before it
    did not give; `skipped` says that a source was left out.
    """

    def __init__(self, job: VideoJob, missing: dict[Clip, Wanted], bench: Bench) -> None:
        self._job, self._missing, self._bench = job, missing, bench
        self.skipped = job.at_hand

    def attempts(self) -> Iterator[Attempt]:
        bench = self._bench
        yield from _on_disk(tuple(self._missing.values()), bench)
        for source in bench.sources[: bench.at_hand] if self._job.at_hand else bench.sources:
            if not self._missing:
                return
            try:
                yield from _from_source(source, replace(self._job, wanted=tuple(self._missing.values())), bench)
            except Cooling:
                self.skipped = True


def _on_disk(wanted: tuple[Wanted, ...], bench: Bench) -> Iterator[Attempt]:
    """Clips whose file is in place but not in the ledger, as a crash between the two leaves it: no request needed."""
    for want in wanted:
        started_s = time.monotonic()
        try:
            found: Stored | Failure | None = _found(want, bench)
        except ClipsetError as error:
            # damaged, or of another recipe: made anew, unless nothing can be put there either
            found = error.failure if error.failure.disposition is Disposition.STOP else None
        if found is not None:
            elapsed_s = time.monotonic() - started_s
            yield Attempt(want.clip, found, "disk", cost=Cost(trim_s=elapsed_s, total_s=elapsed_s))


def _found(want: Wanted, bench: Bench) -> Stored | None:
    file = bench.sink.get(want.paths[0])
    if file is None:
        return None
    facts = bench.trimmer.inspect(file, want.clip)
    data = file.read(0, file.size_bytes or 0)
    return _link(want, Stored(want.paths[0], len(data), hashlib.sha256(data).hexdigest(), facts), bench.sink)


def _from_source(source: Source, job: VideoJob, bench: Bench) -> Iterator[Attempt]:
    """An attempt for each clip that the source located; for all that are left when the video as a whole failed."""
    meter = Meter()
    lap = _Lap(meter)
    left = [wanted.clip for wanted in job.wanted]
    try:
        with source.locate(job, meter) as found:
            for located in found:
                for attempt in _cut_all(located, source.name, bench, lap):
                    left.remove(attempt.clip)
                    yield attempt
                    if isinstance(attempt.result, Failure):
                        _end_if_not_the_clips_fault(attempt.result)
    except ClipsetError as error:
        for clip in left:
            yield Attempt(clip, error.failure, source.name, meter.egress, lap.cost(0.0), meter.tool)


def _end_if_not_the_clips_fault(failure: Failure) -> None:
    if failure.disposition in {Disposition.PACE, Disposition.STOP}:
        raise ClipsetError(failure)


def _cut_all(located: Located, source: str, bench: Bench, lap: "_Lap") -> Iterator[Attempt]:
    left = list(located.wanted)
    started_s = lap.start()
    try:
        with bench.trimmer.open(located.media) as cutter:
            for want in located.wanted:
                result, least_bytes = _cut_one(want, cutter, bench.sink, lap)
                left.remove(want)
                cost = lap.cost(started_s, least_bytes)
                yield Attempt(want.clip, result, source, located.egress, cost, located.tool)
                started_s = lap.start()
    except ClipsetError as error:  # the file as a whole cannot be opened
        for want in left:
            yield Attempt(want.clip, error.failure, source, located.egress, lap.cost(started_s), located.tool)
            started_s = lap.start()


def _cut_one(want: Wanted, cutter: Cutter, sink: Sink, lap: "_Lap") -> tuple[Stored | Failure, int | None]:
    """What became of it, and the least bytes of a clip that was made."""
    try:
        trimmed = cutter.cut(want.clip)
        digest = hashlib.sha256(trimmed.data).hexdigest()
        with lap.storing():
            sink.put(want.paths[0], trimmed.data)
            stored = _link(want, Stored(want.paths[0], len(trimmed.data), digest, trimmed.facts), sink)
    except ClipsetError as error:
        return error.failure, None
    return stored, trimmed.least_bytes


def _link(want: Wanted, stored: Stored, sink: Sink) -> Stored:
    for path in want.paths[1:]:
        sink.link(path, stored.path)
    return stored


def _absent(clip: Clip, bench: Bench) -> Attempt:
    asked = ", ".join(source.name for source in bench.sources)
    return Attempt(clip, Failure(Reason.ABSENT, f"not found in {asked}", Stage.RESOLVE), asked)


class _Lap:
    """Splits what a job's meter counts over its clips: each is charged what came since the one before."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._charged = Meter()
        self._fetching_s = 0.0
        self._storing_s = 0.0

    def start(self) -> float:
        """Begin the busy time (open, cut, store) of a clip; returns the monotonic clock's seconds."""
        self._fetching_s = self._meter.seconds
        self._storing_s = 0.0
        return time.monotonic()

    @contextmanager
    def storing(self) -> Iterator[None]:
        """What is spent here is spent on the clip, but not at work: a store may keep it waiting for minutes."""
        began_s = time.monotonic()
        try:
            yield
        finally:
            self._storing_s += time.monotonic() - began_s

    def cost(self, started_s: float, least_bytes: int | None = None) -> Cost:
        """What to charge now. `started_s` from start(), or 0.0 when nothing was opened.

        Where nobody outside was asked (a folder) there is nothing to compare the least bytes with.
        """
        meter, charged = self._meter, self._charged
        download_s = meter.seconds - charged.seconds
        busy_s = time.monotonic() - started_s if started_s else 0.0
        storing_s = self._storing_s if started_s else 0.0
        trim_s = max(0.0, busy_s - storing_s - (meter.seconds - self._fetching_s)) if started_s else 0.0
        cost = Cost(
            download_s=download_s,
            trim_s=trim_s,
            total_s=download_s + trim_s + storing_s,
            fetched_bytes=meter.fetched_bytes - charged.fetched_bytes,
            requests=meter.requests - charged.requests,
            least_bytes=least_bytes if meter.requests else None,
        )
        self._charged = replace(meter)
        return cost
