"""A loopback HTTP server in front of moto's S3: counts requests, checks MD5s, and fails as it is told."""

import base64
import contextlib
import hashlib
import http.client
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """Instead of moto's: a status with an S3 error code; status 0 resets the connection."""

    status: int = 0
    code: str = ""
    after_s: float = 0.0
    damages: bool = False  # moto is asked, with another body
    passes: bool = False  # moto does what was asked at once; its answer comes when the time is over


BUSY = Answer(503, "SlowDown")
RESET = Answer()
Fault = Callable[[str, str], Answer | None]


@dataclass
class Proxy:
    """`seen` are (method, path, status) of what was answered, `decided` the paths of what a fault was found for, with
    moto's part of it done. `fault` is asked for each request by method and path.
    """

    behind: tuple[str, int]
    seen: list[tuple[str, str, int]] = field(default_factory=list)
    decided: list[str] = field(default_factory=list)
    fault: Fault = lambda method, path: None
    origin: str = ""
    _over: threading.Event = field(default_factory=threading.Event)

    def counts(self) -> Counter[str]:
        return Counter(f"{method} {status}" for method, _, status in self.seen)

    @contextlib.contextmanager
    def running(self) -> Iterator["Proxy"]:
        server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self.origin = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            server.shutdown()
            server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address) -> None:
        """A client that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.proxy.fault(self.command, self.path)
        if fault is not None and fault.damages:
            body, fault = b"?" + body[1:], None
        if fault is None and (md5 := self.headers.get("Content-MD5")):
            is_same = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode() == md5
            fault = None if is_same else Answer(400, "BadDigest")
        passed = self._ask(body) if fault is None or fault.passes else None
        if fault is not None:
            self.proxy.decided.append(self.path)
            self.proxy._over.wait(fault.after_s)
        if passed is not None:
            self._send(*passed)
        elif fault is None or fault.status == 0:
            self._note(0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        else:
            xml = f"<Error><Code>{fault.code}</Code><Message>told to</Message></Error>".encode()
            self._send(fault.status, [("Content-Type", "application/xml")], xml)

    do_GET = do_PUT = do_HEAD = answer  # noqa: N815 - the library's names

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(*self.proxy.behind, timeout=60)
        with contextlib.closing(connection):
            headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def _send(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self._note(status)
        self.send_response_only(status)
        length = None
        for name, value in headers:
            if name.lower() == "content-length":
                length = value
            elif name.lower() not in {"connection", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _note(self, status: int) -> None:
        self.proxy.seen.append((self.command, self.path, status))

    def log_message(self, *_: object) -> None:
        """Nothing on the screen."""


def some(fault: Answer, times: int, method: str = "PUT") -> Fault:
    """The first `times` requests of that method; safe to ask from several threads."""
    left = iter(range(times))
    lock = threading.Lock()

    def decide(asked: str, path: str) -> Answer | None:
        if asked != method or ".clipset" in path:
            return None
        with lock:
            return fault if next(left, None) is not None else None

    return decide
