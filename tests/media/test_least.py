"""The least bytes of a clip, as the media child says them, are those that a look at the whole file finds."""

from collections import defaultdict
from fractions import Fraction

import av
import pytest
from clips import clip_of, media_of

from clipset.media.least import PacketRow, needed_bytes
from clipset.reasons import Reason
from clipset.types import ClipsetError, Precision, Recipe

FORMS = ["mp4", "mp4, moov at the end", "DASH pair", "webm", "webm pair", "mkv"]
RATE = Fraction(25)
SPAN = (5.5, 9.1)
INDEX_SLACK = 0.02  # headers of containers that are neither packets nor index
GROUP = [PacketRow(time, time in {0, 4, 8}, size) for size, time in enumerate((0, 2, 1, 4, 6, 5, 8, 9))]


@pytest.mark.parametrize(
    ("start", "end", "sizes"),
    [(4, 8, (3, 4, 5)), (5, 6, (3, 5)), (0, 1, (0,)), (-3, 3, (0, 1, 2)), (8.5, 99, (6, 7)), (7, 8.5, (3, 4, 5, 6))],
)
def test_it_is_from_the_keyframe_at_or_before_the_start_up_to_the_end(start, end, sizes):
    assert needed_bytes(GROUP, start, end) == sum(sizes)


def test_without_packets_nothing_is_needed():
    assert needed_bytes([], 0, 9) == 0


def from_outside(path, span):
    """(Bytes of the packets that the span needs, bytes of the file that are in no packet.)"""
    streams = defaultdict(list)
    with av.open(str(path)) as container:
        for packet in container.demux():
            if packet.size:
                row = PacketRow(packet.pts * packet.time_base, packet.is_keyframe, packet.size)
                streams[packet.stream.index].append(row)
    total = sum(row.size_bytes for rows in streams.values() for row in rows)
    return sum(needed_bytes(rows, *span) for rows in streams.values()), path.stat().st_size - total


@pytest.mark.parametrize(
    ("form", "precision"),
    [(form, way) for form in FORMS for way in Precision if way is Precision.EXACT or "webm" not in form],
)
def test_each_clip_needs_its_packets_and_the_first_one_the_index_too(library, engine_for, form, precision):
    paths = library.files(form, RATE)
    with engine_for(Recipe(precision=precision)).open(media_of(paths)) as cutter:
        first, second = (cutter.cut(clip_of(*SPAN)).least_bytes for _ in range(2))
    found = [from_outside(path, SPAN) for path in paths]
    needed, no_packets = (sum(part) for part in zip(*found, strict=True))
    assert second == needed
    assert 0 < first - second <= no_packets + INDEX_SLACK * needed


@pytest.mark.parametrize("form", ["fragments without index", "transport stream"])
def test_what_a_clip_needs_is_not_known_where_no_index_tells(library, engine_for, form):
    with engine_for().open(media_of(library.files(form, RATE))) as cutter:
        assert cutter.cut(clip_of(*SPAN)).least_bytes is None


def test_sound_that_nobody_wants_is_not_needed(library, engine_for):
    paths = library.files("mp4", RATE)
    with engine_for(Recipe(audio=False)).open(media_of(paths)) as cutter, engine_for().open(media_of(paths)) as both:
        assert cutter.cut(clip_of(*SPAN)).least_bytes < both.cut(clip_of(*SPAN)).least_bytes


def test_the_index_is_charged_once_even_if_the_first_clip_fails_or_the_child_dies(library, engine_for):
    made = engine_for()
    with made.open(media_of(library.files("mp4", RATE))) as cutter:
        with pytest.raises(ClipsetError):
            cutter.cut(clip_of(100, 110))
        needed = cutter.cut(clip_of(*SPAN)).least_bytes
        made.close()
        assert cutter.cut(clip_of(*SPAN)).least_bytes == needed == from_outside(*library.files("mp4", RATE), SPAN)[0]


SENSELESS = [-1, True, 1.5, "9", [1], 1 << 62]


@pytest.mark.parametrize("value", SENSELESS)
@pytest.mark.parametrize("said", ["index_bytes", "needed_bytes", "frames"])
def test_a_number_that_makes_no_sense_is_a_media_crash(library, engine_for, monkeypatch, said, value):
    """The numbers of a child that answers are put in place of its own."""
    made = engine_for()
    call = made.call

    def lying(request, streams, duration_us):
        header, data = call(request, streams, duration_us)
        facts = header.get("facts", {}) | {said: value}
        return header | {said: value, "facts": facts}, data

    monkeypatch.setattr(made, "call", lying)
    with pytest.raises(ClipsetError) as caught, made.open(media_of(library.files("mp4", RATE))) as cutter:
        cutter.cut(clip_of(2, 2.2))
    assert caught.value.failure.reason is Reason.MEDIA_CRASH


def test_a_child_that_says_nothing_of_what_a_clip_needs_costs_nothing_else(library, engine_for, monkeypatch):
    made = engine_for()
    call = made.call

    def silent(request, streams, duration_us):
        header, data = call(request, streams, duration_us)
        return {name: value for name, value in header.items() if not name.endswith("_bytes")}, data

    monkeypatch.setattr(made, "call", silent)
    with made.open(media_of(library.files("mp4", RATE))) as cutter:
        assert cutter.cut(clip_of(2, 2.2)).least_bytes is None
