"""Clients of the offline YouTube: the unmodified yt-dlp behind a seam of ten lines, and plain HTTP."""

import http.client
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yt_dlp
from yt_dlp.networking import Request

from clipset.rehearsal import Rehearsal
from clipset.types import US_PER_S

LEAN = {"player_client": ["visionos"], "player_skip": ["webpage", "configs", "js", "initial_data"]}


class RewritingYDL(yt_dlp.YoutubeDL):
    """Sends every request to `origin`, whatever its host."""

    origin = ""

    def urlopen(self, req):
        request = req if isinstance(req, Request) else Request(req)
        request.url = rewritten(self.origin, request.url)
        return super().urlopen(request)


class Silence:
    def debug(self, message):
        """Nobody reads it."""

    info = warning = error = debug


def rewritten(origin: str, url: str) -> str:
    parts = urlsplit(url)
    return url.replace(f"{parts.scheme}://{parts.netloc}", origin, 1)


@dataclass(frozen=True)
class Got:
    """An HTTP answer; `complete` tells whether the body was as long as promised."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True


@dataclass
class FakeClock:
    """Time moves when told, and when somebody waits."""

    us: int = 1_700_000_000 * US_PER_S
    waited_s: list[float] = field(default_factory=list)

    def now_us(self) -> int:
        return self.us

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        self.waited_s.append(seconds)
        self.us += round(seconds * US_PER_S)
        return stop.is_set()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Media made once for all tests."""
    return tmp_path_factory.mktemp("rehearsal-media")


@pytest.fixture
def start(cache):
    """Start servers that close with the test: `start(scenario)`."""
    running: list[Rehearsal] = []

    def begin(scenario, **options) -> Rehearsal:
        running.append(Rehearsal(scenario, cache=cache, **options).__enter__())
        return running[-1]

    yield begin
    for rehearsal in running:
        rehearsal.__exit__()


@pytest.fixture
def resolver() -> Callable[..., yt_dlp.YoutubeDL]:
    """A yt-dlp that asks this rehearsal: one lean request, or with yt-dlp's default clients."""

    def make(rehearsal: Rehearsal, *, lean: bool = True) -> yt_dlp.YoutubeDL:
        options = {"quiet": True, "logger": Silence(), "cachedir": False, "noprogress": True}
        if lean:
            options |= {"extractor_args": {"youtube": LEAN}, "js_runtimes": {}}
        ydl = RewritingYDL(options)
        ydl.origin = rehearsal.origin
        return ydl

    return make


@pytest.fixture
def resolve(resolver):
    """What yt-dlp finds out about one video, without downloading: `resolve(rehearsal, video_id)`."""

    def ask(rehearsal: Rehearsal, video_id: str, *, lean: bool = True) -> dict:
        with resolver(rehearsal, lean=lean) as ydl:
            return ydl.extract_info(f"https://www.youtube.com/watch?v={video_id}", download=False)

    return ask


@pytest.fixture
def get():
    """Plain HTTP to the rehearsal, any host in the URL: `get(rehearsal, url, span="0-9")`."""

    def ask(rehearsal: Rehearsal, url: str, *, span: str | None = None, method: str = "GET", **headers: str) -> Got:
        parts = urlsplit(rewritten(rehearsal.origin, url))
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        try:
            sent = {**headers, **({"Range": f"bytes={span}"} if span else {})}
            connection.request(method, f"{parts.path}?{parts.query}", headers=sent)
            response = connection.getresponse()
            try:
                body, complete = response.read(), True
            except http.client.IncompleteRead as error:
                body, complete = error.partial, False
            return Got(response.status, dict(response.headers), body, complete)
        finally:
            connection.close()

    return ask


@pytest.fixture
def fake_clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def media_url(resolve):
    """The media URL of a video's format, as yt-dlp reports it."""

    def find(rehearsal: Rehearsal, video_id: str, itag: int = 18) -> str:
        formats = resolve(rehearsal, video_id)["formats"]
        return next(item["url"] for item in formats if item["format_id"] == str(itag))

    return find
