"""An explorer that serves on loopback, and requests to it that say exactly what a test wants said."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import Any

import uvicorn
from starlette.applications import Starlette

from clipset.cli.explore import listening


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


class Web:
    """Each request has a connection of its own."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def ask(self, method: str, path: str, **headers: str) -> Answer:
        """`if_range="x"` is the header If-Range; the path goes out as it is."""
        with self.open(method, path, **headers) as answer:
            return Answer(answer.status, answer.headers, answer.read())

    @contextmanager
    def open(self, method: str, path: str, **headers: str) -> Iterator[http.client.HTTPResponse]:
        """For a stream: reading is the caller's."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"host": f"127.0.0.1:{self.port}", **headers}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        try:
            yield connection.getresponse()
        finally:
            connection.close()


@contextmanager
def served(app: Starlette) -> Iterator[Web]:
    with listening(0) as taken:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]})
        thread.start()
        try:
            yield Web(taken.getsockname()[1])
        finally:
            app.state.live.stop()
            server.should_exit = True
            thread.join()
