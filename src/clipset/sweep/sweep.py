"""The loop of a sweep: it decides what is read, and records what the streams find, as the one writer of state."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from clipset.clock import Clock
from clipset.ledger import Ledger, LedgerReader
from clipset.ledger.missing import Group, Missing
from clipset.reasons import Disposition, Reason
from clipset.run import Conduct, RunResult, StoppedBy
from clipset.sources.mirror.cvdf import Cvdf, Tar
from clipset.sources.mirror.index import TarIndex
from clipset.sweep.crew import TICK_S, Tell, working
from clipset.sweep.listing import Listed, Scope, list_tars
from clipset.sweep.streaming import Broken, Gauge, Kept, Read, Stream
from clipset.sweep.view import SweepObserver, SweepView
from clipset.sweep.worklist import Worklist
from clipset.types import (
    Attempt,
    Clip,
    ClipsetError,
    Failure,
    Outcome,
    Recipe,
    Sink,
    Stage,
    Stored,
    Trimmer,
)
from clipset.web import Web, WebFile


@dataclass(frozen=True, slots=True)
class Means:
    """What a sweep works with. Each stream makes a reader and a trimmer of its own."""

    web: Web
    mirror: Cvdf
    index: TarIndex
    open_reader: Callable[[], LedgerReader]
    make_trimmer: Callable[[], Trimmer]
    sink: Sink
    recipe: Recipe
    streams: int
    scope: Scope = Scope()  # noqa: RUF009 - frozen


class Sweep:
    """One walk through the mirror. With `is_last` no other source follows: what the mirror failed at is recorded as
    the clip's reason, and what it does not have as absent; otherwise those are left to the others.

    No clip is ever lost by a sweep: that a copy is damaged or short says nothing of the video.
    """

    def __init__(
        self, ledger: Ledger, means: Means, observer: SweepObserver, clock: Clock, conduct: Conduct, *, is_last: bool
    ) -> None:
        self._ledger, self._means, self._observer, self._clock = ledger, means, observer, clock
        self._conduct, self._is_last = conduct, is_last
        self._drain, self._abort = threading.Event(), threading.Event()
        self._gauges = [Gauge() for _ in range(means.streams)]
        self._worklist = Worklist((), {}, means.scope.may_hold)
        self._session_id = 0
        self._began_s = self._show_again_s = time.monotonic()
        self._tars_done = 0
        self._is_silent = False
        self._sizes_bytes: list[int] = []
        self._done = self._failed = 0
        self._is_complete = True
        self._failure: Failure | None = None

    def run(
        self, plan_ids: Sequence[int], session_id: int, drain: threading.Event, abort: threading.Event
    ) -> RunResult:
        """Until the mirror can bring no more. `drain` ends it with the clips at hand, `abort` at once.

        A mirror that does not answer is warned of, and the result says what remains.
        """
        self._session_id = session_id
        self._drain, self._abort = drain, abort
        missing = Missing(self._ledger, plan_ids, self._means.mirror.name)
        groups = missing.groups()
        if groups:
            listed = self._listed(groups)
            for goes_first in (True, False):  # what stands in for files of other tars comes before those
                tars = [tar for tar in listed if tar.goes_first is goes_first]
                self._stream(tars, missing, plan_ids)
        if self._is_last and self._is_complete and not self._is_over():
            self._record_absent(missing)
        return self._result(plan_ids)

    def _is_over(self) -> bool:
        most, until_us = self._conduct.max_clips, self._conduct.until_us
        is_limited = most is not None and self._done >= most
        is_late = until_us is not None and self._clock.now_us() >= until_us
        return is_limited or is_late or self._failure is not None or self._drain.is_set() or self._abort.is_set()

    def _listed(self, groups: Mapping[Group, int]) -> list[Tar]:
        """In a thread, since a mirror may be slow to answer."""
        tars: list[Tar] = []

        def ask(tell: Tell) -> None:
            tell(list_tars(self._means.mirror, groups, self._means.scope))

        for event in working([ask], self._abort):
            if isinstance(event, Listed):
                tars = event.tars
                self._is_complete &= event.is_complete
                for warning in event.warnings:
                    self._observer.warned(warning)
            self._show()
        return tars

    def _stream(self, tars: list[Tar], missing: Missing, plan_ids: Sequence[int]) -> None:
        if not tars or self._is_over():
            return
        most = self._conduct.max_clips
        room = None if most is None else most - self._done
        self._worklist = Worklist(tars, missing.groups(), self._means.scope.may_hold, room, self._means.streams)
        for event in working([partial(self._read_tars, gauge, plan_ids) for gauge in self._gauges], self._abort):
            match event:
                case Kept():
                    self._record(event)
                case Read():
                    self._note_tar(event)
                case Broken():
                    self._warn_of(event)
            if self._is_over():
                self._worklist.close()
            self._show()

    def _read_tars(self, gauge: Gauge, plan_ids: Sequence[int], tell: Tell) -> None:
        """What each thread does, with a trimmer and a reader of its own."""
        means = self._means
        with closing(means.make_trimmer()) as trimmer, means.open_reader() as reader:
            missing = Missing(reader, plan_ids, means.mirror.name)
            stream = Stream(means.web, missing, self._worklist, means.recipe, trimmer, means.sink, gauge, tell)
            while (tar := self._worklist.next()) is not None:
                tell(stream.read_or_report(tar, means.index.get(tar.url)))

    def _record(self, kept: Kept) -> None:
        (attempt,) = kept.outcome.attempts
        now_us, result = self._clock.now_us(), attempt.result
        if isinstance(result, Failure) and result.disposition is Disposition.STOP:
            self._failure = self._failure or result
            self._ledger.note(kept.outcome, self._session_id, now_us)
        elif isinstance(result, Stored) or (self._is_last and kept.missed.is_open):
            if isinstance(result, Stored) and kept.missed.is_lost:
                self._observer.regained()
            self._ledger.record(kept.outcome, self._session_id, now_us, _next_session)
            self._tell(attempt)
        else:
            self._ledger.note(kept.outcome, self._session_id, now_us)
        self._worklist.release(attempt.clip)

    def _tell(self, attempt: Attempt) -> None:
        self._done += isinstance(attempt.result, Stored)
        self._failed += isinstance(attempt.result, Failure)
        self._observer.recorded(attempt)

    def _note_tar(self, read: Read) -> None:
        self._tars_done += 1
        if read.size_bytes:
            self._sizes_bytes.append(read.size_bytes)
        if read.clip_ids is not None:
            try:
                self._means.index.add(read.tar.url, read.version, read.clip_ids)
            except ClipsetError as error:
                self._observer.warned(f"what {read.tar.name} holds was not kept: {error.failure.detail}")
        if read.refusals:
            shown = ", ".join(read.refused) + (", …" if read.refusals > len(read.refused) else "")
            self._observer.warned(f"{read.tar.name}: {read.refusals} members not taken: {shown}")

    def _warn_of(self, broken: Broken) -> None:
        """One tar costs its clips."""
        self._is_complete = False
        self._tars_done += 1
        self._observer.warned(f"{broken.failure.detail}; the run goes on without the rest of this tar")
        if self._worklist.is_given_up and not self._is_silent:
            self._is_silent = True
            self._observer.warned("the mirror does not answer any more; the run goes on without it")

    def _record_absent(self, missing: Missing) -> None:
        failure = Failure(Reason.ABSENT, f"not in the tars of {self._means.mirror.name}", Stage.RESOLVE)
        absent = 0
        for jobs in missing.unanswered():
            if self._drain.is_set():
                break
            outcomes = [Outcome(job, tuple(_absent(want.clip, failure) for want in job.wanted)) for job in jobs]
            self._ledger.record_all(outcomes, self._session_id, self._clock.now_us(), _next_session)
            absent += sum(len(job.wanted) for job in jobs)
            self._show()
        if absent:
            self._failed += absent
            self._observer.warned(f"clips in none of the mirror's tars: {absent:,}")

    def _show(self) -> None:
        """A few times a second: clips can come by the hundred."""
        if time.monotonic() < self._show_again_s:
            return
        self._show_again_s = time.monotonic() + TICK_S
        gauges = [gauge for gauge in self._gauges if gauge.file is not None]
        tars_left = len(self._worklist) + len(gauges)
        self._observer.streaming(
            SweepView(
                tars=self._tars_done + tars_left,
                tars_done=self._tars_done,
                current=tuple(gauge.tar.name for gauge in gauges if gauge.tar is not None),
                read_bytes=sum(gauge.read_bytes for gauge in self._gauges),
                ahead_bytes=self._ahead_bytes([gauge.file for gauge in gauges]),
                elapsed_s=time.monotonic() - self._began_s,
            )
        )

    def _ahead_bytes(self, files: list[WebFile | None]) -> int | None:
        sizes = [(file.size_bytes, file.position) for file in files if file is not None and file.size_bytes]
        known = self._sizes_bytes + [size for size, _ in sizes if size]
        if not known:
            return None
        waiting = len(self._worklist) * sum(known) // len(known)
        return waiting + sum(size - position for size, position in sizes if size)

    def _result(self, plan_ids: Sequence[int]) -> RunResult:
        if self._failure is not None:
            stopped_by = StoppedBy.FAILURE
        elif self._ledger.wanted_left(plan_ids) == 0:
            stopped_by = StoppedBy.FINISHED
        elif self._drain.is_set():
            stopped_by = StoppedBy.INTERRUPT
        else:
            stopped_by = StoppedBy.LIMIT if self._is_over() else StoppedBy.NOT_DUE
        return RunResult(stopped_by, self._done, self._failed, self._failure)


def _absent(clip: Clip, failure: Failure) -> Attempt:
    return Attempt(clip, failure, Cvdf.name)


def _next_session(reason: Reason, tries: int) -> float:
    """A mirror's failure is no loss: another source may have the clip, or the mirror after a mend."""
    del reason, tries
    return 0.0
