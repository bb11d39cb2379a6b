"""HTTP Live Streaming (RFC 8216): a media playlist, and its segments as one stream of bytes. No I/O of its own."""

import json
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from urllib.parse import urljoin

from clipset.media.sniff import PLAYLIST_MAGIC
from clipset.reasons import Reason
from clipset.types import US_PER_S, ClipsetError, Failure, Stage

SLOT_BYTES = 1 << 32  # of the stream's positions belong to each segment
HEAD_BYTES = 64 * 1024
_HELD_SEGMENTS = 4
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)', re.ASCII)
_BYTE_RANGE = re.compile(r"(\d{1,15})(?:@(\d{1,15}))?", re.ASCII)
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)", re.ASCII)

ReadSegment = Callable[[str, int | None, int | None], bytes]  # URL, start, end; the whole if both are None


@dataclass(frozen=True, slots=True)
class Resource:
    """A URL or a byte range of one. The URL may be signed, so it is in no text."""

    url: str = field(repr=False)
    start: int = 0
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the video. `initial` is the part to be read before it (fMP4), an index into the playlist's."""

    resource: Resource
    duration_s: Fraction
    initial: int | None = None
    discontinuity: bool = False  # its clock has nothing to do with that of the segment before


@dataclass(frozen=True, slots=True)
class HlsPlaylist:
    """A media playlist that is complete and not encrypted."""

    segments: tuple[Segment, ...]
    initials: tuple[Resource, ...] = ()

    @classmethod
    def parse(cls, text: str, base_url: str) -> "HlsPlaylist":
        """`base_url` is the playlist's own. Raises ClipsetError (drm, live, damaged_media)."""
        lines = [line.strip() for line in text.removeprefix("\ufeff").splitlines() if line.strip()]
        if not lines or not lines[0].startswith("#EXTM3U"):
            raise _failure(Reason.DAMAGED_MEDIA, "the playlist is none")
        if any(line.startswith("#EXT-X-KEY:") and _attributes(line).get("METHOD") != "NONE" for line in lines):
            raise _failure(Reason.DRM, "the playlist is encrypted")
        if "#EXT-X-ENDLIST" not in lines:
            raise _failure(Reason.LIVE, "the playlist has no end yet")
        try:
            return _Parser(base_url).parse(lines)
        except (ValueError, KeyError) as error:
            raise _failure(Reason.DAMAGED_MEDIA, "the playlist is damaged") from error


class _Parser:
    """Collects segments line by line; tags hold for the next URI, or from there on."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._segments: list[Segment] = []
        self._initials: list[Resource] = []
        self._duration_s: Fraction | None = None
        self._range = ""
        self._discontinuity = False
        self._ends: dict[str, int] = {}  # URL -> where its last range ended: the next may begin there

    def parse(self, lines: list[str]) -> HlsPlaylist:
        """Raises ValueError."""
        for line in lines:
            if line.startswith("#"):
                self._tag(*line.partition(":")[::2])
            else:
                self._segment(line)
        if not self._segments:
            raise ValueError("no segments")
        return HlsPlaylist(tuple(self._segments), tuple(self._initials))

    def _tag(self, name: str, value: str) -> None:
        if name == "#EXTINF" and (match := _DURATION.match(value)):
            self._duration_s = Fraction(match[1])
        elif name == "#EXT-X-BYTERANGE":
            self._range = value
        elif name == "#EXT-X-DISCONTINUITY":
            self._discontinuity = True
        elif name == "#EXT-X-MAP":
            attributes = _attributes(f"{name}:{value}")
            self._initials.append(self._resource(attributes["URI"], attributes.get("BYTERANGE", "")))
        elif name == "#EXT-X-STREAM-INF":
            raise ValueError("a list of renditions")

    def _segment(self, uri: str) -> None:
        if self._duration_s is None:
            raise ValueError("a segment without duration")
        initial = len(self._initials) - 1 if self._initials else None
        resource = self._resource(uri, self._range)
        self._segments.append(Segment(resource, self._duration_s, initial, self._discontinuity))
        self._duration_s, self._range, self._discontinuity = None, "", False

    def _resource(self, uri: str, byte_range: str) -> Resource:
        url = urljoin(self._base_url, uri)
        if not byte_range:
            return Resource(url)
        match = _BYTE_RANGE.fullmatch(byte_range.strip())
        if match is None:
            raise ValueError("no byte range")
        start = int(match[2]) if match[2] else self._ends.get(url, 0)
        self._ends[url] = start + int(match[1])
        return Resource(url, start, self._ends[url])


class HlsStream:
    """A types.ByteStream over a playlist. Position 0 has a table of the segments, which only the media child reads;
    each segment, and behind them each initial part, has a slot of SLOT_BYTES positions that it does not fill: a read
    gives fewer bytes than asked where the segment ends.

    `read_segment` fetches; what it raises passes through. A few segments are held.
    """

    def __init__(self, playlist: HlsPlaylist, read_segment: ReadSegment) -> None:
        self._read_segment = read_segment
        self._resources = [segment.resource for segment in playlist.segments] + list(playlist.initials)
        self._table = _table(playlist)
        self._held: OrderedDict[int, bytes] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        return (1 + len(self._resources)) * SLOT_BYTES

    def read(self, start: int, end: int) -> bytes:
        """Bytes of one slot; fewer where what lies there ends. Raises what `read_segment` raises."""
        slot, offset = divmod(start, SLOT_BYTES)
        length = end - start
        if slot == 0:
            return self._table[offset : offset + length]
        return self._part(slot - 1, offset, length) if slot <= len(self._resources) else b""

    def _part(self, number: int, offset: int, length: int) -> bytes:
        """The front of a segment is fetched alone, if no more is wanted: it tells what time the clock starts at."""
        if number not in self._held and offset == 0 and length <= HEAD_BYTES:
            return self._fetch(self._resources[number], length)[:length]
        if number not in self._held:
            self._held[number] = self._fetch(self._resources[number], None)
        self._held.move_to_end(number)
        while len(self._held) > _HELD_SEGMENTS:
            self._held.popitem(last=False)
        return self._held[number][offset : offset + length]

    def _fetch(self, resource: Resource, length: int | None) -> bytes:
        if resource.end is None:
            return self._read_segment(resource.url, *((None, None) if length is None else (0, length)))
        end = resource.end if length is None else min(resource.end, resource.start + length)
        return self._read_segment(resource.url, resource.start, end)


def _table(playlist: HlsPlaylist) -> bytes:
    segments = [
        [round(segment.duration_s * US_PER_S), segment.initial, segment.discontinuity] for segment in playlist.segments
    ]
    return PLAYLIST_MAGIC + json.dumps(segments).encode()


def _attributes(line: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(line.partition(":")[2])}


def _failure(reason: Reason, detail: str) -> ClipsetError:
    return ClipsetError(Failure(reason, detail, Stage.RESOLVE))
