"""What pages load: clips by their id, posters and previews of them, and the files of this package."""

import asyncio
from importlib import resources

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clipset.explore.glances import Glances, Kind, Order
from clipset.explore.keeper import Keeper
from clipset.explore.pages import clip_named
from clipset.explore.ranges import Thing, answer
from clipset.held import HeldBytes
from clipset.ledger.record import FinishedFile, file_of
from clipset.types import US_PER_S, ByteStream, ClipsetError, Interrupted, Sink

_STATIC = {
    "explore.css": "text/css",
    "explore.js": "text/javascript",
    "theme.js": "text/javascript",
    "htmx.min.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_STILL_THERE_S = 0.2  # how often to see whether the browser still waits


class Files:
    """Clips are known by their ids alone: where they lie the ledger knows, and the sink refuses what lies outside."""

    def __init__(self, keeper: Keeper, sink: Sink, glances: Glances) -> None:
        self._keeper = keeper
        self._sink = sink
        self._glances = glances

    def routes(self) -> list[Route]:
        return [
            Route("/media/{clip_id}", self.media),
            Route("/poster/{clip_id}", self.poster),
            Route("/preview/{clip_id}", self.preview),
        ]

    def media(self, request: Request) -> Response:
        file = self._file(request)
        stream = self._stream(file)
        size_bytes = file.size_bytes if stream.size_bytes is None else stream.size_bytes
        thing = Thing(file.path, stream, size_bytes, file.sha256, file.finished_us // US_PER_S)
        return answer(request.headers, request.method, thing)

    async def poster(self, request: Request) -> Response:
        return await self._glance(request, "poster")

    async def preview(self, request: Request) -> Response:
        return await self._glance(request, "preview")

    async def _glance(self, request: Request, kind: Kind) -> Response:
        file = await run_in_threadpool(self._file, request)
        order = Order(kind, file)
        data = await run_in_threadpool(self._glances.kept, order)
        if data is None:
            data = await self._made(request, order)
        thing = Thing(order.name, HeldBytes(data), len(data), f"{file.sha256}-{kind}", file.finished_us // US_PER_S)
        return answer(request.headers, request.method, thing)

    async def _made(self, request: Request, order: Order) -> bytes:
        """Raises HTTPException where it cannot be made or nobody waits any more."""
        made = asyncio.wrap_future(self._glances.ask(order))
        try:
            while not (await asyncio.wait({made}, timeout=_STILL_THERE_S))[0]:
                if await request.is_disconnected():
                    raise HTTPException(404, "The browser went away.")
            return made.result()
        except ClipsetError as error:
            raise HTTPException(404, error.failure.detail) from None
        except (Interrupted, OSError, ValueError):
            raise HTTPException(404, "The clip cannot be read.") from None
        finally:
            self._glances.leave(order)

    def _file(self, request: Request) -> FinishedFile:
        """Raises HTTPException."""
        clip = clip_named(request)
        with self._keeper.desk() as desk:
            found = file_of(desk, clip)
        if found is None:
            raise HTTPException(404, "This clip is not there.")
        return found

    def _stream(self, file: FinishedFile) -> ByteStream:
        """Raises HTTPException for a file that is gone, and for one that is not below the dataset."""
        try:
            stream = self._sink.get(file.path)
        except (ValueError, OSError):
            stream = None
        if stream is None:
            raise HTTPException(404, "The file of this clip is gone; clipset rebuild finds what else is.")
        return stream


def static(request: Request) -> Response:
    kind = _STATIC.get(request.path_params["name"])
    if kind is None:
        raise HTTPException(404, "There is no such file.")
    data = (resources.files("clipset.explore") / "static" / request.path_params["name"]).read_bytes()
    return Response(data, media_type=kind, headers={"cache-control": "max-age=60"})
