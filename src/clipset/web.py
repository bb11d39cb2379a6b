"""Files on plain web servers, read forwards and taken up again where the connection broke. The one door to urllib3.

For annotation archives and mirrors; what belongs to YouTube goes through yt-dlp's own transport.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import certifi
import urllib3
from urllib3 import BaseHTTPResponse

from clipset.config import UserError
from clipset.reasons import Reason
from clipset.types import ClipsetError, Failure, Interrupted, Stage

_CHUNK_BYTES = 1 << 17
_CONNECT_S, _READ_S = 15.0, 30.0
WAITS_S = (0.5, 2.0, 8.0, 30.0)
"""Between tries without a byte in between; then the file is given up."""

# followed; everything else is tried again here, where the user's stop ends the waiting
_REDIRECTS = urllib3.Retry(total=5, connect=0, read=0, redirect=5, status=0, other=0, respect_retry_after_header=False)

_BROKEN = (urllib3.exceptions.HTTPError, OSError)


class Web:
    """Connections that threads share. `origin` stands in for the scheme and host of every URL, path unchanged."""

    def __init__(
        self,
        stop: threading.Event,
        origin: str | None = None,
        ca_file: Path | None = None,
        waits_s: Sequence[float] = WAITS_S,
    ) -> None:
        """`waits_s` lie between tries without a byte in between. Raises UserError for an origin that is no http(s)
        address.
        """
        if origin is not None and (urlsplit(origin).scheme not in {"http", "https"} or not urlsplit(origin).netloc):
            raise UserError(f"an origin is an address such as http://127.0.0.1:8080, not {origin!r}")
        self._stop, self._origin, self._waits_s = stop, origin, tuple(waits_s)
        self._pool = urllib3.PoolManager(
            maxsize=16,
            retries=_REDIRECTS,
            timeout=urllib3.Timeout(connect=_CONNECT_S, read=_READ_S),
            ca_certs=str(ca_file) if ca_file is not None else certifi.where(),
        )

    @contextmanager
    def open(self, url: str, start: int = 0, version: str = "") -> Iterator["WebFile"]:
        """The file from byte `start` on.

        With the `version` that an earlier WebFile had, a file that changed meanwhile comes from its first byte:
        `WebFile.position` says where it begins. Spaces and the like in the path are quoted here.
        Raises ClipsetError (not_found, network, server_error), Interrupted.
        """
        file = WebFile(self._pool, self._stop, self._address(url), start, version, self._waits_s)
        file.connect()
        try:
            yield file
        finally:
            file.close()

    def _address(self, url: str) -> str:
        parts = urlsplit(url)
        scheme, host = (parts.scheme, parts.netloc) if self._origin is None else urlsplit(self._origin)[:2]
        return urlunsplit((scheme, host, quote(parts.path, safe="/%~"), parts.query, ""))


class WebFile:
    """One file, read once from `position` to its end. Iterating gives its bytes in pieces of at most 128 KiB.

    `size_bytes` is the whole file's length, None where the server does not say. `version` names its content (ETag or
    date), '' where the server does not say. `requests` counts what was sent.
    """

    def __init__(
        self,
        pool: urllib3.PoolManager,
        stop: threading.Event,
        address: str,
        start: int,
        version: str,
        waits_s: tuple[float, ...],
    ) -> None:
        self._pool, self._stop, self._address, self._waits_s = pool, stop, address, waits_s
        self._response: BaseHTTPResponse | None = None
        self.position, self.version = start, version
        self.size_bytes: int | None = None
        self.requests = 0

    def connect(self) -> None:
        """Raises ClipsetError, Interrupted."""
        for wait_s in (*self._waits_s, None):
            try:
                self._request()
            except _BROKEN as error:
                failed = self._failed(Reason.NETWORK, _plain(error))
            except _Busy as error:
                failed = self._failed(Reason.SERVER_ERROR, str(error), error.status)
            else:
                return
            self.close()
            if wait_s is None:
                raise failed
            if self._stop.wait(wait_s):
                raise Interrupted

    def __iter__(self) -> Iterator[bytes]:
        """Raises ClipsetError also when the file changed on the server meanwhile; and Interrupted."""
        while True:
            piece = self._piece()
            if not piece:
                return
            self.position += len(piece)
            yield piece

    def close(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response.release_conn()
            self._response = None

    def _piece(self) -> bytes:
        """The next bytes, b'' at the end of the file. What broke is taken up again from `position`."""
        for wait_s in (*self._waits_s, None):
            if self._stop.is_set():
                raise Interrupted
            try:
                if self._response is None:
                    self._resume()
                assert self._response is not None  # noqa: S101 - connected
                piece = self._response.read(_CHUNK_BYTES, decode_content=False)
                if piece or self.size_bytes is None or self.position >= self.size_bytes:
                    return piece
                broken = "the connection ended before the file did"
            except _BROKEN as error:
                broken = _plain(error)
            self.close()
            if wait_s is None:
                break
            if self._stop.wait(wait_s):
                raise Interrupted
        raise self._failed(Reason.NETWORK, broken)

    def _resume(self) -> None:
        position, version = self.position, self.version
        self.connect()
        if self.position == position:
            return
        if not version or self.version != version:
            raise self._failed(Reason.NETWORK, "the file changed on the server while it was read")
        self._skip_to(position)

    def _skip_to(self, position: int) -> None:
        """A server that knows no ranges sends everything again."""
        assert self._response is not None  # noqa: S101 - connected
        left_bytes, self.position = position - self.position, position
        while left_bytes and (piece := self._response.read(min(_CHUNK_BYTES, left_bytes), decode_content=False)):
            left_bytes -= len(piece)

    def _request(self) -> None:
        headers = {"Accept-Encoding": "identity"}
        if self.position:
            headers["Range"] = f"bytes={self.position}-"
            if self.version:
                headers["If-Range"] = self.version
        self.requests += 1
        response = self._pool.request("GET", self._address, headers=headers, preload_content=False)
        self._response = response
        if response.status == 416 and self._length(response) == self.position:
            self.size_bytes = self.position  # nothing is left to read
        elif response.status == 206 and self._starts_at(response) == self.position:
            self.size_bytes = self._length(response)
        elif response.status == 200:
            self.position, self.size_bytes = 0, self._length(response)
        elif response.status in {408, 429} or response.status >= 500:
            raise _Busy(response.status)
        else:
            self.close()
            is_gone = response.status in {404, 410}
            raise self._failed(
                Reason.NOT_FOUND if is_gone else Reason.NETWORK, f"HTTP {response.status}", response.status
            )
        tag = response.headers.get("ETag", "")
        self.version = (
            tag if tag.startswith('"') else response.headers.get("Last-Modified", "")
        )  # a weak tag is no range's

    def _starts_at(self, response: BaseHTTPResponse) -> int | None:
        unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
        first = rest.partition("-")[0]
        return int(first) if unit == "bytes" and first.isdecimal() else None

    def _length(self, response: BaseHTTPResponse) -> int | None:
        text = response.headers.get("Content-Range", "").rpartition("/")[2] or response.headers.get(
            "Content-Length", ""
        )
        return int(text) if text.isascii() and text.isdecimal() else None

    def _failed(self, reason: Reason, detail: str, status: int | None = None) -> ClipsetError:
        parts = urlsplit(self._address)
        return ClipsetError(Failure(reason, f"{parts.hostname}{unquote(parts.path)}: {detail}", Stage.FETCH, status))


class _Busy(Exception):  # noqa: N818 - a state of the server
    """The server says to come back later."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


def _plain(error: BaseException) -> str:
    """Without the address, which may hold a signature."""
    return (
        "the connection failed"
        if isinstance(error, urllib3.exceptions.HTTPError)
        else (getattr(error, "strerror", None) or "the connection failed")
    )
