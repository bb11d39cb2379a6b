"""The one door to YouTube: every request of yt-dlp, and every media byte, passes `ResolverYDL.urlopen`."""

import io
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

from yt_dlp import YoutubeDL
from yt_dlp.networking import Request
from yt_dlp.networking.exceptions import HTTPError, RequestError

from clipset.sources.youtube.config import Egress, Gate, YouTubeConfig
from clipset.sources.youtube.indexes import IndexRanges, is_player
from clipset.sources.youtube.origin import is_captcha_page, is_manifest, is_media, rewritten
from clipset.sources.youtube.redact import redacted, redacted_url
from clipset.sources.youtube.response import MeteredResponse, RequestFailed, cause_of
from clipset.sources.youtube.transport import OpenConnections, SeamRH
from clipset.types import Cooling, Interrupted, Meter

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_HOPS = 8


class Notes:
    """yt-dlp's logger: keeps the last warnings, which name the cause of what it then calls «no formats»."""

    def __init__(self) -> None:
        self._warnings: deque[str] = deque(maxlen=8)

    def debug(self, message: str) -> None:
        """Progress chatter; nobody reads it."""

    def warning(self, message: str, **_: object) -> None:
        self._warnings.append(str(message))

    def error(self, message: str) -> None:
        self._warnings.append(str(message))

    def drain(self) -> tuple[str, ...]:
        taken = tuple(dict.fromkeys(self._warnings))
        self._warnings.clear()
        return taken


class ResolverYDL(YoutubeDL):  # type: ignore[misc]  # yt-dlp ships no types
    """yt-dlp for one thread and one egress, with `urlopen` as the single seam.

    Each hop of each request is paced, counted, rewritten to the stand-in origin and, when it fails, raised as a
    RequestFailed out of the extractor. `meter` is that of the job at hand; `last_failure` is the last exception raised
    here, because some corners of yt-dlp catch everything; `index_ranges` hears the player's answers. Nothing is written
    to the screen, to the cookie file or to yt-dlp's own cache.
    """

    def __init__(
        self, config: YouTubeConfig, egress: Egress, gate: Gate, stop: threading.Event, connections: OpenConnections
    ) -> None:
        self.meter = Meter()
        self.notes = Notes()
        self.index_ranges = IndexRanges()
        self.last_failure: Exception | None = None
        self._config, self._egress, self._gate = config, egress, gate
        self._stop, self._connections = stop, connections
        super().__init__(_params(config, egress, self.notes), auto_init=False)
        self.cookiejar  # noqa: B018 - lazy otherwise; a cookie file that is none is to be known before the first video

    def build_request_director(self, handlers: Iterable[Any], preferences: Any = None) -> Any:
        """One handler instead of all that yt-dlp knows, so that nothing can pass beside the seam."""
        del handlers
        handler = partial(SeamRH, ca_file=self._egress.ca_file, connections=self._connections)
        return super().build_request_director([handler], preferences)

    def urlopen(self, req: Any) -> MeteredResponse:
        """Send a request and follow its redirects. Raises RequestFailed, Cooling, Interrupted."""
        try:
            response = self._follow(req if isinstance(req, Request) else Request(req))
        except (RequestFailed, Cooling, Interrupted) as error:
            self.last_failure = error
            raise
        if is_player(response.url):
            response.heard_by(self.index_ranges.note)
        return response

    def broken(self, error: Exception, url: str) -> Exception:
        """The exception to raise for a connection that failed: the stop, if that is what broke it."""
        if self._stop.is_set():
            return Interrupted()
        return RequestFailed(f"{self.redacted(cause_of(error))} ({redacted_url(url)})")

    def redacted(self, text: str) -> str:
        """`text` without this egress's secrets."""
        cookies = (cookie.value for cookie in self.cookiejar if cookie.value and len(cookie.value) >= 8)
        return redacted(text, (*self._egress.secrets, *cookies))

    def _follow(self, request: Request) -> MeteredResponse:
        for _ in range(_MAX_HOPS):
            try:
                return self._send(request)
            except HTTPError as error:
                request, status = self._next_hop(request, error), error.status
        raise RequestFailed(f"more than {_MAX_HOPS} redirects, last to {redacted_url(request.url)}", status=status)

    def _send(self, request: Request) -> MeteredResponse:
        """One hop. Raises HTTPError for whatever is not a 2xx."""
        if self._stop.is_set():
            raise Interrupted
        if not is_media(request.url):
            self._gate.check()
        self.meter.requests += 1
        began_s = time.monotonic()
        try:
            return MeteredResponse(super().urlopen(self._on_the_wire(request)), request.url, self)
        except HTTPError:
            raise
        except RequestError as error:
            raise self.broken(error, request.url) from None
        finally:
            self.meter.seconds += time.monotonic() - began_s

    def _on_the_wire(self, request: Request) -> Request:
        wire = request.copy()
        wire.url = rewritten(request.url, self._config.origin)
        if wire.url != request.url and (cookies := self.cookiejar.get_cookie_header(request.url)):
            wire.headers["Cookie"] = cookies  # the jar would hold them back from the stand-in's host
        return wire

    def _next_hop(self, request: Request, error: HTTPError) -> Request:
        location = error.response.get_header("Location")
        error.close()
        if error.status not in _REDIRECTS or not location:
            if is_manifest(request.url) and error.status != HTTPStatus.TOO_MANY_REQUESTS:
                raise error  # the extractor does without that playlist
            raise _failed(request, error)
        url = urljoin(request.url, location)
        if is_captcha_page(url):
            raise RequestFailed("redirected to Google's captcha page: unusual traffic", status=429)
        return _redirected(request, url, error.status)


def _params(config: YouTubeConfig, egress: Egress, notes: Notes) -> dict[str, Any]:
    params: dict[str, Any] = {
        "logger": notes,
        "quiet": True,
        "noprogress": True,
        "color": "no_color",
        "noplaylist": True,
        "geo_bypass": False,  # no invented X-Forwarded-For and no second try with it
        "extractor_retries": 0,  # the ledger owns retries
        "socket_timeout": config.socket_timeout_s,
        "cachedir": str(config.cache_dir) if config.cache_dir else False,
        "source_address": egress.source_address,
        "proxy": egress.proxy,
    }
    if egress.cookies is not None:
        # A stream is read and never written back to the file.
        params["cookiefile"] = io.StringIO(egress.cookies.read_text(encoding="utf-8"))
    if egress.proxy is None and config.origin and urlsplit(config.origin).hostname in {"127.0.0.1", "::1", "localhost"}:
        params["proxy"] = ""  # a proxy of the environment cannot reach this machine's loopback
    return params


def _redirected(request: Request, url: str, status: int) -> Request:
    to_get = status == HTTPStatus.SEE_OTHER or (status in {301, 302} and request.method == "POST")
    dropped = {"cookie", "host"}
    if to_get:
        dropped |= {"content-length", "content-type"}
    if urlsplit(url).hostname != urlsplit(request.url).hostname:
        dropped.add("authorization")
    return Request(
        url,
        data=None if to_get else request.data,
        headers={name: value for name, value in request.headers.items() if name.lower() not in dropped},
        method="GET" if to_get else request.method,
        extensions=request.extensions,
    )


def _failed(request: Request, error: HTTPError) -> RequestFailed:
    content_range = error.response.get_header("Content-Range") or ""
    size = content_range.rpartition("/")[2]
    return RequestFailed(
        f"HTTP Error {error.status}: {error.reason or ''} ({request.method} {redacted_url(request.url)})",
        status=error.status,
        retry_after_s=_retry_after_s(error.response.get_header("Retry-After"), time.time),
        size_bytes=int(size) if size.isdecimal() else None,
    )


def _retry_after_s(value: str | None, now_s: Callable[[], float]) -> float | None:
    """Seconds from either form of the header; None for none or nonsense."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now_s())
    except ValueError:
        return None
