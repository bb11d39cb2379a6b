"""A real HTTP server with ranges on loopback that counts what it is asked for, and streams over it and over memory."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(slots=True)
class Tally:
    requests: int = 0
    sent_bytes: int = 0
    largest_bytes: int = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "RangeServer"

    def do_GET(self) -> None:
        path = self.server.folder / self.path.lstrip("/")
        size = path.stat().st_size
        first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last) + 1, size)
        if start >= size:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        with path.open("rb") as file:
            file.seek(start)
            body = file.read(end - start)
        self.server.count(self.path.lstrip("/"), len(body))
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class RangeServer(ThreadingHTTPServer):
    """Serves the files of a folder, by range only."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.tallies: dict[str, Tally] = {}

    def count(self, name: str, sent_bytes: int) -> None:
        tally = self.tallies.setdefault(name, Tally())
        tally.requests += 1
        tally.sent_bytes += sent_bytes
        tally.largest_bytes = max(tally.largest_bytes, sent_bytes)


@contextmanager
def serving(folder: Path) -> Iterator[RangeServer]:
    with RangeServer(folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class HttpStream:
    """A types.ByteStream over a RangeServer; its size is known from the first answer on."""

    def __init__(self, server: RangeServer, name: str) -> None:
        self._connection = http.client.HTTPConnection(*server.server_address)
        self._name = name
        self.size_bytes: int | None = None

    def read(self, start: int, end: int) -> bytes:
        self._connection.request("GET", f"/{self._name}", headers={"Range": f"bytes={start}-{end - 1}"})
        response = self._connection.getresponse()
        self.size_bytes = int(response.headers["Content-Range"].rpartition("/")[2])
        return response.read() if response.status == 206 else response.read()[:0]

    def close(self) -> None:
        self._connection.close()


@dataclass
class Memory:
    """A types.ByteStream over bytes, which remembers what was read."""

    data: bytes
    reads: list[tuple[int, int]] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        return len(self.data)

    def read(self, start: int, end: int) -> bytes:
        self.reads.append((start, end))
        return self.data[start:end]
