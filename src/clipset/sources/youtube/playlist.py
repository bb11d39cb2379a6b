"""HLS media playlists: which segments hold the wanted spans. Pure.

Only what YouTube's playlists of finished videos use (RFC 8216): EXTINF, EXT-X-MAP, EXT-X-BYTERANGE, EXT-X-KEY and
EXT-X-ENDLIST.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from urllib.parse import urljoin

from clipset.types import US_PER_S, Span

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)', re.ASCII)
_BYTE_RANGE = re.compile(r"(\d{1,15})(?:@(\d{1,15}))?", re.ASCII)
_LONGEST_SEGMENT_S = 3600


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the video; `end` None means to the end of the resource."""

    url: str
    span: Span
    start: int = 0
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Playlist:
    """`header` is the initialisation section that fragmented mp4 needs before any segment, None for MPEG-TS."""

    segments: tuple[Segment, ...]
    header: Segment | None
    finished: bool
    encrypted: bool

    def covering(self, spans: Sequence[Span]) -> tuple[Segment, ...]:
        """The segments to read for these spans, in order.

        With a neighbour on either side, because keyframes may lie before a border and the durations that place the
        borders are rounded. MPEG-TS counts from an arbitrary time, so there the first segment comes along to tell it.
        """
        chosen = {0} if self.header is None else set[int]()
        for index, segment in enumerate(self.segments):
            if any(segment.span.start_us < span.end_us and span.start_us < segment.span.end_us for span in spans):
                chosen |= {index - 1, index, index + 1}
        return tuple(segment for index, segment in enumerate(self.segments) if index in chosen)


def parse(text: str, url: str) -> Playlist:
    """Raises ValueError when the text is no media playlist with segments."""
    reader = _Reader(url)
    lines = [line.strip() for line in text.splitlines()]
    if not lines or lines[0] != "#EXTM3U":
        raise ValueError("no #EXTM3U at the beginning")
    for line in lines[1:]:
        reader.take(line)
    if not reader.segments:
        raise ValueError("no segments")
    return Playlist(tuple(reader.segments), reader.header, reader.finished, reader.encrypted)


class _Reader:
    """What the lines so far mean for the next URI."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.segments: list[Segment] = []
        self.header: Segment | None = None
        self.finished = self.encrypted = False
        self._duration_us: int | None = None
        self._byte_range = ""
        self._reached_us = 0
        self._ends: dict[str, int] = {}

    def take(self, line: str) -> None:
        name, _, value = line.partition(":")
        if name == "#EXTINF":
            self._duration_us = _duration_us(value)
        elif name == "#EXT-X-BYTERANGE":
            self._byte_range = value
        elif name == "#EXT-X-MAP":
            attributes = _attributes(value)
            self.header = self._segment(attributes.get("URI", ""), Span(0, 1), attributes.get("BYTERANGE", ""))
        elif name == "#EXT-X-KEY":
            self.encrypted = self.encrypted or _attributes(value).get("METHOD") != "NONE"
        elif name == "#EXT-X-ENDLIST":
            self.finished = True
        elif line and not line.startswith("#") and self._duration_us is not None:
            self._add(line, self._duration_us)

    def _add(self, uri: str, duration_us: int) -> None:
        span = Span(self._reached_us, self._reached_us + max(1, duration_us))
        self.segments.append(self._segment(uri, span, self._byte_range))
        self._reached_us = span.end_us
        self._duration_us, self._byte_range = None, ""

    def _segment(self, uri: str, span: Span, byte_range: str) -> Segment:
        url = urljoin(self._url, uri)
        found = _BYTE_RANGE.fullmatch(byte_range.strip())
        if found is None:
            return Segment(url, span)
        start = int(found[2]) if found[2] else self._ends.get(url, 0)
        self._ends[url] = start + int(found[1])
        return Segment(url, span, start, self._ends[url])


def _attributes(value: str) -> dict[str, str]:
    return {name: text.strip('"') for name, text in _ATTRIBUTE.findall(value)}


def _duration_us(value: str) -> int:
    """Raises ValueError for what is no time."""
    try:
        seconds = Decimal(value.partition(",")[0].strip())
        if not 0 <= seconds <= _LONGEST_SEGMENT_S:
            raise ValueError(f"a segment of {value[:20]} seconds")
    except InvalidOperation:
        raise ValueError(f"a segment of {value[:20]!r} seconds") from None
    return int(seconds * US_PER_S)
