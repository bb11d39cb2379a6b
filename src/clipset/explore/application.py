"""The web application: its parts, its addresses, its life."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from clipset.clock import Clock, SystemClock
from clipset.config import cache_home
from clipset.explore.cupboard import Cupboard
from clipset.explore.files import Files, static
from clipset.explore.glances import Glances
from clipset.explore.guard import Guard
from clipset.explore.keeper import LOOK_S, Keeper
from clipset.explore.live import Live
from clipset.explore.pages import Pages
from clipset.explore.shown import Shown
from clipset.progress.text import printable
from clipset.sinks.folders import FolderSink
from clipset.types import Sink


def application(
    directory: Path,
    sink: Sink | None = None,
    *,
    clock: Clock | None = None,
    cache: Path | None = None,
    look_s: float = LOOK_S,
) -> Starlette:
    """The pages of the dataset in `directory`, whose clips are got from `sink`: its folder if that is None.

    `cache` is where previews are kept, `look_s` how often the ledger is looked at. `state.live.stop()` ends the
    streams of events, for a server that waits for its connections before it ends.
    """
    name = printable(directory.resolve().name)
    keeper, shown = Keeper(directory, look_s), Shown(name)
    pages = Pages(keeper, directory, clock or SystemClock(), shown)
    live = Live(keeper, pages, shown, look_s)
    clips = sink or FolderSink(directory)
    glances = Glances(clips, Cupboard(cache or cache_home() / "glances-1"))
    files = Files(keeper, clips, glances)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        keeper.start()
        glances.start()
        try:
            yield
        finally:
            live.stop()
            glances.stop()
            keeper.stop()

    routes = [*pages.routes(), *files.routes(), Route("/events", live.events), Route("/static/{name}", static)]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard)],
        exception_handlers=pages.handlers(),
        lifespan=lifespan,
    )
    app.state.live = live
    return app
