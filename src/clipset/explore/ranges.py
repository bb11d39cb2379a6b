"""Bytes of a clip as a browser asks for them: all, or one range (RFC 9110, section 14)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime

from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse

from clipset.types import ByteStream

_RANGE = re.compile(r"bytes=[ \t]*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))[ \t]*", re.ASCII | re.IGNORECASE)
_CHUNK_BYTES = 256 * 1024
_TYPES = {
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "mkv": "video/x-matroska",
    "avi": "video/x-msvideo",
    "jpg": "image/jpeg",
}


class Unsatisfiable(Exception):  # noqa: N818 - a status of HTTP
    """The range begins behind the end."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What may be asked for: `tag` tells its bytes from others, the end of `name` what they are."""

    name: str
    stream: ByteStream
    size_bytes: int
    tag: str
    changed_s: int

    def headers(self) -> dict[str, str]:
        return {
            "etag": f'"{self.tag}"',
            "last-modified": formatdate(self.changed_s, usegmt=True),
            "accept-ranges": "bytes",
            "cache-control": "no-cache",
            "content-type": _TYPES.get(self.name.rpartition(".")[2].lower(), "application/octet-stream"),
        }


def answer(headers: Headers, method: str, thing: Thing) -> Response:
    """Several ranges are answered with all of it, as the standard lets us."""
    size_bytes, own = thing.size_bytes, thing.headers()
    if own["etag"] in _tags(headers.get("if-none-match", "")):
        return Response(status_code=304, headers=own)
    try:
        wanted = part(headers.get("range", ""), size_bytes) if _is_current(headers.get("if-range"), own) else None
    except Unsatisfiable:
        return Response(status_code=416, headers=own | {"content-range": f"bytes */{size_bytes}"})
    start, end = wanted or (0, size_bytes)
    own["content-length"] = str(end - start)
    if wanted is not None:
        own["content-range"] = f"bytes {start}-{end - 1}/{size_bytes}"
    body = iter(()) if method == "HEAD" else _chunks(thing.stream, start, end)
    return StreamingResponse(body, 206 if wanted is not None else 200, headers=own)


def part(asked: str, size_bytes: int) -> tuple[int, int] | None:
    """The range (start, end) of a Range header; None for all of it. Raises Unsatisfiable."""
    found = _RANGE.fullmatch(asked)
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        start, end = max(0, size_bytes - int(suffix)), size_bytes
    else:
        start, end = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
        if last and int(last) < start:
            return None  # no range at all, says the standard
    if start >= size_bytes or start >= end:
        raise Unsatisfiable
    return start, end


def _chunks(stream: ByteStream, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        data = stream.read(start, min(end, start + _CHUNK_BYTES))
        if not data:  # the file became shorter; the length that was promised tells the browser
            return
        yield data
        start += len(data)


def _tags(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


def _is_current(condition: str | None, own: dict[str, str]) -> bool:
    if condition is None or condition == own["etag"]:
        return True
    try:
        return parsedate_to_datetime(condition) == parsedate_to_datetime(own["last-modified"])
    except (ValueError, TypeError):
        return False
