"""What comes back through the seam: a metered response, or the failure to get one."""

import http.client
import time
from collections.abc import Callable
from typing import Protocol

import urllib3
from yt_dlp.networking import Response

from clipset.sources.youtube.redact import redacted_url
from clipset.types import Meter

_PIECE_BYTES = 256 * 1024
# A page or an answer of the API has at most a few MB; more is no answer.
_LONGEST_ANSWER_BYTES = 64 * 1024 * 1024
# YouTube slows suspicious clients to about 32 KiB/s; a quarter of that, after half a minute, is no transfer.
_SLOWEST_BYTES_PER_S, _PATIENCE_S = 8 * 1024, 30.0


class RequestFailed(Exception):  # noqa: N818 - named like yt-dlp's own failures would hide that it is none of them
    """A request that brought no usable answer; not a YoutubeDLError, so that no extractor swallows or repeats it.

    `status` is None when no HTTP answer came. `size_bytes` is the file's size if a 416 told it.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        size_bytes: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.retry_after_s = retry_after_s
        self.size_bytes = size_bytes


class Line(Protocol):
    """What a response needs of the seam it came through."""

    meter: Meter

    def broken(self, error: Exception, url: str) -> Exception: ...


class MeteredResponse(Response):  # type: ignore[misc]  # yt-dlp ships no types
    """A response that counts what comes over the wire and can be stopped; `url` is YouTube's, not the stand-in's."""

    def __init__(self, inner: Response, url: str, line: Line) -> None:
        super().__init__(fp=inner.fp, headers=inner.headers, url=url, status=inner.status, reason=inner.reason)
        self._inner = inner
        self._line = line
        self._hear: Callable[[bytes], None] = lambda _: None
        self._began_s = time.monotonic()
        self._wire_bytes = 0

    def heard_by(self, hear: Callable[[bytes], None]) -> None:
        """Who is told the body when it is read as a whole."""
        self._hear = hear

    def read(self, amt: int | None = None) -> bytes:
        """At most `amt` bytes, or all; raises RequestFailed when the connection breaks, Interrupted on stop."""
        most_bytes = _LONGEST_ANSWER_BYTES if amt is None else amt
        taken = bytearray()
        while len(taken) < most_bytes and (piece := self.read_some(most_bytes - len(taken))):
            taken += piece
        if amt is None and len(taken) >= most_bytes:
            raise RequestFailed(f"the answer of {redacted_url(self.url)} does not end")
        if amt is None:
            self._hear(bytes(taken))
        return bytes(taken)

    def read_some(self, most_bytes: int) -> bytes:
        """What is there, at least a byte unless the body has ended, at most `most_bytes`."""
        if self.fp.closed:
            return b""
        began_s = time.monotonic()
        try:
            piece: bytes = self.fp.read1(min(most_bytes, _PIECE_BYTES), decode_content=True)
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            self.close()
            raise self._line.broken(error, self.url) from None
        finally:
            self._count(time.monotonic() - began_s)
        self._refuse_crawl()
        if not piece:
            self.close()
        return piece

    def close(self) -> None:
        self._inner.close()
        super().close()

    def _count(self, seconds: float) -> None:
        wire_bytes = self.fp.tell()
        self._line.meter.fetched_bytes += wire_bytes - self._wire_bytes
        self._line.meter.seconds += seconds
        self._wire_bytes = wire_bytes

    def _refuse_crawl(self) -> None:
        spent_s = time.monotonic() - self._began_s
        if spent_s > _PATIENCE_S and self._wire_bytes < (spent_s - _PATIENCE_S) * _SLOWEST_BYTES_PER_S:
            self.close()
            raise RequestFailed(f"slower than {_SLOWEST_BYTES_PER_S // 1024} KiB/s: {redacted_url(self.url)}")


def cause_of(error: BaseException) -> str:
    """The innermost cause: the outer texts repeat it among signed URLs."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        inner = next((item for item in (*_reasons(error), error.__cause__) if isinstance(item, BaseException)), None)
        if inner is None:
            break
        error = inner
    return f"{type(error).__name__}: {error}"


def _reasons(error: BaseException) -> tuple[object, ...]:
    return (getattr(error, "cause", None), getattr(error, "reason", None), *error.args)
