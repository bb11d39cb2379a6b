"""The small parsers and the arithmetic that decide what is fetched: they read hostile bytes and never raise."""

import itertools
import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipset.media import boxes, ebml, reach
from clipset.media.boxes import Fragment
from clipset.media.cache import BRIDGE_BYTES
from clipset.media.sniff import describe, sniff
from clipset.media.ticks import tick_at

WHOLE = st.integers(0, 10**9)


@given(st.binary(max_size=200), WHOLE)
def test_no_bytes_make_the_parsers_raise(data, position):
    boxes.box_at(data, position)
    list(boxes.boxes_in(data))
    boxes.is_fragmented(data)
    boxes.edit_offset_s(data)
    boxes.parse_sidx(data, position)
    ebml.element_at(data, position)
    list(ebml.elements_in(data))
    ebml.seek_positions(data)
    sniff(data)
    describe(data)


def box(kind, content, size=None):
    return struct.pack(">I4s", 8 + len(content) if size is None else size, kind) + content


def test_boxes_lie_side_by_side_as_far_as_they_are_whole():
    data = box(b"ftyp", b"isom") + box(b"free", b"") + box(b"mdat", b"abc", size=100)
    assert [(b.type, b.start, b.end) for b in boxes.boxes_in(data)] == [(b"ftyp", 0, 12), (b"free", 12, 20)]


def test_a_box_can_have_a_long_size_or_reach_to_the_end():
    assert boxes.box_at(struct.pack(">I4sQ", 1, b"mdat", 1 << 33), 5) == boxes.Box(b"mdat", 5, 21, 5 + (1 << 33))
    assert boxes.box_at(box(b"mdat", b"", size=0), 5).end is None


@pytest.mark.parametrize("size", [2, 7])
def test_a_box_smaller_than_its_header_is_none(size):
    assert boxes.box_at(box(b"free", b"", size=size), 0) is None


@pytest.mark.parametrize("version", [0, 1])
def test_a_segment_index_names_fragments_by_bytes_and_by_seconds(version):
    times = struct.pack(">II" if version == 0 else ">QQ", 90, 8)
    entries = struct.pack(">HH", 0, 2) + struct.pack(">III", 1000, 180, 0) + struct.pack(">III", 500, 90, 0)
    index = box(b"sidx", struct.pack(">B3xII", version, 1, 90) + times + entries)
    assert boxes.parse_sidx(index, 200) == (
        Fragment(208, 1208, Fraction(1), Fraction(3)),
        Fragment(1208, 1708, Fraction(3), Fraction(4)),
    )


def test_an_index_of_indexes_is_not_used():
    entries = struct.pack(">HH", 0, 1) + struct.pack(">III", 0x8000_0000 | 1000, 180, 0)
    assert boxes.parse_sidx(box(b"sidx", struct.pack(">IIIII", 0, 1, 90, 0, 0) + entries), 200) == ()


def test_an_element_of_unknown_size_has_no_end():
    assert ebml.element_at(bytes.fromhex("18538067 01ffffffffffffff"), 40) == ebml.Element(ebml.SEGMENT, 40, 52, None)


def test_a_seek_head_names_positions():
    seek = bytes.fromhex("4dbb 8b 53ab84 1c53bb6b 53ac81 2a")
    assert ebml.seek_positions(seek) == {ebml.CUES: 42}


def reader(data):
    return lambda position, length: data[position : position + length]


def test_blocks_side_by_side_are_unbroken_and_a_hole_is_not():
    block = bytes.fromhex("a3 84 81000080")
    cluster = bytes.fromhex("1f43b675 01ffffffffffffff e7 81 00") + block * 5
    assert ebml.is_unbroken(reader(cluster), 0, len(cluster))
    broken = cluster[:-12] + bytes(6) + block
    assert not ebml.is_unbroken(reader(broken), 0, len(broken))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0\0\0\x18ftypmp42", "mov"),
        (bytes.fromhex("1a45dfa3a3"), "matroska"),
        (b"RIFF\0\0\0\0AVI LIST", "avi"),
        ((b"\x47" + bytes(187)) * 3, "mpegts"),
        (bytes(4) + (b"\x47" + bytes(191)) * 3, "mpegts"),
        (b"FLV\x01", "flv"),
        (b"OggS", "ogg"),
        (b"#EXTM3U\n", None),
        (b"ffconcat version 1.0", None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_a_container_is_known_by_its_first_bytes_and_lists_of_files_are_none(head, name):
    assert sniff(head) == name


def test_an_error_never_quotes_the_file():
    assert describe(b"secret-token") == "no known video container begins with 73 65 63 72 65 74 2d 74"


@given(WHOLE, st.fractions(Fraction(1, 10**6), 1))
def test_a_tick_is_in_a_span_exactly_if_its_time_is(time_us, time_base):
    tick, time_s = tick_at(time_us, time_base), Fraction(time_us, 1_000_000)
    assert (tick - 1) * time_base < time_s <= tick * time_base


FRAGMENTS = tuple(
    Fragment(1000 + n * 500_000, 1000 + (n + 1) * 500_000, Fraction(n * 5), Fraction(n * 5 + 5)) for n in range(20)
)


@given(st.fractions(0, 99), st.fractions(Fraction(1, 10), 20), st.booleans())
def test_the_reach_of_a_span_has_its_start_and_more_than_its_share_of_the_last_fragment(start_s, length_s, picture):
    start, end = reach.fragments_reach(FRAGMENTS, start_s, start_s + length_s, picture)
    assert start == 1000 + int(start_s // 5) * 500_000
    assert end >= min(1000 + 100_000 * (start_s + length_s), 1000 + 20 * 500_000) - 1
    assert end - start <= 100_000 * (length_s + 5) + 200_000


def test_extents_are_joined_over_small_gaps_only():
    gap = 2 * BRIDGE_BYTES
    assert reach.joined([(0, 10), (10 + gap, 20 + gap), (21 + 2 * gap, 30 + 2 * gap)]) == [
        (0, 20 + gap),
        (21 + 2 * gap, 30 + 2 * gap),
    ]


@given(st.lists(st.tuples(WHOLE, st.integers(1, 10**6)), min_size=1, max_size=30))
def test_joined_extents_cover_what_went_in_in_order_and_apart(pieces):
    extents = [(start, start + length) for start, length in pieces]
    result = reach.joined(extents)
    assert all(any(a <= start and end <= b for a, b in result) for start, end in extents)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(result))
