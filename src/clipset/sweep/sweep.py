"""The loop of a sweep: it decides what is read, and records what the streams find, as the one writer of state."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from clipset.clock import Clock
from clipset.ledger import Ledger, LedgerReader
from clipset.ledger.missing import Group, Missing
from clipset.reasons import Disposition, Reason
from clipset.run import RunResult, StoppedBy
from clipset.sources.mirror.cvdf import Cvdf, Tar
from clipset.sources.mirror.index import TarIndex
from clipset.sweep.listing import Listed, Scope, list_tars
from clipset.sweep.streaming import Gauge, Kept, Read, Stream
from clipset.sweep.view import SweepObserver, SweepView
from clipset.sweep.worklist import Worklist
from clipset.types import (
    Attempt,
    Clip,
    ClipsetError,
    Failure,
    Interrupted,
    Outcome,
    Recipe,
    Sink,
    Stage,
    Stored,
    Trimmer,
)
from clipset.web import Web, WebFile

TICK_S = 0.2
_SHOWN_REFUSALS = 3
_UNREACHABLE = frozenset({Reason.NETWORK, Reason.SERVER_ERROR})


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


@dataclass(frozen=True, slots=True)
class _Broken:
    tar: Tar
    failure: Failure


class _Ended:
    """A thread has nothing left to do."""


_Event = Kept | Read | Listed | _Broken | _Ended | BaseException


class Sweep:
    """One walk through the mirror. With `is_last` no other source follows: what the mirror failed at is recorded as
    the clip's reason, and what it does not have as absent; otherwise those are left to the others.

    No clip is ever lost by a sweep: that a copy is damaged or short says nothing of the video.
    """

    def __init__(self, ledger: Ledger, means: Means, observer: SweepObserver, clock: Clock, *, is_last: bool) -> None:
        self._ledger, self._means, self._observer, self._clock = ledger, means, observer, clock
        self._is_last = is_last
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self._gauges = [Gauge() for _ in range(means.streams)]
        self._worklist = Worklist((), {}, means.scope.may_hold)
        self._session_id = 0
        self._began_s = time.monotonic()
        self._tars_done = self._unreachable = 0
        self._sizes_bytes: list[int] = []
        self._done = self._failed = 0
        self._is_complete = True
        self._failure: Failure | None = None

    def run(
        self,
        plan_ids: Sequence[int],
        session_id: int,
        drain: threading.Event,
        abort: threading.Event,
        room: int | None = None,
    ) -> RunResult:
        """Until the mirror can bring no more, or `room` clips have come. `drain` ends it with the clips at hand,
        `abort` at once. A mirror that does not answer is warned of, and the result says what remains.
        """
        self._session_id = session_id
        missing = Missing(self._ledger, plan_ids, self._means.mirror.name)
        groups = missing.groups()
        if groups:
            self._go_through(groups, plan_ids, drain, abort, room)
        if self._is_last and self._is_complete and not (self._failure or drain.is_set() or abort.is_set()):
            self._record_absent(missing, drain)
        return self._result(plan_ids, drain, room)

    def _go_through(
        self,
        groups: dict[Group, int],
        plan_ids: Sequence[int],
        drain: threading.Event,
        abort: threading.Event,
        room: int | None,
    ) -> None:
        """First the tars whose files stand in for those of others."""
        listed = self._listed(groups, abort)
        for goes_first in (True, False):
            tars = [tar for tar in listed if tar.goes_first is goes_first]
            if tars and not self._failure and not drain.is_set():
                self._worklist = Worklist(
                    tars, self._left(plan_ids, groups), self._means.scope.may_hold, self._room(room)
                )
                self._stream(plan_ids, drain, abort)

    def _left(self, plan_ids: Sequence[int], groups: dict[Group, int]) -> dict[Group, int]:
        return Missing(self._ledger, plan_ids, self._means.mirror.name).groups() if self._done else groups

    def _room(self, room: int | None) -> int | None:
        return None if room is None else room - self._done

    def _listed(self, groups: dict[Group, int], abort: threading.Event) -> list[Tar]:
        """In a thread, since a mirror may be slow to answer."""
        tars: list[Tar] = []

        def ask() -> None:
            try:
                self._events.put(list_tars(self._means.mirror, groups, self._means.scope))
            except Interrupted:
                pass
            except BaseException as bug:  # noqa: BLE001 - handed to the loop, which ends the run with it
                self._events.put(bug)
            self._events.put(_Ended())

        for event in self._happening([threading.Thread(target=ask, name="clipset-mirror", daemon=True)], abort):
            if isinstance(event, Listed):
                tars = event.tars
                self._is_complete &= event.is_complete
                for warning in event.warnings:
                    self._observer.warned(warning)
        return tars

    def _stream(self, plan_ids: Sequence[int], drain: threading.Event, abort: threading.Event) -> None:
        threads = [
            threading.Thread(target=self._work, args=(gauge, plan_ids), name=f"clipset-tar-{number}", daemon=True)
            for number, gauge in enumerate(self._gauges, 1)
        ]
        for event in self._happening(threads, abort):
            match event:
                case Kept():
                    self._record(event)
                case Read():
                    self._note_tar(event)
                case _Broken():
                    self._warn_of(event)
            if drain.is_set():
                self._worklist.close()

    def _happening(self, threads: list[threading.Thread], abort: threading.Event) -> Iterator[_Event | None]:
        """What the threads tell until all have ended; None now and then while nothing happens. Raises their bugs."""
        for thread in threads:
            thread.start()
        working = len(threads)
        while working and not abort.is_set():
            try:
                event = self._events.get(timeout=TICK_S)
            except queue.Empty:
                event = None
            if isinstance(event, BaseException):
                raise event
            working -= isinstance(event, _Ended)
            yield event
            self._show()

    def _work(self, gauge: Gauge, plan_ids: Sequence[int]) -> None:
        means = self._means
        try:
            trimmer = means.make_trimmer()
            try:
                with means.open_reader() as reader:
                    missing = Missing(reader, plan_ids, means.mirror.name)
                    self._read_tars(Stream(
                        means.web, means.mirror.name, missing, self._worklist, means.recipe, trimmer, means.sink,
                        gauge, self._events.put,
                    ))  # fmt: skip
            finally:
                trimmer.close()
        except Interrupted:
            pass
        except BaseException as bug:  # noqa: BLE001 - handed to the loop, which ends the run with it
            self._events.put(bug)
        self._events.put(_Ended())

    def _read_tars(self, stream: Stream) -> None:
        while (tar := self._worklist.next()) is not None:
            try:
                read = stream.read(tar, self._means.index.get(tar.url))
                self._events.put(read or Read(tar, "", None, (), 0))
            except ClipsetError as error:
                self._events.put(_Broken(tar, error.failure))
            finally:
                stream.gauge.tar = stream.gauge.file = None

    def _record(self, kept: Kept) -> None:
        (attempt,) = kept.outcome.attempts
        now_us = self._clock.now_us()
        is_stored = isinstance(attempt.result, Stored)
        if isinstance(attempt.result, Failure) and attempt.result.disposition is Disposition.STOP:
            self._failure = self._failure or attempt.result
            self._worklist.close()
        if is_stored or (self._is_last and kept.missed.is_open):
            if is_stored and kept.missed.is_lost:
                self._observer.regained()
            self._ledger.record(kept.outcome, self._session_id, now_us, _next_session)
            self._done += is_stored
            self._failed += not is_stored and self._failure is None
            self._observer.recorded(attempt)
        else:
            self._ledger.note(kept.outcome, self._session_id, now_us)
        self._worklist.release(attempt.clip)

    def _note_tar(self, read: Read) -> None:
        self._tars_done += 1
        self._unreachable = 0
        if read.size_bytes:
            self._sizes_bytes.append(read.size_bytes)
        if read.clip_ids is not None:
            try:
                self._means.index.add(read.tar.url, read.version, read.clip_ids)
            except ClipsetError as error:
                self._observer.warned(f"what {read.tar.name} holds was not kept: {error.failure.detail}")
        if read.refused:
            shown = ", ".join(read.refused[:_SHOWN_REFUSALS]) + (", …" if len(read.refused) > _SHOWN_REFUSALS else "")
            self._observer.warned(f"{read.tar.name}: {len(read.refused)} members not taken: {shown}")

    def _warn_of(self, broken: _Broken) -> None:
        """One tar costs its clips; several in a row that cannot be reached are a mirror that is down."""
        self._is_complete = False
        self._tars_done += 1
        failure = broken.failure
        self._observer.warned(f"{failure.detail}; the run goes on without the rest of this tar")
        is_silent = failure.reason in _UNREACHABLE and (failure.http_status or 500) >= 500
        self._unreachable = self._unreachable + 1 if is_silent else 0
        if self._unreachable > self._means.streams:
            self._observer.warned("the mirror does not answer any more; the run goes on without it")
            self._worklist.close()

    def _record_absent(self, missing: Missing, drain: threading.Event) -> None:
        failure = Failure(Reason.ABSENT, f"not in the tars of {self._means.mirror.name}", Stage.RESOLVE)
        for jobs in missing.unanswered():
            if drain.is_set():
                return
            outcomes = [Outcome(job, tuple(self._absent(want.clip, failure) for want in job.wanted)) for job in jobs]
            self._ledger.record_all(outcomes, self._session_id, self._clock.now_us(), _next_session)
            for outcome in outcomes:
                self._failed += len(outcome.attempts)
                for attempt in outcome.attempts:
                    self._observer.recorded(attempt)
            self._show()

    @staticmethod
    def _absent(clip: Clip, failure: Failure) -> Attempt:
        return Attempt(clip, failure, Cvdf.name)

    def _show(self) -> None:
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

    def _result(self, plan_ids: Sequence[int], drain: threading.Event, room: int | None) -> RunResult:
        if self._failure is not None:
            stopped_by = StoppedBy.FAILURE
        elif self._ledger.wanted_left(plan_ids) == 0:
            stopped_by = StoppedBy.FINISHED
        elif drain.is_set():
            stopped_by = StoppedBy.INTERRUPT
        else:
            stopped_by = StoppedBy.LIMIT if room is not None and self._done >= room else StoppedBy.NOT_DUE
        return RunResult(stopped_by, self._done, self._failed, self._failure)


def _next_session(reason: Reason, tries: int) -> float:
    """A mirror's failure is no loss: another source may have the clip, or the mirror after a mend."""
    del reason, tries
    return 0.0
