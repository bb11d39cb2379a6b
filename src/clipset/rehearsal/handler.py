"""HTTP/1.1 for the offline YouTube: reads requests, sends replies, keeps the journal."""

import json
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from clipset.clock import Clock
from clipset.rehearsal.delivery import PIECE_BYTES
from clipset.rehearsal.journal import Entry, Journal
from clipset.rehearsal.limit import egress_name
from clipset.rehearsal.reply import Ending, Reply
from clipset.rehearsal.routes import Question, answer
from clipset.rehearsal.scenario import Line
from clipset.rehearsal.studio import Studio, Visitor
from clipset.types import US_PER_S

CONTROL_PATH = "/__rehearsal__/"
HOLD_S = 4.0  # well below any client's timeout
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: closing sends RST


class Pace:
    """The shared rate of the line: who wants to send is told how long to wait first. Thread-safe."""

    def __init__(self, line: Line) -> None:
        self._rate = line.rate_bytes_per_s
        self._free_us = 0
        self._lock = threading.Lock()

    def delay_s(self, size_bytes: int, now_us: int) -> float:
        if self._rate is None:
            return 0.0
        with self._lock:
            self._free_us = max(self._free_us, now_us) + size_bytes * US_PER_S // self._rate
            return (self._free_us - now_us) / US_PER_S


@dataclass(frozen=True, slots=True)
class Stage:
    """What all connections share."""

    studio: Studio
    journal: Journal
    clock: Clock
    pace: Pace
    stop: threading.Event


class Handler(BaseHTTPRequestHandler):
    """One connection. A server makes a subclass that has its `stage`."""

    protocol_version = "HTTP/1.1"
    server_version = "clipset-rehearsal"
    disable_nagle_algorithm = True  # header and body are two sends; Nagle would hold the second for 40 ms
    stage: Stage

    def setup(self) -> None:
        """Over loopback a sender is megabytes ahead of its reader; what a modelled line cannot hold is not sent."""
        super().setup()
        line = self.stage.studio.scenario.line
        if line.rate_bytes_per_s is not None:
            on_the_way = max(PIECE_BYTES, round(line.rate_bytes_per_s * line.rtt_s))
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, on_the_way)

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_GET  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing on standard error: the journal has it all."""

    def _serve(self) -> None:
        try:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.startswith(CONTROL_PATH):
                self._control(urlsplit(self.path).path.removeprefix(CONTROL_PATH))
            else:
                self._play(body)
        except ConnectionError:  # the client left, as a client may
            self.close_connection = True

    def _control(self, verb: str) -> None:
        """`stats` for other processes; `reset` forgets them."""
        if verb == "reset":
            self.stage.journal.clear()
        data = json.dumps(self.stage.journal.stats()).encode() if verb in ("stats", "reset") else b""
        self.send_response(200 if data else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _play(self, body: bytes) -> None:
        stage, address = self.stage, str(self.client_address[0])
        visitor = Visitor(address, egress_name(address, self.headers.get("Cookie", "")))
        at_us = stage.clock.now_us()
        with self._holding():
            reply = answer(stage.studio, self._question(body, visitor))
        stage.clock.wait(stage.studio.scenario.line.rtt_s, stage.stop)
        subject = reply.subject
        entry = Entry(
            subject.kind, self.command, reply.status, at_us, visitor.egress,
            video_id=subject.video_id, client=subject.client, itag=subject.itag, range=subject.range,
            path=subject.path,
        )  # fmt: skip
        self._send(reply, entry)
        self._end(reply.ending)

    def _question(self, body: bytes, visitor: Visitor) -> Question:
        headers = self.headers.get("Range"), self.headers.get("If-Range")
        return Question(self.command, self.path, body, *headers, visitor)

    @contextmanager
    def _holding(self) -> Iterator[None]:
        """Interim responses while media are made: a client whose timeout is shorter would give up and ask again."""
        ready = threading.Event()
        holder = threading.Thread(target=self._hold, args=(ready,), daemon=True)
        holder.start()
        try:
            yield
        finally:
            ready.set()
            holder.join()

    def _hold(self, ready: threading.Event) -> None:
        with suppress(OSError):  # the client left; the reply will find out
            while not ready.wait(HOLD_S):
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _send(self, reply: Reply, entry: Entry) -> None:
        """The entry is in the journal before the client has the last byte: a test may look once it has its answer."""
        sent_bytes, noted = 0, False
        try:
            for piece, last in _with_last(() if self.command == "HEAD" else reply.body):
                self._wait(len(piece), reply.rate_bytes_per_s)
                if last:
                    self.stage.journal.add(replace(entry, bytes_sent=sent_bytes + len(piece)))
                    noted = True
                if sent_bytes == 0:
                    self._send_head(reply)
                self.wfile.write(piece)
                sent_bytes += len(piece)
        finally:
            if not noted:
                self.stage.journal.add(replace(entry, bytes_sent=sent_bytes))

    def _send_head(self, reply: Reply) -> None:
        if reply.status == 0:
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.length is None:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(reply.length))
        self.end_headers()

    def _wait(self, size_bytes: int, rate_bytes_per_s: int | None) -> None:
        """What the line and the reply's own rate ask for. Raises ConnectionError when the server closes meanwhile."""
        delay_s = self.stage.pace.delay_s(size_bytes, self.stage.clock.now_us())
        if rate_bytes_per_s is not None:
            delay_s = max(delay_s, size_bytes / rate_bytes_per_s)
        if self.stage.stop.is_set() or (delay_s > 0 and self.stage.clock.wait(delay_s, self.stage.stop)):
            raise ConnectionAbortedError("the server closes")

    def _end(self, ending: Ending) -> None:
        match ending:
            case Ending.CLEAN:
                return
            case Ending.STALL:
                self.rfile.read(1)  # returns when the client leaves or the server closes
            case Ending.RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            case Ending.CLOSE:
                pass
        self.close_connection = True


def _with_last(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each piece and whether it is the last; one empty piece for a body of none."""
    held = b""
    for index, piece in enumerate(pieces):
        if index:
            yield held, False
        held = piece
    yield held, True
