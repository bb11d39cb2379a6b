"""How the bytes of a media file leave: ranges as YouTube's servers answer them, and what can go wrong on the way.

`deliver` is pure but for reading the file: it says what to send, the server sends it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from urllib.parse import parse_qs

from clipset.rehearsal.reply import Ending, Reply, Subject, error_reply, no_reply, text_reply
from clipset.rehearsal.scenario import MediaFault, Oversize, Scenario
from clipset.rehearsal.scenario import MediaFaultKind as Kind

PIECE_BYTES = 64 * 1024
THROTTLED_BYTES_PER_S = 32 * 1024  # what YouTube leaves of the rate when a range is too long
_FLIP_EVERY = 997
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in to this network</title></head><body></body></html>"


@dataclass(frozen=True, slots=True)
class ByteRange:
    """As asked for: `first` None for the last `last` bytes, `last` None for all that follow; both inclusive."""

    first: int | None
    last: int | None
    in_query: bool = False  # YouTube answers `&range=` with status 200

    @property
    def shown(self) -> tuple[int, int | None]:
        """As the journal has it: (-n, None) for the last n bytes."""
        return (-(self.last or 0), None) if self.first is None else (self.first, self.last)

    def within(self, size_bytes: int) -> tuple[int, int]:
        """(start, end), half open; start >= end means that there is nothing to send."""
        if self.first is None:
            return max(0, size_bytes - (self.last or 0)), size_bytes
        return self.first, size_bytes if self.last is None else min(self.last + 1, size_bytes)


WHOLE = ByteRange(0, None)


@dataclass(frozen=True, slots=True)
class Content:
    """A file as the faults show it; `size_bytes` None has no end: zeros follow the file."""

    path: Path
    size_bytes: int | None
    flipped_from: int | None = None

    def pieces(self, start: int, end: int | None) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(start)
            while end is None or start < end:
                wanted = PIECE_BYTES if end is None else min(PIECE_BYTES, end - start)
                yield self._damaged(file.read(wanted).ljust(wanted, b"\0"), start)
                start += wanted

    def _damaged(self, data: bytes, start: int) -> bytes:
        if self.flipped_from is None:
            return data
        flipped = bytearray(data)
        for index in range(-start % _FLIP_EVERY, len(data), _FLIP_EVERY):
            if start + index >= self.flipped_from:
                flipped[index] ^= 0x55
        return bytes(flipped)


def read_range(header: str | None, query: str) -> ByteRange | None:
    """From the header, or from `range=` in the query; None when the whole file is asked for, or nothing sensible."""
    asked = parse_qs(query).get("range")
    match = _RANGE.fullmatch(f"bytes={asked[0]}" if asked else (header or "").strip())
    if match is None or not any(match.groups()):
        return None
    first, last = (int(text) if text else None for text in match.groups())
    if first is not None and last is not None and last < first:
        return None
    return ByteRange(first, last, in_query=asked is not None)


def deliver(
    subject: Subject, path: Path, asked: ByteRange | None, mime: str, faults: Sequence[MediaFault], scenario: Scenario
) -> Reply:
    """The reply for a file. `faults` are those that hit this request."""
    active = {fault.kind: fault for fault in faults}
    if refusal := _refusal(subject, asked, active):
        return refusal
    content = _content(path, active)
    if Kind.NO_RANGES in active:
        return _on_the_way(_whole(subject, content, mime), active)
    reply = _ranged(subject, content, asked or WHOLE, mime, partial=asked is not None)
    return _on_the_way(_oversize(reply, scenario), active)


def _refusal(subject: Subject, asked: ByteRange | None, active: dict[Kind, MediaFault]) -> Reply | None:
    if Kind.RESET in active:
        return no_reply(subject, Ending.RESET)
    if fault := active.get(Kind.STATUS) or active.get(Kind.STALE):
        return error_reply(subject, fault.status, fault.retry_after_s)
    fault = active.get(Kind.FORBIDDEN_AFTER)
    if fault and ((asked or WHOLE).first or 0) >= (fault.offset_bytes or 0):
        return error_reply(subject, fault.status)
    return text_reply(subject, _LOGIN_PAGE) if Kind.HTML in active else None


def _content(path: Path, active: dict[Kind, MediaFault]) -> Content:
    size_bytes: int | None = path.stat().st_size
    if (fault := active.get(Kind.TRUNCATED)) and size_bytes is not None:
        size_bytes = size_bytes // 2 if fault.offset_bytes is None else min(size_bytes, fault.offset_bytes)
    if Kind.EMPTY in active:
        size_bytes = 0
    if Kind.ENDLESS in active:
        size_bytes = None
    flipped = active.get(Kind.FLIPPED)
    return Content(path, size_bytes, None if flipped is None else flipped.offset_bytes or 0)


def _whole(subject: Subject, content: Content, mime: str) -> Reply:
    endless = content.size_bytes is None
    headers = {"Content-Type": mime}
    body = content.pieces(0, content.size_bytes)
    return Reply(subject, 200, headers, body, content.size_bytes, Ending.CLOSE if endless else Ending.CLEAN)


def _ranged(subject: Subject, content: Content, asked: ByteRange, mime: str, *, partial: bool) -> Reply:
    size_bytes = content.size_bytes
    if size_bytes is None:
        if not partial or asked.first is None or asked.last is None:
            return _whole(subject, content, mime)
        start, end, total = asked.first, asked.last + 1, "*"
    else:
        (start, end), total = asked.within(size_bytes), str(size_bytes)
    headers = {"Content-Type": mime, "Accept-Ranges": "bytes"}
    if partial and start >= end:
        return Reply(subject, 416, {**headers, "Content-Range": f"bytes */{total}"})
    if partial and not asked.in_query:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{total}"
    return Reply(subject, 206 if "Content-Range" in headers else 200, headers, content.pieces(start, end), end - start)


def _oversize(reply: Reply, scenario: Scenario) -> Reply:
    if reply.length is None or reply.length <= scenario.max_range_bytes or scenario.oversize is Oversize.SERVE:
        return reply
    if scenario.oversize is Oversize.REFUSE:
        return error_reply(reply.subject, 403)
    return replace(reply, rate_bytes_per_s=THROTTLED_BYTES_PER_S)


def _on_the_way(reply: Reply, active: dict[Kind, MediaFault]) -> Reply:
    for kind, ending in ((Kind.CUT, Ending.CLOSE), (Kind.STALL, Ending.STALL)):
        if (fault := active.get(kind)) and _is_longer(reply, fault.offset_bytes or 0):
            reply = replace(reply, body=_first_bytes(reply.body, fault.offset_bytes or 0), ending=ending)
    if (fault := active.get(Kind.WRONG_LENGTH)) and reply.length is not None:
        reply = replace(reply, length=reply.length + 1000, ending=Ending.CLOSE)
    if fault := active.get(Kind.SLOW):
        reply = replace(reply, rate_bytes_per_s=fault.rate_bytes_per_s)
    return reply


def _is_longer(reply: Reply, size_bytes: int) -> bool:
    return reply.length is None or reply.length > size_bytes


def _first_bytes(body: Iterable[bytes], size_bytes: int) -> Iterator[bytes]:
    pieces = iter(body)
    whole, rest = divmod(size_bytes, PIECE_BYTES)
    yield from islice(pieces, whole)
    if rest:
        yield next(pieces)[:rest]
