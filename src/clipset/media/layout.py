"""Where the index of a file lies and how its media can be reached: the few small reads before any clip is planned."""

from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

from clipset.media import boxes, ebml
from clipset.media.boxes import Fragment
from clipset.media.cache import BRIDGE_BYTES, READ_BYTES_MAX, ByteCache, Extent
from clipset.media.sniff import MATROSKA, MOV, SNIFF_BYTES, describe, sniff

HEAD_BYTES = 8 * 1024  # holds ftyp + moov + sidx of most DASH files and the cues of most YouTube webm
_BEHIND_BYTES = 16  # what follows the index has to begin like a box or a cluster
_STEP_BYTES = 64 * 1024  # of a read whose right length is not known
_TAIL_BYTES_MAX = 2 * 1024 * 1024  # cues and what follows them, fetched in one go
_MOOV_BYTES_MAX = 256 * 1024 * 1024  # twelve hours at 60 frames a second have 20 MiB
_BOXES_MAX = 1000
_UNINDEXED_SHARE = 0.01  # of a DASH file may follow what its sidx names (an mfra box)


class Access(Enum):
    SAMPLES = "samples"  # every sample is in the index: progressive mp4
    FRAGMENTS = "fragments"  # a segment index: DASH mp4
    CUES = "cues"  # some keyframes are in the index: webm, mkv
    FORWARD = "forward"  # no index that helps: read from the start


class NotMedia(Exception):  # noqa: N818 - a verdict on the file
    """The file is no video that can be read; the text says what it is instead."""


@dataclass(frozen=True, slots=True)
class Layout:
    """`index` are the bytes that libav sees while it opens the file, None for all. The media lies from `start` to
    `end`, where known.

    `edit_s` is how much earlier than its media time an edit list presents the file. Times in `fragments` are presented
    times.
    """

    format: str
    access: Access
    index: tuple[Extent, ...] | None = None
    fragments: tuple[Fragment, ...] = ()
    edit_s: Fraction = Fraction(0)
    start: int = 0
    end: int | None = None

    @property
    def media(self) -> Extent:
        """Where the media lies; to the end of what a file can be, if the end is not known."""
        return self.start, self.end if self.end is not None else 1 << 62


def read_layout(cache: ByteCache, hint: Extent | None = None) -> Layout:
    """Fetch the index of a file, in as few requests as it allows, and say where things lie.

    `hint` is where the index is, if the source knows. Raises NotMedia, and what fetching raises.
    """
    known = hint is not None and hint[1] <= READ_BYTES_MAX
    head_end = hint[1] + _BEHIND_BYTES if hint is not None and known else HEAD_BYTES
    head = cache.get(0, max(head_end, SNIFF_BYTES), pin=True)
    name = sniff(head)
    if name is None:
        raise NotMedia(describe(head))
    if name == MOV:
        return _mov(cache)
    if name == MATROSKA:
        return _matroska(cache)
    return Layout(name, Access.FORWARD, end=_riff_end(head))


def _mov(cache: ByteCache) -> Layout:
    """Follow the boxes to the moov box, wherever it is, and on to a sidx box if the file is fragmented."""
    seen, end = _boxes_to_moov(cache)
    if not boxes.is_fragmented(cache.get(seen[-1].start, end, pin=True)):
        return Layout(
            MOV, Access.SAMPLES, _visible(cache, [(box.start, box.body) for box in seen] + [(seen[-1].start, end)])
        )
    while (box := _box(cache, end, _STEP_BYTES)) is not None and box.type != b"moof" and box.end is not None:
        if box.type == b"sidx":
            return _indexed(cache, box, boxes.edit_offset_s(cache.get(seen[-1].start, seen[-1].end or 0)))
        end = box.end
    return Layout(MOV, Access.FORWARD)


def _boxes_to_moov(cache: ByteCache) -> tuple[list[boxes.Box], int]:
    """The boxes of the file up to its moov box, and where that ends."""
    seen: list[boxes.Box] = []
    position = 0
    while (box := _box(cache, position, _tail_bytes(cache, seen))) is not None and len(seen) < _BOXES_MAX:
        seen.append(box)
        end = box.end if box.end is not None else cache.size_bytes
        if box.type == b"moov" and (end is None or end - box.start > _MOOV_BYTES_MAX):
            raise NotMedia("the index (moov) has no sensible size")
        if end is None or (cache.size_bytes is not None and end > cache.size_bytes):
            break
        if box.type == b"moov":
            return seen, end
        position = end
    raise NotMedia("the index (moov) is missing or cut off")


def _tail_bytes(cache: ByteCache, seen: list[boxes.Box]) -> int:
    """How much to read after these boxes: behind the media, all that is left, for that is where a late moov lies."""
    if cache.size_bytes is None or not any(box.type == b"mdat" for box in seen):
        return _STEP_BYTES
    rest = cache.size_bytes - (seen[-1].end or 0)
    return rest if rest <= READ_BYTES_MAX else _STEP_BYTES


def _box(cache: ByteCache, position: int, bytes_if_missing: int) -> boxes.Box | None:
    stop = position + boxes.HEADER_BYTES_MAX
    if cache.missing(position, stop):
        cache.get(position, position + bytes_if_missing, pin=True)
    return boxes.box_at(cache.get(position, stop), position)


def _visible(cache: ByteCache, ranges: list[Extent]) -> tuple[Extent, ...]:
    """The ranges in order, joined over gaps that libav would rather read than skip, and all of them fetched."""
    joined: list[Extent] = []
    for start, end in sorted(ranges):
        if joined and start - joined[-1][1] <= 2 * BRIDGE_BYTES:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    for start, end in joined:
        cache.get(start, end, pin=True)
    return tuple(joined)


def _indexed(cache: ByteCache, sidx: boxes.Box, edit_s: Fraction) -> Layout:
    """Some writers put media times into a sidx box, some presented times: the first of them shows which."""
    end = sidx.end or 0
    fragments = boxes.parse_sidx(cache.get(sidx.start, end, pin=True), end)
    if not fragments or not _names_all(fragments, cache.size_bytes):
        return Layout(MOV, Access.FORWARD)
    if fragments[0].start_s >= edit_s:
        fragments = tuple(replace(f, start_s=f.start_s - edit_s, end_s=f.end_s - edit_s) for f in fragments)
    return Layout(MOV, Access.FRAGMENTS, ((0, end),), fragments, edit_s, end=fragments[-1].end)


def _names_all(fragments: tuple[Fragment, ...], size_bytes: int | None) -> bool:
    """Whether this index is of the whole file; some files have one before each fragment instead."""
    end = fragments[-1].end
    return size_bytes is None or size_bytes - end <= max(_STEP_BYTES, _UNINDEXED_SHARE * size_bytes)


def _matroska(cache: ByteCache) -> Layout:
    """Read up to the first cluster, and the cues (with what follows them) if they stand behind the clusters."""
    segment, first_cluster, positions = _matroska_head(cache)
    tail = [position for position in positions.values() if position > first_cluster]
    cues = positions.get(ebml.CUES)
    if cues is None:
        return Layout(MATROSKA, Access.FORWARD, end=segment.end)
    index = [(0, first_cluster + ebml.HEADER_BYTES_MAX)]  # libav wants to see that a cluster begins there
    if cues > first_cluster:
        end = segment.end if segment.end is not None else cache.size_bytes
        start = min(tail) if end is not None and end - min(tail) <= _TAIL_BYTES_MAX else cues
        index.append((start, _load_cues(cache, start, cues, end)))
    end = min(tail, default=segment.end if segment.end is not None else cache.size_bytes)
    return Layout(MATROSKA, Access.CUES, _visible(cache, index), start=first_cluster, end=end)


def _matroska_head(cache: ByteCache) -> tuple[ebml.Element, int, dict[int, int]]:
    """The segment, where its first cluster begins, and the positions in the file that its SeekHeads name."""
    header = _element(cache, 0)
    segment = _element(cache, header.end) if header is not None and header.end is not None else None
    if segment is None or segment.id != ebml.SEGMENT:
        raise NotMedia("the file is cut off before its first frame")
    positions: dict[int, int] = {}
    position = segment.body
    while (element := _element(cache, position)) is not None and element.id != ebml.CLUSTER:
        if element.end is None or element.end > READ_BYTES_MAX:
            raise NotMedia("the header of the file is damaged")
        content = cache.get(element.body, element.end + ebml.HEADER_BYTES_MAX, pin=True)[: element.end - element.body]
        if element.id == ebml.SEEK_HEAD:
            found = ebml.seek_positions(content)
            positions |= {id_: segment.body + offset for id_, offset in found.items() if id_ != ebml.CLUSTER}
        elif element.id == ebml.CUES:
            positions[ebml.CUES] = element.start
        position = element.end
    return segment, position, positions


def _element(cache: ByteCache, position: int) -> ebml.Element | None:
    stop = position + ebml.HEADER_BYTES_MAX
    if cache.missing(position, stop):
        cache.get(position, position + _STEP_BYTES, pin=True)
    return ebml.element_at(cache.get(position, stop), position)


def _load_cues(cache: ByteCache, start: int, cues: int, end: int | None) -> int:
    """Fetch from `start` to the segment's end, or just the cues where that would be much. Returns the end."""
    if end is not None and start < end <= start + _TAIL_BYTES_MAX:
        cache.get(start, end, pin=True)
        return end
    element = _element(cache, cues)
    if element is None or element.id != ebml.CUES or element.end is None or element.end - cues > READ_BYTES_MAX:
        raise NotMedia("the index (cues) is cut off or damaged")
    cache.get(cues, element.end, pin=True)
    return element.end


def _riff_end(head: bytes) -> int | None:
    """Where a RIFF file says that it ends; None for other formats and for the size of a live recording (0)."""
    size = int.from_bytes(head[4:8], "little") if head[:4] == b"RIFF" else 0
    return 8 + size if size else None
