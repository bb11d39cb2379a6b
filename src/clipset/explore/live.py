"""The dashboard as a stream of server-sent events: one now, and one whenever the ledger changed."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from clipset.explore.keeper import Keeper, NotIndexed
from clipset.explore.pages import Pages, plainly
from clipset.explore.shown import Shown
from clipset.ledger import LedgerError
from clipset.types import ClipsetError

_AT_LEAST_EVERY_S = 5.0  # rates fall while nothing happens, and a run that is killed says nothing


class Live:
    """Draws the dashboard once a change, however many watch."""

    def __init__(self, keeper: Keeper, pages: Pages, shown: Shown, look_s: float) -> None:
        self._keeper, self._pages, self._shown, self._look_s = keeper, pages, shown, look_s
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._drawn: tuple[tuple[int, int], str] = ((-1, 0), "")

    def stop(self) -> None:
        """End all streams within a second or so."""
        self._stop.set()

    async def events(self, request: Request) -> Response:
        """Ends when the browser goes away: starlette then cancels the stream."""
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        return StreamingResponse(self._stream(), media_type="text/event-stream", headers={"cache-control": "no-store"})

    async def _stream(self) -> AsyncIterator[str]:
        seen, waited_s, beat = -1, 0.0, 0
        while not self._stop.is_set():
            version = self._keeper.version
            if version != seen or waited_s >= _AT_LEAST_EVERY_S:
                beat += waited_s >= _AT_LEAST_EVERY_S
                seen, waited_s = version, 0.0
                yield await run_in_threadpool(self._event, (version, beat))
            await asyncio.sleep(self._look_s)
            waited_s += self._look_s

    def _event(self, mark: tuple[int, int]) -> str:
        with self._lock:
            if self._drawn[0] != mark:
                self._drawn = (mark, _as_event(*self._draw()))
            return self._drawn[1]

    def _draw(self) -> tuple[str, str]:
        try:
            return "dashboard", self._shown.fragment("live.html", self._pages.dashboard())
        except (LedgerError, ClipsetError, NotIndexed) as error:
            return "trouble", plainly(error)[0]


def _as_event(name: str, text: str) -> str:
    """The text as JSON: on one line."""
    return f"event: {name}\ndata: {json.dumps(text)}\n\n"
