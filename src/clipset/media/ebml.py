"""Just enough EBML (RFC 8794) and Matroska (RFC 9559) to find where the index of a file lies."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

EBML = 0x1A45DFA3
SEGMENT = 0x18538067
SEEK_HEAD = 0x114D9B74
CLUSTER = 0x1F43B675
CUES = 0x1C53BB6B
_SEEK, _SEEK_ID, _SEEK_POSITION = 0x4DBB, 0x53AB, 0x53AC

HEADER_BYTES_MAX = 12
_TOP = frozenset({SEEK_HEAD, CUES, 0x1549A966, 0x1654AE6B, 0x1043A770, 0x1941A469, 0x1254C367})
_IN_CLUSTERS = frozenset({0xA3, 0xA0, 0xAF, 0xE7, 0xA7, 0xAB, 0x5854})  # blocks, their time, places and sizes
_FOLLOW_ON = _TOP | _IN_CLUSTERS | {CLUSTER, 0xEC, 0xBF}  # and Void, CRC-32


@dataclass(frozen=True, slots=True)
class Element:
    """Where an element lies; `end` is None where its size is unknown (live recordings)."""

    id: int
    start: int
    body: int
    end: int | None


def element_at(header: bytes, start: int) -> Element | None:
    """The element whose first bytes these are (12 are enough); None where they are no element."""
    id_bytes = _length(header[:1], 4)
    size_bytes = _length(header[id_bytes : id_bytes + 1], 8) if id_bytes else 0
    body = id_bytes + size_bytes
    if not size_bytes or len(header) < body:
        return None
    size = int.from_bytes(header[id_bytes:body]) & ((1 << 7 * size_bytes) - 1)
    unknown = size == (1 << 7 * size_bytes) - 1
    return Element(int.from_bytes(header[:id_bytes]), start, start + body, None if unknown else start + body + size)


def elements_in(data: bytes) -> Iterator[Element]:
    """The elements side by side in `data`, as far as they are whole."""
    start = 0
    while (element := element_at(data[start : start + HEADER_BYTES_MAX], start)) is not None:
        if element.end is None or element.end > len(data):
            return
        yield element
        start = element.end


def seek_positions(seek_head: bytes) -> dict[int, int]:
    """The content of a SeekHead: element id -> position, counted from the segment's first content byte."""
    positions: dict[int, int] = {}
    for seek in elements_in(seek_head):
        if seek.id != _SEEK:
            continue
        content = seek_head[seek.body : seek.end]
        fields = {field.id: int.from_bytes(content[field.body : field.end]) for field in elements_in(content)}
        if _SEEK_ID in fields and _SEEK_POSITION in fields:
            positions.setdefault(fields[_SEEK_ID], fields[_SEEK_POSITION])
    return positions


def is_unbroken(read: Callable[[int, int], bytes], start: int, end: int) -> bool:
    """Whether elements of clusters stand side by side from the cluster at `start` to `end` at least.

    libav skips what it cannot read and goes on at the next cluster: frames in between are lost without a word.
    `read` gives the bytes at (position, length).
    """
    position = start
    while position < end:
        element = element_at(read(position, HEADER_BYTES_MAX), position)
        if element is None or element.id not in _FOLLOW_ON:
            return False
        if element.id != CLUSTER and element.end is None:
            return False
        position = element.body if element.end is None or element.id == CLUSTER else element.end
    return True


def _length(first: bytes, most: int) -> int:
    """How long a variable-size integer is, from its first byte; 0 where it is none."""
    if not first or first[0] == 0:
        return 0
    length = 9 - first[0].bit_length()
    return length if length <= most else 0
