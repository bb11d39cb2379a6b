"""Finds the header and the index of a generated file: the byte ranges that YouTube's player response names. Pure.

Ranges are (first, last) in bytes, both inclusive, as `initRange` and `indexRange` have them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

ByteRange = tuple[int, int]

_SEGMENT, _CUES, _CLUSTER = 0x18538067, 0x1C53BB6B, 0x1F43B675  # EBML ids of Matroska
_SPS = b"\0\0\1\x67"


@dataclass(frozen=True, slots=True)
class Ranges:
    """None where the file has no such part in front of its media."""

    init: ByteRange | None
    index: ByteRange | None


def mp4_ranges(head: bytes) -> Ranges:
    """Of a fragmented file: ftyp and moov, sidx. `head` must hold the whole sidx."""
    boxes = {kind: (start, end) for kind, start, end in _mp4_boxes(head)}
    if "moov" not in boxes:
        return Ranges(None, None)
    sidx = boxes.get("sidx")
    return Ranges((0, boxes["moov"][1] - 1), None if sidx is None else (sidx[0], sidx[1] - 1))


def webm_ranges(head: bytes) -> Ranges:
    """Everything before the cues, and the cues, if they come before the first cluster."""
    for kind, start, end in _elements(head):
        if kind == _CUES:
            return Ranges((0, start - 1), (start, end - 1))
        if kind == _CLUSTER:
            return Ranges((0, start - 1), None)
    return Ranges(None, None)


def codec_string(extradata: bytes | None, codec: str) -> str:
    """The name in a MIME type's `codecs`, from the decoder's configuration (H.264: avcC, or NAL units in ts)."""
    if codec == "h264" and extradata:
        profile_at = 1 if extradata[0] == 1 else extradata.index(_SPS) + len(_SPS)
        return f"avc1.{extradata[profile_at : profile_at + 3].hex()}"
    return {"aac": "mp4a.40.2", "vp9": "vp9", "opus": "opus"}[codec]


def _mp4_boxes(data: bytes) -> Iterator[tuple[str, int, int]]:
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        yield data[position + 4 : position + 8].decode("latin-1"), position, position + size
        position += max(size, 8)


def _elements(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Elements of the first two levels, in order: (id, start, end)."""
    position = 0
    while position + 12 <= len(data):
        start = position
        kind, position = _vint(data, position, keep_marker=True)
        size, position = _vint(data, position, keep_marker=False)
        yield kind, start, position + size
        if kind != _SEGMENT:  # the segment's children are the second level
            position += size


def _vint(data: bytes, position: int, *, keep_marker: bool) -> tuple[int, int]:
    """A variable-length integer of EBML and the position after it."""
    length = 9 - data[position].bit_length()
    value = int.from_bytes(data[position : position + length], "big")
    return value if keep_marker else value & (1 << 7 * length) - 1, position + length
