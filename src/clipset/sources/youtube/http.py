"""A media file of YouTube as a ByteStream: bounded ranges through the egress that resolved it."""

import re
import threading
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from yt_dlp.networking import Request
from yt_dlp.networking.exceptions import HTTPError

from clipset.clock import Clock
from clipset.reasons import Reason
from clipset.sources.youtube import verdict
from clipset.sources.youtube.config import Gate
from clipset.sources.youtube.rendition import Rendition
from clipset.sources.youtube.response import MeteredResponse, RequestFailed
from clipset.sources.youtube.seam import ResolverYDL
from clipset.sources.youtube.spool import Spool
from clipset.space import TemporarySpace
from clipset.types import US_PER_S, ClipsetError, Interrupted, Stage

# YouTube throttles larger ranges; yt-dlp asks for the same (`http_chunk_size`).
MAX_RANGE_BYTES = 10 * 1024 * 1024
# Broken connections that one range may survive, each resumed where it broke.
_MAX_CUTS = 4
_PAUSE_S = 0.25
_CONTENT_RANGE = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+|\*)", re.ASCII)
_STALE = frozenset({403, 404, 410})


class Address(Protocol):
    """Where the bytes are now. `renew` resolves again, once a job, and tells whether it did."""

    def current(self) -> Rendition: ...

    def renew(self) -> bool: ...


class HttpStream:
    """Reads by range. A cut connection resumes, an address that stopped working is renewed, both unseen.

    A server that ignores ranges is read once from the start into a temporary file, as far as reads need it; `space` is
    told of it.
    """

    def __init__(
        self,
        ydl: ResolverYDL,
        address: Address,
        gate: Gate,
        clock: Clock,
        stop: threading.Event,
        space: TemporarySpace,
    ) -> None:
        self._ydl, self._address, self._gate, self._clock, self._stop = ydl, address, gate, clock, stop
        self._space = space
        self._size_bytes: int | None = address.current().size_bytes
        self._size_is_certain = False
        self._served_at: int | None = None  # where bytes came from once
        self._spool: Spool | None = None

    @property
    def size_bytes(self) -> int | None:
        """As announced, until the first answer tells for certain."""
        return self._size_bytes if self._spool is None else self._spool.size_bytes

    def read(self, start: int, end: int) -> bytes:
        """Bytes start <= i < end; fewer only where the file ends. Raises ClipsetError, Interrupted."""
        taken = bytearray()
        cuts = 0
        while (at := start + len(taken)) < self._end(end):
            try:
                piece = self._next_piece(at, min(self._end(end), at + MAX_RANGE_BYTES))
            except _Cut as cut:
                piece, cuts = cut.taken, cuts + 1
                self._pause_after(cut, cuts)
            else:
                cuts = 0
                if not piece:
                    break
            taken += piece
        return bytes(taken)

    def close(self) -> None:
        if self._spool is not None:
            self._spool.close()

    def _end(self, end: int) -> int:
        """A size that was only announced limits nothing: the answer to a range beyond it corrects it."""
        return end if not self._size_is_certain or self._size_bytes is None else min(end, self._size_bytes)

    def _next_piece(self, start: int, end: int) -> bytes:
        """The bytes of one range; empty past the end of the file. Raises _Cut with what came before it broke."""
        if self._spool is None:
            response = self._open(start, end)
            if response is not None:
                return self._drain(response, start, end)
        return self._spool.read(start, end) if self._spool is not None else b""

    def _drain(self, response: MeteredResponse, start: int, end: int) -> bytes:
        taken = bytearray()
        try:
            while len(taken) < end - start and (piece := response.read_some(end - start - len(taken))):
                taken += piece
            if taken and self._served_at is None:
                self._served_at = start
        except RequestFailed as error:
            raise _Cut(error, bytes(taken)) from None
        finally:
            response.close()
        if start + len(taken) < self._end(end):
            raise _Cut(RequestFailed(f"{len(taken)} of {end - start} bytes came"), bytes(taken))
        return bytes(taken)

    def _open(self, start: int, end: int) -> MeteredResponse | None:
        """The answer to a range, or None if the file ends before it or comes as a whole (now in the spool)."""
        rendition = self._ready()
        try:
            response = self._ydl.urlopen(_range_request(rendition, start, end))
        except RequestFailed as error:
            if error.status == 416:
                self._size_bytes, self._size_is_certain = error.size_bytes or start, True
                return None
            if error.status is None:
                raise _Cut(error, b"") from None
            if error.status in _STALE and self._address.renew():
                return self._open(start, end)
            raise self._refused(error) from None
        return self._accepted(response, start)

    def _ready(self) -> Rendition:
        """The address, once YouTube serves it: not past its expiry, not before an advertisement would be over."""
        rendition = self._address.current()
        now_s = self._clock.now_us() / US_PER_S
        expiry_s = _expiry_s(rendition.url)
        if expiry_s is not None and expiry_s <= now_s and self._address.renew():
            rendition = self._address.current()
        wait_s = (rendition.available_at_s or 0.0) - now_s
        if wait_s > 0 and self._clock.wait(wait_s, self._stop):
            raise Interrupted
        return rendition

    def _accepted(self, response: MeteredResponse, start: int) -> MeteredResponse | None:
        try:
            _refuse_text(response)
            if response.status == 206:
                self._note_size(_total_bytes(response, start))
                return response
            self._spool = Spool(response, self._reopen, self._size_bytes, self._space.hold())
        except ClipsetError:
            response.close()
            raise
        return None

    def _note_size(self, size_bytes: int | None) -> None:
        if size_bytes is None:
            return
        if self._size_is_certain and self._size_bytes != size_bytes:
            raise verdict.fetch_error(Reason.EXPIRED_URL, f"its size changed from {self._size_bytes} to {size_bytes}")
        self._size_bytes, self._size_is_certain = size_bytes, True

    def _reopen(self) -> MeteredResponse:
        """The whole file again, for a spool whose connection broke."""
        response = self._ydl.urlopen(_range_request(self._ready(), 0, None))
        try:
            _refuse_text(response)
        except ClipsetError:
            response.close()
            raise
        return response

    def _refused(self, error: RequestFailed) -> ClipsetError:
        """A 403 that a new address does not cure is about the egress, unless other bytes of the file still come.

        Bytes at some offsets only are the mark of a client that needs a token: yt-dlp must learn about it.
        """
        failure = verdict.of_request(error, Stage.FETCH)
        if error.status == 403 and self._still_serves():
            return verdict.fetch_error(Reason.TOOL_OUTDATED, f"only a part of the file is served: {error.detail}", 403)
        if error.status in {404, 410}:
            return verdict.fetch_error(Reason.EXPIRED_URL, error.detail, error.status)
        if failure.reason is Reason.THROTTLED:
            self._gate.refused(error.retry_after_s, error.detail)
        return ClipsetError(failure)

    def _still_serves(self) -> bool:
        """Whether bytes come where they came before."""
        if self._served_at is None:
            return False
        try:
            self._ydl.urlopen(_range_request(self._address.current(), self._served_at, self._served_at + 1)).close()
        except RequestFailed as error:
            return error.status != 403
        return True

    def _pause_after(self, cut: "_Cut", cuts: int) -> None:
        if cuts > _MAX_CUTS:
            raise ClipsetError(verdict.of_request(cut.error, Stage.FETCH))
        if self._clock.wait(_PAUSE_S * 2 ** (cuts - 1), self._stop):
            raise Interrupted


def fetch_text(ydl: ResolverYDL, gate: Gate, url: str) -> str:
    """A playlist. Raises ClipsetError, Interrupted."""
    try:
        return str(ydl.urlopen(Request(url)).read().decode("utf-8", "replace"))
    except RequestFailed as error:
        failure = verdict.of_request(error, Stage.FETCH)
        if failure.reason is Reason.THROTTLED:
            gate.refused(failure.retry_after_s, failure.detail)
        raise ClipsetError(failure) from None
    except HTTPError as error:
        raise verdict.fetch_error(Reason.SERVER_ERROR, f"the playlist: {error}") from None


class _Cut(Exception):  # noqa: N818 - not the end: the range resumes
    """The connection broke after `taken`."""

    def __init__(self, error: RequestFailed, taken: bytes) -> None:
        super().__init__(error.detail)
        self.error = error
        self.taken = taken


def _range_request(rendition: Rendition, start: int, end: int | None) -> Request:
    """Half open, while HTTP counts both ends. Encoded bodies would break the count of bytes."""
    headers = {**dict(rendition.headers), "Accept-Encoding": "identity"}
    if end is not None:
        headers["Range"] = f"bytes={start}-{end - 1}"
    return Request(rendition.url, headers=headers)


def _refuse_text(response: MeteredResponse) -> None:
    """Pages of proxies and portals come with status 200; one of them must never pass for a video."""
    if (response.get_header("Content-Type") or "").strip().lower().startswith("text/"):
        raise verdict.fetch_error(Reason.SERVER_ERROR, "a text page came instead of media", response.status)


def _total_bytes(response: MeteredResponse, start: int) -> int | None:
    """The file's size, None where the server does not know it. Raises ClipsetError if this is not the range asked."""
    content_range = (response.get_header("Content-Range") or "").strip()
    found = _CONTENT_RANGE.fullmatch(content_range)
    if found is None or int(found[1]) != start:
        raise verdict.fetch_error(Reason.SERVER_ERROR, f"asked for bytes from {start}, got {content_range[:60]!r}", 206)
    return None if found[3] == "*" else int(found[3])


def _expiry_s(url: str) -> float | None:
    value = parse_qs(urlsplit(url).query).get("expire", [""])[0]
    return float(value) if value.isdecimal() else None
