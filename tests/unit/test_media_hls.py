"""Playlists are read as RFC 8216 has them, and what cannot be used is refused with its reason."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipset.media.hls import HEAD_BYTES, SLOT_BYTES, HlsPlaylist, HlsStream
from clipset.reasons import Reason
from clipset.types import ClipsetError

BASE = "https://example.com/v/list.m3u8?sig=SECRET"
PLAIN = "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:4.004,\na.ts\n#EXTINF:3.5,title\nhttps://cdn.example/b.ts\n#EXT-X-ENDLIST\n"
RANGES = """\ufeff#EXTM3U
#EXT-X-MAP:URI="all.mp4",BYTERANGE="700@0"
#EXTINF:2,
#EXT-X-BYTERANGE:1000@700
all.mp4
#EXT-X-DISCONTINUITY
#EXTINF:2,
#EXT-X-BYTERANGE:500
all.mp4
#EXT-X-ENDLIST
"""


def test_segments_have_absolute_urls_and_exact_durations():
    segments = HlsPlaylist.parse(PLAIN, BASE).segments
    assert [s.resource.url for s in segments] == ["https://example.com/v/a.ts", "https://cdn.example/b.ts"]
    assert [s.duration_s for s in segments] == [Fraction("4.004"), Fraction("3.5")]


def test_byte_ranges_go_on_where_the_last_one_ended():
    playlist = HlsPlaylist.parse(RANGES, BASE)
    assert [(s.resource.start, s.resource.end, s.initial, s.discontinuity) for s in playlist.segments] == [
        (700, 1700, 0, False),
        (1700, 2200, 0, True),
    ]
    assert (playlist.initials[0].start, playlist.initials[0].end) == (0, 700)


def test_windows_line_ends_and_an_unencrypted_key_change_nothing():
    text = PLAIN.replace("#EXTINF:3.5", "#EXT-X-KEY:METHOD=NONE\n#EXTINF:3.5").replace("\n", "\r\n")
    assert HlsPlaylist.parse(text, BASE) == HlsPlaylist.parse(PLAIN, BASE)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PLAIN.replace("#EXTINF:4", '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x"\n#EXTINF:4'), Reason.DRM),
        (PLAIN.replace("#EXT-X-ENDLIST", ""), Reason.LIVE),
        ("<html></html>", Reason.DAMAGED_MEDIA),
        ("", Reason.DAMAGED_MEDIA),
        ("#EXTM3U\n#EXT-X-ENDLIST\n", Reason.DAMAGED_MEDIA),
        ("#EXTM3U\na.ts\n#EXT-X-ENDLIST\n", Reason.DAMAGED_MEDIA),
        ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n#EXT-X-ENDLIST\n", Reason.DAMAGED_MEDIA),
        (PLAIN.replace("#EXTINF:4", "#EXT-X-BYTERANGE:many\n#EXTINF:4"), Reason.DAMAGED_MEDIA),
        (PLAIN.replace("#EXTINF:4", "#EXT-X-MAP:BYTERANGE=1\n#EXTINF:4"), Reason.DAMAGED_MEDIA),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(text, reason):
    with pytest.raises(ClipsetError) as caught:
        HlsPlaylist.parse(text, BASE)
    assert caught.value.failure.reason is reason


@given(st.text(alphabet='#EXTINFM3U-:,@="\n0123456789.ab\u20e3', max_size=200))
def test_no_text_makes_it_raise_anything_else(text):
    try:
        HlsPlaylist.parse(f"#EXTM3U\n{text}\n#EXT-X-ENDLIST", BASE)
    except ClipsetError as error:
        assert error.failure.reason in (Reason.DAMAGED_MEDIA, Reason.DRM)  # noqa: PT017 - most texts are refused


def test_urls_are_in_no_text():
    playlist = HlsPlaylist.parse(PLAIN.replace("a.ts", "a.ts?sig=SECRET"), BASE)
    assert "SECRET" not in repr(playlist)


def test_a_stream_reads_segments_once_and_their_ranges(tmp_path):
    read = []

    def read_segment(url, start, end):
        read.append((url.rpartition("/")[2], start, end))
        return bytes(range(256))[:200]

    stream = HlsStream(HlsPlaylist.parse(RANGES, BASE), read_segment)
    first, init = SLOT_BYTES, 3 * SLOT_BYTES
    assert len(stream.read(first, first + 10_000_000)) == 200
    assert stream.read(first + 150, first + 1_000_000) == bytes(range(150, 200))
    assert stream.read(first + 200, first + 1_000_000) == b""
    assert len(stream.read(init, init + 10_000_000)) == 200
    assert read == [("all.mp4", 700, 1700), ("all.mp4", 0, 700)]


def test_the_front_of_a_segment_can_be_read_alone():
    read = []
    stream = HlsStream(HlsPlaylist.parse(PLAIN, BASE), lambda *asked: read.append(asked) or bytes(500_000))
    assert len(stream.read(SLOT_BYTES, SLOT_BYTES + HEAD_BYTES)) == HEAD_BYTES
    assert read == [("https://example.com/v/a.ts", 0, HEAD_BYTES)]
