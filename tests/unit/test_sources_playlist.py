"""Which segments of a playlist are read, and what playlists make no sense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipset.sources.youtube.playlist import Playlist, parse
from clipset.types import Span

BASE = "https://manifest.googlevideo.com/api/manifest/hls_playlist/index.m3u8"
S = 1_000_000


def playlist(*lines: str, count: int = 10, end: str = "#EXT-X-ENDLIST") -> Playlist:
    segments = [line for index in range(count) for line in ("#EXTINF:5.005,", f"seg{index}.ts")]
    return parse("\r\n".join(["#EXTM3U", "#EXT-X-VERSION:3", *lines, *segments, end, ""]), BASE)


def names(found: Playlist, *spans_s: tuple[float, float]) -> list[str]:
    spans = [Span(int(a * S), int(b * S)) for a, b in spans_s]
    return [segment.url.rpartition("/")[2].removesuffix(".ts") for segment in found.covering(spans)]


def test_times_add_up_and_names_are_relative_to_the_playlist() -> None:
    segment = playlist().segments[3]
    assert segment.span == Span(15_015_000, 20_020_000)
    assert segment.url == "https://manifest.googlevideo.com/api/manifest/hls_playlist/seg3.ts"
    assert (segment.start, segment.end) == (0, None)


def test_a_span_takes_its_segments_their_neighbours_and_the_first_one_which_tells_the_time() -> None:
    assert names(playlist(), (22, 28)) == ["seg0", "seg3", "seg4", "seg5", "seg6"]
    assert names(playlist(), (0, 1)) == ["seg0", "seg1"]
    assert names(playlist(), (46, 60)) == ["seg0", "seg8", "seg9"]
    assert names(playlist(), (12, 13), (41, 42)) == ["seg0", "seg1", "seg2", "seg3", "seg7", "seg8", "seg9"]


def test_fragmented_mp4_tells_the_time_in_each_segment_and_needs_its_header() -> None:
    found = playlist('#EXT-X-MAP:URI="init.mp4",BYTERANGE="700@0"')
    assert names(found, (22, 23)) == ["seg3", "seg4", "seg5"]
    assert found.header is not None
    assert (found.header.url.rpartition("/")[2], found.header.start, found.header.end) == ("init.mp4", 0, 700)


def test_byte_ranges_without_an_offset_follow_the_one_before() -> None:
    text = "#EXTM3U\n#EXTINF:1,\n#EXT-X-BYTERANGE:100@50\na\n#EXTINF:1,\n#EXT-X-BYTERANGE:30\na\n#EXTINF:1,\nb"
    assert [(item.start, item.end) for item in parse(text, BASE).segments] == [(50, 150), (150, 180), (0, None)]


def test_encrypted_and_growing_playlists_say_so() -> None:
    assert playlist('#EXT-X-KEY:METHOD=AES-128,URI="key"').encrypted
    assert not playlist("#EXT-X-KEY:METHOD=NONE").encrypted
    assert playlist().finished
    assert not playlist(end="").finished


@pytest.mark.parametrize(
    "text",
    ["", "<html>", "#EXTM3U", "#EXTM3U\nseg.ts", "#EXTM3U\n#EXTINF:soon,\nseg.ts", "#EXTM3U\n#EXTINF:-1,\nx",
     "#EXTM3U\n#EXTINF:1e99,\nx", "#EXTM3U\n#EXTINF:NaN,\nx"],
)  # fmt: skip
def test_what_is_no_media_playlist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"segment|EXTM3U"):
        parse(text, BASE)


_lines = st.sampled_from(["#EXTINF:5,", "#EXTINF:", "#EXT-X-BYTERANGE:1", "#EXT-X-MAP:URI", "#EXT-X-KEY:", "a", ""])


@given(st.lists(_lines | st.text(max_size=20), max_size=30))
def test_any_text_is_a_playlist_or_a_value_error(lines: list[str]) -> None:
    try:
        found = parse("\n".join(["#EXTM3U", *lines]), BASE)
    except ValueError:
        return
    assert len(found.covering([Span(0, 10**15)])) == len(found.segments)
