"""The driver's side: hands jobs to the stations and takes what they report.

The driver is the only writer of the ledger, and no clip goes through it.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import ray

from clipset.engines.ray.cluster import Lookout, Token, connect
from clipset.engines.ray.crew import Crew, Place
from clipset.engines.ray.messages import Blueprint, Orders, Report
from clipset.engines.ray.survey import Questions
from clipset.engines.ray.tickets import TicketBook
from clipset.reasons import Reason
from clipset.sources.youtube.config import Egress
from clipset.throttle.gate import GateView
from clipset.types import Attempt, Failure, Outcome, Stage, VideoJob

ALONE_S = 60.0
"""How long a run goes on without any station before it stops and leaves the rest to the next run."""

_BEAT_S = 2.0
_FIRST_S = 30.0  # for the first stations to open


@dataclass(frozen=True, slots=True)
class Charter:
    """What a run on a cluster is made from.

    `ways` are as for one machine; `known` states of egresses by name, as JSON. `dataset` must be seen by every node
    where clips go into it (`is_shared`), and every node must have the `files`.
    """

    blueprint: Blueprint
    ways: tuple[Egress, ...]
    known: Mapping[str, str]
    dataset: Path
    is_shared: bool = True
    files: tuple[Path, ...] = ()


class RayEngine:
    """Implements engines.Engine. `gates` is what the loop sees of the stations' gates; it changes as they come and go.

    `say` gets a line when a node or station comes or goes. Raises ClipsetError when no node of the cluster at
    `address` can take part; None: Ray is started on this machine alone.
    """

    def __init__(
        self,
        address: str | None,
        charter: Charter,
        drain: threading.Event,
        abort: threading.Event,
        say: Callable[[str], None],
    ) -> None:
        connect(address, say)
        self._drain, self._abort = drain, abort
        self._orders = Orders()
        self._book = TicketBook()
        self._backlog: list[VideoJob] = []
        self._crew = Crew(charter.blueprint, charter.ways, charter.known, say)
        self._token = Token(charter.dataset)
        addresses = tuple(way.source_address for way in charter.ways if way.source_address is not None)
        text = self._token.text if charter.is_shared else None
        try:
            self._lookout = Lookout(Questions(self._token.path, text, charter.files, addresses), say)
        except BaseException:
            self._token.remove()
            raise
        self.gates = _Gates(self._crew)
        self._alone_s = time.monotonic()
        self._ended = threading.Event()
        threading.Thread(target=self._beat, name="clipset-beat", daemon=True).start()
        self._begin()

    def _begin(self) -> None:
        """Wait a moment for the stations, so that the run knows their egresses before it takes jobs."""
        until_s = time.monotonic() + _FIRST_S
        self._crew.fill(self._lookout.nodes)
        while self._crew.opening and time.monotonic() < until_s:
            self._listen(0.2)

    def _beat(self) -> None:
        """Signs of life for the stations, also while the loop is busy elsewhere."""
        while not self._ended.wait(_BEAT_S):
            self._crew.tell()

    @property
    def capacity(self) -> int:
        """One at least, so that the loop waits for a station instead of thinking that nothing is left."""
        places = self._crew.open
        open_places = [place for place in places if not place.is_cooling]
        if not open_places:
            return max(1, sum(place.room for place in places))
        cooling = sum(self._book.load(place) for place in places if place.is_cooling)
        return cooling + sum(place.room for place in open_places)

    def submit(self, job: VideoJob) -> None:
        places = self._crew.open
        if not places:
            self._backlog.append(job)
            return
        place = max(places, key=lambda place: (not place.is_cooling, place.room - self._book.load(place)))
        place.outbox.append(self._book.issue(job, place))

    def poll(self, timeout_s: float) -> list[Outcome]:
        """As Engine.poll. A job that no station takes any more stops the run; it is untouched."""
        orders = Orders(self._drain.is_set(), self._abort.is_set())
        if orders != self._orders:
            self._orders = orders
            self._crew.tell(orders)
        self._crew.fill(self._lookout.nodes)
        self._crew.send()
        outcomes = self._listen(timeout_s)
        return outcomes + self._mind_the_backlog()

    def _listen(self, timeout_s: float) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for place, report in self._crew.heard(timeout_s):
            outcomes += self._lost(place) if report is None else self._settled(place, report)
        return outcomes

    def _settled(self, place: Place, report: Report) -> list[Outcome]:
        settled = (self._book.settle(done, place.post.node.name) for done in report.done)
        return [outcome for outcome in settled if outcome is not None]

    def _lost(self, place: Place) -> list[Outcome]:
        place.outbox.clear()
        return self._book.lose(place)

    def _mind_the_backlog(self) -> list[Outcome]:
        """Jobs that found no station: handed out when one opens, given back when the run ends or none comes."""
        if self._crew.open:
            self._alone_s = time.monotonic()
        jobs, self._backlog = self._backlog, []
        if self._orders.drain:
            return [Outcome(job, ()) for job in jobs]
        if not self._crew.open and time.monotonic() - self._alone_s > ALONE_S:
            return [_given_up(job, self._crew.trouble) for job in jobs]
        for job in jobs:
            self.submit(job)
        return []

    def close(self) -> None:
        self._ended.set()
        self._lookout.close()
        self._crew.close()
        self._token.remove()
        ray.shutdown()


def _given_up(job: VideoJob, trouble: str) -> Outcome:
    text = f"for {ALONE_S:g} s no station was open: {trouble}; start nodes and run again, nothing is lost"
    failure = Failure(Reason.MISSING_PART, text, Stage.RESOLVE)
    return Outcome(job, tuple(Attempt(wanted.clip, failure, "") for wanted in job.wanted))


@dataclass(frozen=True, slots=True)
class _Gate:
    """A gate as its station last described it."""

    view: GateView

    def snapshot(self) -> GateView:
        return self.view


class _Gates(Sequence[_Gate]):
    """The gates of the stations that are open now."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew

    def _now(self) -> list[_Gate]:
        return [_Gate(view) for place in self._crew.open for view in place.gates]

    @overload
    def __getitem__(self, index: int) -> _Gate: ...
    @overload
    def __getitem__(self, index: slice) -> list[_Gate]: ...
    def __getitem__(self, index: int | slice) -> _Gate | list[_Gate]:
        return self._now()[index]

    def __len__(self) -> int:
        return len(self._now())

    def __iter__(self) -> Iterator[_Gate]:
        return iter(self._now())
