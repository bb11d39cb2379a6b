"""Files over plain HTTP: whatever happens to the connection, the bytes are those of the file, or the error is plain."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from clipset.config import UserError
from clipset.reasons import Reason
from clipset.types import ClipsetError, Interrupted
from clipset.web import Web

DATA = bytes(range(256)) * 4000  # a megabyte and eight pieces
TAG = '"first"'
Behaviour = Callable[["Handler", int | None], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        server = self.server
        asked = self.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else None
        if self.headers.get("If-Range", TAG) != server.tag:
            start = None
        server.asked.append((unquote(self.path), asked, self.headers.get("If-Range", "")))
        behaviours = server.behaviours
        (behaviours.pop(0) if behaviours else send)(self, start)

    def log_message(self, *args: object) -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviours: list[Behaviour] = []
        self.asked: list[tuple[str, str, str]] = []
        self.tag = TAG

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address) -> None:
        """A client that left."""


def send(handler: Handler, start: int | None, most: int | None = None, ranged: bool = True, tag: str = "") -> None:
    first = start if start is not None and ranged else 0
    if first >= len(DATA):
        handler.send_response(416)
        handler.send_header("Content-Range", f"bytes */{len(DATA)}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    handler.send_response(206 if start is not None and ranged else 200)
    handler.send_header("ETag", tag or handler.server.tag)
    handler.send_header("Content-Length", str(len(DATA) - first))
    if start is not None and ranged:
        handler.send_header("Content-Range", f"bytes {first}-{len(DATA) - 1}/{len(DATA)}")
    handler.end_headers()
    handler.wfile.write(DATA[first:][:most])
    if most is not None:
        handler.close_connection = True


def cut(after: int, ranged: bool = True) -> Behaviour:
    return lambda handler, start: send(handler, start, after, ranged)


def status(code: int, **headers: str) -> Behaviour:
    def answer(handler: Handler, start: int | None) -> None:
        handler.send_response(code)
        for name, value in {"Content-Length": "0", **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    return answer


def hang_up(handler: Handler, start: int | None) -> None:
    handler.close_connection = True


@dataclass
class Desk:
    server: Server
    stop: threading.Event = field(default_factory=threading.Event)
    waits_s: tuple[float, ...] = (0.0, 0.0, 0.0)

    def web(self) -> Web:
        return Web(self.stop, self.server.origin, waits_s=self.waits_s)

    def fetch(self, *behaviours: Behaviour, path: str = "/a/file.tar.gz", start: int = 0, version: str = "") -> bytes:
        self.server.behaviours[:] = behaviours
        with self.web().open(f"https://elsewhere.example{path}", start, version) as file:
            got = b"".join(file)
            assert file.size_bytes == len(DATA)
        return got


@pytest.fixture
def desk():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield Desk(server)
    server.shutdown()
    server.server_close()
    thread.join()


CURED = {
    "nothing happens": ([], 1),
    "the connection is cut": ([cut(300_000)], 2),
    "it is cut again and again": ([cut(200_000), cut(200_000), cut(200_000)], 4),
    "it is cut before the first byte": ([cut(0)], 2),
    "it is cut at the last byte": ([cut(len(DATA) - 1)], 2),
    "the server is busy at first": ([status(503), status(500), status(429)], 4),
    "the server is busy in between": ([cut(10), status(503), status(503, Retry_After="3600")], 4),
    "nobody answers at first": ([hang_up, hang_up], 3),
    "the server knows no ranges": ([cut(300_000), cut(500_000, ranged=False), cut(900_000, ranged=False)], 4),
    "the file has moved": ([status(302, Location="/there")], 2),
}


@pytest.mark.parametrize("what", CURED)
def test_the_bytes_are_those_of_the_file_whatever_happens(what, desk):
    behaviours, requests = CURED[what]
    redirects = sum(1 for name in [what] if name == "the file has moved")
    desk.server.behaviours[:] = behaviours
    with desk.web().open("https://elsewhere.example/a/file") as file:
        assert b"".join(file) == DATA
    assert len(desk.server.asked) == requests
    assert file.requests == requests - redirects


def test_a_cut_connection_goes_on_where_it_broke_and_only_with_the_same_content(desk):
    assert desk.fetch(cut(300_000)) == DATA
    (_, first, _), (_, second, tag) = desk.server.asked
    assert first == ""
    assert 0 < int(second.removeprefix("bytes=").removesuffix("-")) <= 300_000
    assert tag == TAG


def test_a_file_that_changes_while_it_is_read_is_an_error_not_a_mixture(desk):
    def change(handler: Handler, start: int | None) -> None:
        handler.server.tag = '"second"'
        send(handler, None)

    with pytest.raises(ClipsetError, match="changed on the server") as raised:
        desk.fetch(cut(300_000), change)
    assert raised.value.failure.reason is Reason.NETWORK


def test_a_file_is_taken_up_where_an_earlier_run_stopped(desk):
    assert desk.fetch(start=600_000, version=TAG) == DATA[600_000:]


def test_a_file_that_changed_since_the_earlier_run_comes_from_its_first_byte(desk):
    desk.server.tag = '"second"'
    with desk.web().open("https://elsewhere.example/a", 600_000, TAG) as file:
        assert (file.position, file.version) == (0, '"second"')
        assert b"".join(file) == DATA


def test_nothing_is_left_of_a_file_that_is_there_already(desk):
    with desk.web().open("https://elsewhere.example/a", len(DATA), TAG) as file:
        assert b"".join(file) == b""


GIVEN_UP = {
    "there is no such file": ([status(404)], Reason.NOT_FOUND, 404, 1),
    "it is gone": ([status(410)], Reason.NOT_FOUND, 410, 1),
    "it is forbidden": ([status(403)], Reason.NETWORK, 403, 1),
    "the server stays busy": ([status(503)] * 9, Reason.SERVER_ERROR, 503, 4),
    "nobody ever answers": ([hang_up] * 9, Reason.NETWORK, None, 4),
    "it moves in circles": ([status(302, Location="/a")] * 9, Reason.NETWORK, None, 6),
}


@pytest.mark.parametrize("what", GIVEN_UP)
def test_what_cannot_be_had_is_one_plain_line_without_the_query(what, desk):
    behaviours, reason, code, requests = GIVEN_UP[what]
    desk.server.behaviours[:] = behaviours
    if what == "it moves in circles":
        desk.waits_s = ()
    with pytest.raises(ClipsetError) as raised, desk.web().open("https://elsewhere.example/a%20b?signature=secret"):
        pass
    failure = raised.value.failure
    assert (failure.reason, failure.http_status) == (reason, code)
    assert len(desk.server.asked) == requests
    assert "/a b: " in failure.detail
    assert "secret" not in failure.detail
    assert "\n" not in failure.detail


def test_a_line_that_stays_broken_is_given_up(desk):
    with pytest.raises(ClipsetError, match=r"file\.tar\.gz"):
        desk.fetch(cut(10), *[hang_up] * 20)


def test_names_with_spaces_and_other_signs_arrive_as_they_are(desk):
    assert desk.fetch(path="/600/val/mountain climber (exercise) it's.tar.gz") == DATA
    assert desk.fetch(path="/600/val/mountain%20climber.tar.gz") == DATA
    assert [path for path, *_ in desk.server.asked] == [
        "/600/val/mountain climber (exercise) it's.tar.gz",
        "/600/val/mountain climber.tar.gz",
    ]


def test_a_stop_ends_the_waiting_between_tries(desk):
    desk.waits_s = (3600.0,)

    def busy(handler: Handler, start: int | None) -> None:
        status(503)(handler, start)
        desk.stop.set()

    with pytest.raises(Interrupted):
        desk.fetch(busy)


def test_a_stop_ends_the_reading(desk):
    with desk.web().open("https://elsewhere.example/a") as file:
        pieces = iter(file)
        next(pieces)
        desk.stop.set()
        with pytest.raises(Interrupted):
            next(pieces)


@pytest.mark.parametrize("origin", ["", "127.0.0.1:8080", "ftp://host", "http://"])
def test_an_origin_that_is_no_address_is_the_users_mistake(origin):
    with pytest.raises(UserError, match="http://127"):
        Web(threading.Event(), origin)
