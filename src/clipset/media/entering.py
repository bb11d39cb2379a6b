"""Beginning in the middle of a unit of sound: a DASH fragment, a webm cluster.

Units have five or ten seconds, so half of one lies before a span on average: at 128 kbit/s a tenth of all that a clip
takes. Of this lead libav needs only the front. For a fragment that is fetched, in a request of its own, and tells where
each sample lies; for a cluster it is made up. What lies between the front and the span is covered with nothing, for
libav reads on over small gaps.
"""

from __future__ import annotations

from fractions import Fraction

from av.stream import Stream

from clipset.media import boxes, cluster
from clipset.media.boxes import Fragment
from clipset.media.cache import READ_BYTES_MAX, REQUEST_BYTES, ByteCache, Extent
from clipset.media.demux import Demuxer
from clipset.media.index import CueIndex, FragmentIndex
from clipset.media.reach import SOUND_MARGIN, Cue

_MOOF_BYTES, _SAMPLE_BYTES = 128, 8  # a moof box has its head, and a size or a size and a duration of each sample
_SAMPLES_PER_S = 48_000 / 1024
_LEAD_BYTES_MIN = 4 * 1024  # of a cluster


def enter(demuxer: Demuxer, cache: ByteCache, stream: Stream, extents: list[Extent], start: int) -> int:
    """Where in the extents to begin, so that all from tick `start` on is there; the cache covers what lies before.

    0 where nothing is left out. The file must have no other stream that is read. Raises what libav and fetching raise.
    """
    cache.cover(0, b"")
    if not extents or extents[0][1] - extents[0][0] > READ_BYTES_MAX:
        return 0
    match demuxer.index:
        case FragmentIndex(fragments):
            return enter_fragment(demuxer, cache, stream, fragments, extents[0], start)
        case CueIndex(cues) if stream.index in cues:
            return enter_cluster(cache, cues[stream.index], extents[0], start)
    return 0


def enter_fragment(
    demuxer: Demuxer, cache: ByteCache, stream: Stream, fragments: tuple[Fragment, ...], extent: Extent, start: int
) -> int:
    fragment = next(item for item in fragments if item.start == extent[0])
    duration_s = fragment.end_s - fragment.start_s
    passed_s = start * (stream.time_base or Fraction(1)) - fragment.start_s
    if passed_s <= 0 or duration_s <= 0:
        return 0
    guess = fragment.start + _MOOF_BYTES + int(_SAMPLE_BYTES * _SAMPLES_PER_S * duration_s)
    expected = fragment.start + int((fragment.end - fragment.start) * min(Fraction(1), passed_s / duration_s))
    if _missing_bytes(cache, guess, expected) <= REQUEST_BYTES:
        return 0
    moof = boxes.box_at(cache.get(fragment.start, guess)[: boxes.HEADER_BYTES_MAX], fragment.start)
    if moof is None or moof.type != b"moof" or moof.end is None or moof.end > expected:
        return 0
    front_end = max(guess, moof.end + boxes.HEADER_BYTES_MAX)
    cache.get(fragment.start, front_end)
    first = demuxer.sample_position(stream, start, (fragment.start, front_end))
    if first is None or not front_end < first < extent[1]:
        return 0
    cache.cover(front_end, bytes(first - front_end))
    return first


def enter_cluster(cache: ByteCache, cues: list[Cue], extent: Extent, start: int) -> int:
    """Fetches the extent but for the lead. If it was cut too short, or is no such cluster, the lead stays to fetch."""
    number = next((i for i, (_, position) in enumerate(cues[:-1]) if position == extent[0]), None)
    if number is None:
        return 0
    (time, position), (next_time, next_position) = cues[number : number + 2]
    if next_position + cluster.FRONT_BYTES_MIN > extent[1] or next_time <= time:
        return 0
    share = min(Fraction(1), Fraction(start - time, next_time - time)) - SOUND_MARGIN
    entry = position + int((next_position - position) * share)
    if _missing_bytes(cache, position, entry) < _LEAD_BYTES_MIN:
        return 0
    data, rest_bytes = cache.get(entry, extent[1]), next_position - entry
    rest, next_first = cluster.rest_of_cluster(data[:rest_bytes]), cluster.first_time(data[rest_bytes:])
    if rest is None or next_first is None or time + rest.start > start:
        return 0
    if abs(time + rest.end - next_first) > rest.spacing / 4:
        return 0
    first = entry + rest.offset
    cache.cover(position, cluster.front(time, first - position, next_position - position))
    return first


def _missing_bytes(cache: ByteCache, start: int, end: int) -> int:
    return sum(stop - begin for begin, stop in cache.missing(start, end))
