"""Posters and previews of clips: made when they are asked for, in media children, a few at a time."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Literal, NamedTuple

from clipset.explore.cupboard import Cupboard
from clipset.ledger.record import FinishedFile
from clipset.media.export import MediaExporter
from clipset.media.forms import PictureForm, PreviewForm
from clipset.media.limits import Limits
from clipset.reasons import Reason
from clipset.types import ClipsetError, Failure, Interrupted, Sink, Stage

Kind = Literal["poster", "preview"]
SUFFIXES: dict[Kind, str] = {"poster": "jpg", "preview": "mp4"}
_POSTER = PictureForm(short_side_px=120, quality=6)
_PREVIEW = PreviewForm()
_LIMITS = Limits(clip_s=20.0, per_media_s=2.0, silence_s=20.0)
_MAKERS = 2
_IDLE_S = 60.0  # a child that nobody needs gives its memory back


class Order(NamedTuple):
    """What is to be made of which file; the same bytes give the same name."""

    kind: Kind
    file: FinishedFile

    @property
    def name(self) -> str:
        return f"{self.file.sha256}.{SUFFIXES[self.kind]}"


class _Waiting:
    """An order with those who wait for it."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.askers = 0
        self.made: Future[bytes] = Future()


class Glances:
    """Threads with a media child each. What was asked for last is made first; what nobody waits for any more, never."""

    def __init__(self, sink: Sink, cupboard: Cupboard, makers: int = _MAKERS) -> None:
        self._sink = sink
        self._cupboard = cupboard
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._waiting: dict[str, _Waiting] = {}
        self._at_work: dict[str, _Waiting] = {}
        self._threads = [threading.Thread(target=self._serve, name="glances", daemon=True) for _ in range(makers)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def kept(self, order: Order) -> bytes | None:
        return self._cupboard.get(order.name)

    def ask(self, order: Order) -> "Future[bytes]":
        """Call `leave` with the same order afterwards. The future raises ClipsetError, Interrupted."""
        with self._changed:
            waiting = self._at_work.get(order.name) or self._waiting.pop(order.name, None) or _Waiting(order)
            waiting.askers += 1
            if order.name not in self._at_work:
                self._waiting[order.name] = waiting  # to the end, which is next
                self._changed.notify()
            return waiting.made

    def leave(self, order: Order) -> None:
        with self._changed:
            waiting = self._waiting.get(order.name)
            if waiting is not None:
                waiting.askers -= 1
                if waiting.askers <= 0:
                    del self._waiting[order.name]

    def _serve(self) -> None:
        exporter = MediaExporter(self._stop, _LIMITS)
        try:
            while (waiting := self._next(exporter.close)) is not None:
                self._settle(waiting, exporter)
        finally:
            exporter.close()

    def _next(self, on_idle: Callable[[], None]) -> _Waiting | None:
        """None: the server stops."""
        with self._changed:
            while not self._stop.is_set() and not self._waiting:
                if not self._changed.wait(_IDLE_S):
                    on_idle()
            if self._stop.is_set():
                return None
            name, waiting = self._waiting.popitem()
            waiting.made.set_running_or_notify_cancel()  # from now on nobody can cancel it
            self._at_work[name] = waiting
            return waiting

    def _settle(self, waiting: _Waiting, exporter: MediaExporter) -> None:
        order = waiting.order
        try:
            data = self._make(order, exporter)
            self._cupboard.put(order.name, data)
            waiting.made.set_result(data)
        except (ClipsetError, Interrupted, OSError, ValueError) as error:
            waiting.made.set_exception(error)
        finally:
            with self._changed:
                del self._at_work[order.name]

    def _make(self, order: Order, exporter: MediaExporter) -> bytes:
        file = order.file
        data = self._sink.get(file.path)
        if data is None:
            raise ClipsetError(Failure(Reason.DAMAGED_MEDIA, "the file of the clip is gone", Stage.STORE))
        if order.kind == "poster":
            return exporter.poster(data, _POSTER, file.duration_us)
        return exporter.preview(data, _PREVIEW, file.duration_us)
