"""What a run does about the place of its clips: further names for what is there, and a word when a store is away."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from clipset.cli.outcome import say
from clipset.ledger import Ledger, PlanSummary
from clipset.sinks import ObjectSink
from clipset.sweep import SweepObserver, SweepView
from clipset.throttle.gate import GateView
from clipset.types import Attempt, Sink

_THREADS = 16  # a store copies an object in some tens of milliseconds, however many are asked for
_BATCH = 1000
_TOLD_EVERY_S = 10.0


def link_new_annotations(ledger: Ledger, sink: Sink, plans: Sequence[PlanSummary], abort: threading.Event) -> None:
    """Clips that are there already get the further names that a new list has for them.

    Whatever ends it early sets `abort`, for the threads that wait for a store.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            for plan in plans:
                _link(ledger, sink, list(ledger.unlinked(plan.plan_id)), pool)
        except BaseException:
            abort.set()
            raise


def _link(ledger: Ledger, sink: Sink, pairs: list[tuple[str, str]], pool: ThreadPoolExecutor) -> None:
    """`pairs` are (target, path)."""
    tell_at_s, gone = time.monotonic() + _TOLD_EVERY_S, 0
    for first in range(0, len(pairs), _BATCH):
        batch = pairs[first : first + _BATCH]
        linked = [path for path in pool.map(lambda pair: _linked(sink, *pair), batch) if path is not None]
        ledger.mark_linked(linked)
        gone += len(batch) - len(linked)
        if time.monotonic() >= tell_at_s:
            tell_at_s += _TOLD_EVERY_S
            say(f"{first + len(batch):,} of {len(pairs):,} further names given to clips that are there")
    if gone:
        say(f"{gone:,} further names were not given: the files of these clips are gone; clipset rebuild looks for them")


def _linked(sink: Sink, target: str, path: str) -> str | None:
    """The path; None when there is no target any more."""
    try:
        sink.link(path, target)
    except FileNotFoundError:
        return None
    return path


class StoreWatch:
    """A SweepObserver in front of another one: says when the store keeps the run waiting, and when it is back."""

    def __init__(self, observer: SweepObserver, sink: Sink) -> None:
        self._observer, self._sink = observer, sink
        self._is_away = False

    def recorded(self, verdict: Attempt, node: str = "") -> None:
        self._observer.recorded(verdict, node)

    def tick(self, in_flight: int, gates: Sequence[GateView], waiting_until_us: int | None) -> None:
        self._look()
        self._observer.tick(in_flight, gates, waiting_until_us)

    def streaming(self, view: SweepView) -> None:
        self._look()
        self._observer.streaming(view)

    def warned(self, text: str, about: str = "mirror") -> None:
        self._observer.warned(text, about)

    def regained(self) -> None:
        self._observer.regained()

    def _look(self) -> None:
        trouble = self._sink.trouble if isinstance(self._sink, ObjectSink) else None
        if (trouble is not None) is not self._is_away:
            self._is_away = trouble is not None
            text = f"waited for, nothing is lost: {trouble}" if trouble is not None else "it answers again"
            self._observer.warned(text, "store of the clips")
