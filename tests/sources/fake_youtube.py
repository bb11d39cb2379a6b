"""A YouTube of a few lines on loopback: the unmodified extractor talks to it, a test says how it misbehaves."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = Callable[["Handler"], None]
FAR_FUTURE_S = 4_000_000_000
PAGE = """ytcfg.set({"INNERTUBE_CONTEXT": {"client": {"clientName": "WEB"}}});
var ytInitialPlayerResponse = {};var ytInitialData = {"contents": {"x": 1}};"""
MEDIA = bytes(range(256)) * 16_000  # 4 MB in which every offset shows


def playable(video_id: str, **changes: Any) -> dict[str, Any]:
    """What the player API says about a video that plays, with a progressive file and a DASH pair."""
    answer = {
        "playabilityStatus": {"status": "OK"},
        "videoDetails": {"videoId": video_id, "title": "A title", "lengthSeconds": "300", "isLiveContent": False},
        "streamingData": {
            "formats": [media_format(video_id, 18, 'video/mp4; codecs="avc1.42001E, mp4a.40.2"', 640, 360, 450_000)],
            "adaptiveFormats": [
                media_format(video_id, 134, 'video/mp4; codecs="avc1.4d401e"', 640, 360, 500_000),
                media_format(video_id, 133, 'video/mp4; codecs="avc1.4d4015"', 426, 240, 240_000),
                media_format(video_id, 140, 'audio/mp4; codecs="mp4a.40.2"', 0, 0, 128_000),
            ],
        },
    }
    return answer | changes


def media_format(video_id: str, itag: int, mime: str, width: int, height: int, bitrate: int) -> dict[str, Any]:
    query = f"expire={FAR_FUTURE_S}&id={video_id}&itag={itag}&ip=203.0.113.9&sig=SIGNED-SECRET&lsig=LSIGNED-SECRET"
    found = {
        "itag": itag,
        "url": f"https://rr3---sn-4g5e6nzz.googlevideo.com/videoplayback?{query}",
        "mimeType": mime,
        "bitrate": bitrate,
        "contentLength": str(len(MEDIA)),
        "approxDurationMs": "300000",
        "quality": "medium",
    }
    picture = {"width": width, "height": height, "fps": 25}
    return found | (picture if width else {"audioQuality": "AUDIO_QUALITY_MEDIUM"})


def unplayable(video_id: str, reason: str, subreason: str = "", status: str = "ERROR") -> dict[str, Any]:
    renderer = {"reason": {"simpleText": reason}, "subreason": {"simpleText": subreason}}
    return {
        "playabilityStatus": {
            "status": status,
            "reason": reason,
            "errorScreen": {"playerErrorMessageRenderer": renderer},
        },
        "videoDetails": {"videoId": video_id},
    }


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    client: str = ""  # of a player request


@dataclass
class FakeYouTube:
    """`players` answers the player API by video id and client, or by id; `scripted` answers come first, by path."""

    origin: str = ""
    players: dict[Any, Any] = field(default_factory=dict)
    scripted: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    media: bytes = MEDIA
    page: str = PAGE
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    def script(self, path: str, *answers: Answer) -> None:
        """The next requests for this path get these answers, one each."""
        self.scripted[path] += answers

    def paths(self) -> list[str]:
        return [request.path for request in self.seen]

    def clients(self) -> list[str]:
        return [request.client for request in self.seen if request.path == "/youtubei/v1/player"]

    def player_answer(self, video_id: str, client: str) -> Any:
        for key in ((video_id, client), video_id):
            if key in self.players:
                return self.players[key]
        return playable(video_id)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    youtube: FakeYouTube

    def setup(self) -> None:
        self.youtube.connections += 1
        super().setup()

    def log_message(self, *args: object) -> None:
        """Nothing on the screen."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = json.loads(body) if body and parts.path.startswith("/youtubei/") else {}
        client = call.get("context", {}).get("client", {}).get("clientName", "")
        self.youtube.seen.append(Seen(self.command, parts.path, parts.query, dict(self.headers), client))
        if self.youtube.scripted[parts.path]:
            self.youtube.scripted[parts.path].pop(0)(self)
        elif parts.path == "/youtubei/v1/player":
            self.send_json(self.youtube.player_answer(call["videoId"], client))
        elif parts.path == "/videoplayback":
            serve_range(self)
        elif parts.path.startswith("/youtubei/"):
            self.send_json({"contents": {}})
        elif parts.path in {"/watch", "/tv"} or parts.path.startswith("/embed/"):
            self.send(200, self.youtube.page.encode(), {"Content-Type": "text/html"})
        elif parts.path == "/iframe_api":
            self.send(200, b"no player to be found here")
        else:
            self.send(404)

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query)

    def send_json(self, answer: Any) -> None:
        self.send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def serve_range(handler: Handler, *, cut_after_bytes: int | None = None, delay_s: float = 0.0) -> None:
    media = handler.youtube.media
    first, _, last = handler.headers["Range"].removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last) + 1, len(media))
    if start >= len(media):
        handler.send(416, headers={"Content-Range": f"bytes */{len(media)}"})
        return
    body = media[start:end]
    headers = {"Content-Length": str(len(body)), "Content-Range": f"bytes {start}-{end - 1}/{len(media)}"}
    handler.send(206, b"", headers | {"Content-Type": "video/mp4"})
    if delay_s:
        crawl(handler, body, delay_s)
    handler.wfile.write(body[:cut_after_bytes])
    handler.close_connection = cut_after_bytes is not None


def crawl(handler: Handler, body: bytes, delay_s: float) -> None:
    """Ends when the client goes away."""
    handler.close_connection = True
    try:
        for byte in body:
            handler.wfile.write(bytes([byte]))
            time.sleep(delay_s)
    except OSError:
        pass


def status(code: int, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.send(code, b"no", named)


def whole_file(handler: Handler) -> None:
    handler.send(200, handler.youtube.media, {"Content-Type": "video/mp4"})


def cut_after(count: int) -> Answer:
    return lambda handler: serve_range(handler, cut_after_bytes=count)


def hang_up(handler: Handler) -> None:
    handler.close_connection = True


class Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no event."""


def serve(youtube: FakeYouTube) -> Server:
    handler = type("BoundHandler", (Handler,), {"youtube": youtube})
    server = Server(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    youtube.origin = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server
