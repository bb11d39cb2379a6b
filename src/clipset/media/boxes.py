"""ISO base media file format (ISO/IEC 14496-12): walking boxes, and the segment index of DASH files."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

HEADER_BYTES_MAX = 16
MEDIA_TYPES = frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"sidx", b"moof", b"pnot"})


@dataclass(frozen=True, slots=True)
class Box:
    """Where a box lies: its header, its content, its end; None where it reaches to the end of the file."""

    type: bytes
    start: int
    body: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Fragment:
    """One entry of a segment index: a byte range (moof + mdat) and the presentation time that it holds, in seconds."""

    start: int
    end: int
    start_s: Fraction
    end_s: Fraction


def box_at(header: bytes, start: int) -> Box | None:
    """The box whose first bytes these are (16 are enough); None where they are no box."""
    if len(header) < 8:
        return None
    size, kind = struct.unpack_from(">I4s", header)
    body = 8
    if size == 1:
        if len(header) < HEADER_BYTES_MAX:
            return None
        size, body = struct.unpack_from(">Q", header, 8)[0], HEADER_BYTES_MAX
    if size == 0:
        return Box(kind, start, start + body, None)
    if size < body:
        return None
    return Box(kind, start, start + body, start + size)


def boxes_in(data: bytes) -> Iterator[Box]:
    """The boxes side by side in `data`, as far as they are whole."""
    start = 0
    while (box := box_at(data[start : start + HEADER_BYTES_MAX], start)) is not None:
        if box.end is None or box.end > len(data):
            return
        yield box
        start = box.end


def is_fragmented(moov: bytes) -> bool:
    """Whether a moov box announces movie fragments (it has an mvex box)."""
    head = box_at(moov[:HEADER_BYTES_MAX], 0)
    return head is not None and any(box.type == b"mvex" for box in boxes_in(moov[head.body :]))


def edit_offset_s(moov: bytes) -> Fraction:
    """How much earlier than their media time the first track's pictures are presented, in seconds, by its edit list."""
    try:
        trak = _inside(moov, b"moov", b"trak")
        elst, mdhd = _inside(trak, b"trak", b"edts", b"elst"), _inside(trak, b"trak", b"mdia", b"mdhd")
        media_time = struct.unpack_from(">q", elst, 24)[0] if elst[8] else struct.unpack_from(">i", elst, 20)[0]
        return Fraction(max(0, media_time), struct.unpack_from(">I", mdhd, 28 if mdhd[8] else 20)[0])
    except (struct.error, IndexError, ZeroDivisionError):
        return Fraction(0)


def _inside(data: bytes, *path: bytes) -> bytes:
    """The box at a path (the first of each kind), from the bytes of the outermost one; b"" where there is none."""
    for kind in path[1:]:
        head = box_at(data[:HEADER_BYTES_MAX], 0)
        body = data[head.body :] if head is not None else b""
        data = next((body[box.start : box.end] for box in boxes_in(body) if box.type == kind), b"")
    return data


def parse_sidx(box: bytes, end: int) -> tuple[Fragment, ...]:
    """The fragments of a whole sidx box that ends at byte `end`; () if it is broken or points at other indexes."""
    try:
        return tuple(_fragments(box, end))
    except struct.error:
        return ()


def _fragments(box: bytes, end: int) -> Iterator[Fragment]:
    wide = box[8] != 0 if len(box) > 8 else False
    timescale = struct.unpack_from(">I", box, 16)[0]
    earliest, first_offset = struct.unpack_from(">QQ" if wide else ">II", box, 20)
    position = 20 + (16 if wide else 8)
    count = struct.unpack_from(">H", box, position + 2)[0]
    entries = [struct.unpack_from(">III", box, position + 4 + 12 * i) for i in range(count)]
    if timescale == 0 or any(size & 0x8000_0000 for size, _, _ in entries):
        return
    start, time = end + first_offset, earliest
    for size, duration, _ in entries:
        yield Fragment(start, start + size, Fraction(time, timescale), Fraction(time + duration, timescale))
        start, time = start + size, time + duration
