"""Which bytes hold a span: pure arithmetic over the three kinds of index."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from fractions import Fraction

from clipset.media.boxes import Fragment
from clipset.media.cache import BRIDGE_BYTES, REQUEST_BYTES, Extent

# Of a group of pictures may be its first: 0.03 to 0.18 in groups of five seconds. More, for fewer requests, in webm.
_KEYFRAME_OF_FRAGMENT, _KEYFRAME_OF_CLUSTER = Fraction(3, 20), Fraction(9, 50)
SOUND_MARGIN = Fraction(1, 25)
"""Of a unit's bytes: how far the sizes of its sound may lie from a line. Up to 0.029 in ten seconds (bench_curves)."""

Cue = tuple[int, int]  # time in ticks, position in bytes


def joined(extents: Iterable[Extent]) -> list[Extent]:
    """The extents in order, those joined that lie so close that a request would cost more than the gap."""
    result: list[Extent] = []
    for start, end in sorted(extents):
        if result and start - result[-1][1] <= 2 * BRIDGE_BYTES:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def fragments_reach(
    fragments: Sequence[Fragment], start_s: Fraction, end_s: Fraction, picture: bool, lead: int = 0
) -> Extent:
    """From the fragment with `start_s` to the part of the last one that is expected to hold all before `end_s`.

    `lead` is how many fragments earlier to begin.
    """
    starts = [fragment.start_s for fragment in fragments]
    first = fragments[max(0, bisect_right(starts, start_s) - 1 - lead)]
    last = fragments[max(0, bisect_left(starts, end_s) - 1)]
    share = (end_s - last.start_s) / (last.end_s - last.start_s) if last.end_s > last.start_s else Fraction(1)
    keyframe = _KEYFRAME_OF_FRAGMENT if picture else None
    return first.start, last.start + _front_bytes(last.end - last.start, share, keyframe)


def cues_reach(cues: Sequence[Cue], start: int, end: int, picture: bool, lead: int = 0) -> Extent:
    """As fragments_reach, in ticks; the last cue is the end of the media.

    From the one before it on libav looks for more of them, and reads all that is left.
    """
    times = [time for time, _ in cues]
    first = min(max(0, bisect_right(times, start) - 1 - lead), len(cues) - 2)
    last = min(max(first, bisect_left(times, end) - 1), len(cues) - 2)
    if first == len(cues) - 2:
        return cues[first][1], cues[-1][1]
    (time, position), (next_time, next_position) = cues[last], cues[last + 1]
    share = Fraction(end - time, next_time - time) if next_time > time else Fraction(1)
    keyframe = _KEYFRAME_OF_CLUSTER if picture else None
    return cues[first][1], position + _front_bytes(next_position - position, share, keyframe)


def _front_bytes(size_bytes: int, share: Fraction, keyframe: Fraction | None) -> int:
    """The bytes that hold the first `share` of a unit: a line above the curve, for a keyframe comes first, if any does.

    Of pictures the whole, where asking for the rest would cost more than having it.
    """
    share = min(share, Fraction(1))
    if keyframe is None:
        return min(size_bytes, int(size_bytes * (share + SOUND_MARGIN)))
    expected = int(size_bytes * (keyframe + (1 - keyframe) * share))
    return size_bytes if size_bytes - expected <= max(REQUEST_BYTES, size_bytes // 10) else expected
