"""A playlist's video is cut like any other: by the time since its first picture, from the segments that are needed."""

from fractions import Fraction

import pytest
from clips import clip_of, look
from generated import Essence, remux

from clipset.media.hls import HlsPlaylist, HlsStream
from clipset.types import MediaInput

SECONDS, SEGMENT_S = 40, 4


@pytest.fixture(scope="module", params=["mpegts", "fmp4"])
def playlist(request, library):
    folder = library.folder / f"hls-{request.param}"
    folder.mkdir()
    source = library.encoded("hls.mp4", Essence(Fraction(SECONDS), Fraction(30000, 1001), gop=60))
    options = {
        "hls_time": str(SEGMENT_S),
        "hls_playlist_type": "vod",
        "hls_segment_type": request.param,
        "hls_segment_filename": str(folder / f"%03d.{request.param}"),
        "hls_fmp4_init_filename": "init.mp4",
    }
    return remux(source, folder / "index.m3u8", "hls", options)


class Segments:
    """Reads segments from a folder and remembers which."""

    def __init__(self, folder):
        self.folder = folder
        self.read = []

    def __call__(self, url, start, end):
        name = url.rpartition("/")[2]
        data = (self.folder / name).read_bytes()[start or 0 : end]
        self.read.append((name, len(data)))
        return data


@pytest.mark.parametrize(("start", "end"), [("0", "2"), ("6.3", "8.8"), ("19", "21"), ("38", "40.04")])
def test_a_clip_has_the_frames_of_its_span(shared_engine, playlist, start, end):
    segments = Segments(playlist.parent)
    stream = HlsStream(HlsPlaylist.parse(playlist.read_text(), "https://example.com/v/index.m3u8"), segments)
    with shared_engine.open(MediaInput(stream)) as cutter:
        clip = cutter.cut(clip_of(Fraction(start), Fraction(end)))
    wanted = [n for n in range(1198) if Fraction(start) <= n * Fraction(1001, 30000) < Fraction(end)]
    assert look(clip.data).counters == wanted
    assert clip.facts.audio_codec == "aac"


def test_only_the_segments_of_the_span_are_read_and_the_front_of_the_first(shared_engine, playlist):
    segments = Segments(playlist.parent)
    parsed = HlsPlaylist.parse(playlist.read_text(), "https://example.com/v/index.m3u8")
    with shared_engine.open(MediaInput(HlsStream(parsed, segments))) as cutter:
        cutter.cut(clip_of(21, 23))
        cutter.cut(clip_of(22, 24))
    media = [name for name, _ in segments.read if not name.startswith("init")]
    assert media[0].startswith("000")
    assert len(media) <= 4
    assert len(set(media)) == len(media)
