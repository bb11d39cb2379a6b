"""The pages by their addresses: each as HTML, and with .json at its end as what it says."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from clipset.clock import Clock
from clipset.explore.asked import Asked
from clipset.explore.classes import classes, one_class
from clipset.explore.dashboard import dashboard
from clipset.explore.failures import failed
from clipset.explore.keeper import Keeper, NotIndexed
from clipset.explore.one_clip import one_clip
from clipset.explore.shown import Shown
from clipset.ledger import LedgerError
from clipset.types import Clip, ClipsetError

View = Callable[[Request], dict[str, Any]]


class Pages:
    """What stands on each page; the threads of the server share one."""

    def __init__(self, keeper: Keeper, directory: Path, clock: Clock, shown: Shown) -> None:
        self._keeper = keeper
        self._directory = directory
        self._clock = clock
        self._shown = shown

    def routes(self) -> list[Route]:
        views: Mapping[str, tuple[str, View]] = {
            "/": ("dashboard.html", lambda _request: self.dashboard()),
            "/classes": ("classes.html", lambda request: classes(self._keeper, _asked(request))),
            "/class": ("class.html", self._class),
            "/failures": ("failures.html", lambda request: failed(self._keeper, _asked(request))),
            "/clips/{clip_id}": ("clip.html", self._clip),
        }
        found = []
        for path, (template, view) in views.items():
            # the route of the JSON first: {clip_id} would match it
            found.append(Route("/index.json" if path == "/" else f"{path}.json", _as_json(view)))
            found.append(Route(path, self._as_page(template, view)))
        return found

    def handlers(self) -> dict[Any, Any]:
        """What is said where there is nothing to show."""
        kinds = (HTTPException, NotIndexed, LedgerError, ClipsetError)
        return dict.fromkeys(kinds, self._apology) | {Exception: self._bug}

    def dashboard(self) -> dict[str, Any]:
        """Raises LedgerError, ClipsetError."""
        return dashboard(self._keeper, self._directory, self._clock.now_us())

    def _class(self, request: Request) -> dict[str, Any]:
        asked = _asked(request)
        if asked.label is None:
            raise HTTPException(404, "Which class? It is named by ?label=…")
        try:
            return one_class(self._keeper, asked)
        except KeyError:
            raise HTTPException(404, "The dataset has no class of this name.") from None

    def _clip(self, request: Request) -> dict[str, Any]:
        found = one_clip(self._keeper, clip_named(request))
        if found is None:
            raise HTTPException(404, "No list of this dataset names this clip.")
        return found

    def _as_page(self, template: str, view: View) -> Callable[[Request], Response]:
        def page(request: Request) -> Response:
            path = "/index" if request.url.path == "/" else request.url.path
            query = f"?{request.url.query}" if request.url.query else ""
            return HTMLResponse(self._shown.page(template, view(request), f"{path}.json{query}"))

        return page

    def _apology(self, request: Request, error: Exception) -> Response:
        text, status, again_s = plainly(error)
        headers = {"retry-after": str(again_s)} if again_s else None
        if request.url.path.endswith(".json"):
            return _json({"error": text}, status, headers)
        found = {"text": text, "status": status, "again_s": again_s}
        return HTMLResponse(self._shown.fragment("apology.html", found), status, headers)

    def _bug(self, request: Request, error: Exception) -> Response:
        return self._apology(request, HTTPException(500, f"A bug: {type(error).__name__}. The terminal says more."))


def plainly(error: Exception) -> tuple[str, int, int]:
    """(what to say, status, seconds after which to ask again or 0)."""
    match error:
        case HTTPException():
            return error.detail, error.status_code, 0
        case NotIndexed():
            return "The dataset is being indexed; this takes some seconds.", 503, 1
        case ClipsetError():
            return error.failure.detail, 503, 5
    return str(error), 503, 5


def clip_named(request: Request) -> Clip:
    """Raises HTTPException."""
    try:
        return Clip.from_id(request.path_params["clip_id"])
    except ValueError:
        raise HTTPException(404, "No clip has such an id.") from None


def _asked(request: Request) -> Asked:
    return Asked.of(request.url.path.removesuffix(".json"), request.query_params)


def _as_json(view: View) -> Callable[[Request], Response]:
    return lambda request: _json(view(request))


def _json(found: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(found), status, headers, "application/json")
