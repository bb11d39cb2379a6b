"""The offline YouTube as a loopback server."""

import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from clipset.clock import Clock, SystemClock
from clipset.rehearsal.handler import Handler, Pace, Stage
from clipset.rehearsal.journal import Entry, Journal
from clipset.rehearsal.media import MediaLibrary
from clipset.rehearsal.scenario import Scenario
from clipset.rehearsal.studio import Studio

ADDRESS = "127.0.0.1"


class Rehearsal:
    """A server that answers while it is entered: `with Rehearsal(scenario) as youtube: use(youtube.origin)`.

    `port` 0 takes a free one. Media are made when first asked for and kept in `cache`, or in a temporary folder of the
    process. `clock` decides throttles, expiry and waiting. Raises OSError when the port is taken.
    """

    def __init__(
        self, scenario: Scenario | None = None, port: int = 0, *, cache: Path | None = None, clock: Clock | None = None
    ) -> None:
        scenario, clock = scenario or Scenario(), clock or SystemClock()
        self._journal = Journal()
        self._studio = Studio(scenario, MediaLibrary(cache), clock)
        stage = Stage(self._studio, self._journal, clock, Pace(scenario.line), threading.Event())
        self._stop = stage.stop
        self._server = _Server((ADDRESS, port), type("StageHandler", (Handler,), {"stage": stage}))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="rehearsal", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def origin(self) -> str:
        """`http://host:port`: what replaces scheme and host of every YouTube URL."""
        return f"http://{ADDRESS}:{self._server.server_port}"

    @property
    def log(self) -> tuple[Entry, ...]:
        """All requests so far, in the order in which they ended."""
        return self._journal.entries

    def counts(self) -> Counter[str]:
        """Requests by kind: `player`, `page`, `next`, `config`, `script`, `manifest`, `media`, ..."""
        return self._journal.counts()

    def stats(self) -> dict[str, Any]:
        """What `GET /__rehearsal__/stats` answers; see Journal.stats."""
        return self._journal.stats()

    @property
    def connections(self) -> int:
        """How many were accepted so far."""
        return self._server.connections

    def reset(self) -> None:
        """Forget the log; throttle and the videos' counters stay. `GET /__rehearsal__/reset` does the same."""
        self._journal.clear()

    def prepare(self, video_ids: Iterable[str]) -> float:
        """Make the media of these videos now; returns the CPU seconds it took."""
        before_s = time.process_time()
        for video_id in video_ids:
            self._studio.prepare(video_id)
        return time.process_time() - before_s


class _Server(ThreadingHTTPServer):
    """Closes idle connections when it closes, so that clients and threads do not hang on them."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[Handler]) -> None:
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
            self.connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Without the base class's orderly shutdown before closing: a reset must be one."""
        with self._lock:
            self._open.discard(request)
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is no news; anything else is a bug of ours and is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        super().server_close()
        with self._lock:
            for connection in self._open:
                _hang_up(connection)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # the client was faster
        return


def serve(scenario: Scenario, port: int, cache: Path | None = None) -> None:
    """Serve in the foreground until interrupted, saying once what it is and where. Raises OSError."""
    with Rehearsal(scenario, port, cache=cache) as rehearsal:
        sys.stdout.write(
            f"An offline YouTube for {len(scenario.videos)} scripted videos at {rehearsal.origin} "
            f"(requests: {rehearsal.origin}/__rehearsal__/stats). Ctrl-C ends it.\n"
        )
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return
