"""The generated media: every container shows every frame at its time, in sync, and parses like YouTube's."""

import io
from fractions import Fraction
from math import ceil
from pathlib import Path

import av
import numpy as np
import pytest

from clipset.rehearsal.counter import opens_second, read_flash, read_frame
from clipset.rehearsal.media import (
    AudioCodec,
    Container,
    Layout,
    MediaLibrary,
    MediaSpec,
    Picture,
    Sound,
    VideoCodec,
)

KEY = 777
RATES = [Fraction(25), Fraction(30), Fraction(30_000, 1001), Fraction(24_000, 1001)]
AAC, OPUS = Sound(AudioCodec.AAC, 2), Sound(AudioCodec.OPUS, 2)
# container, video codec, sound, layout; the tolerance of times is that of the container's clock
CONTAINERS = {
    "progressive": (Container.MP4, VideoCodec.H264, AAC, Layout.FRONT, 0),
    "progressive-tail": (Container.MP4, VideoCodec.H264, AAC, Layout.TAIL, 0),
    "dash": (Container.MP4, VideoCodec.H264, None, Layout.FRONT, 0),
    "dash-without-sidx": (Container.MP4, VideoCodec.H264, None, Layout.NO_INDEX, 0),
    "webm": (Container.WEBM, VideoCodec.VP9, None, Layout.FRONT, Fraction(1, 1000)),
    "webm-cues-behind": (Container.WEBM, VideoCodec.VP9, None, Layout.TAIL, Fraction(1, 1000)),
    "webm-without-cues": (Container.WEBM, VideoCodec.VP9, None, Layout.NO_INDEX, Fraction(1, 1000)),
    "hls-ts": (Container.HLS_TS, VideoCodec.H264, AAC, Layout.FRONT, Fraction(1, 1000)),
    "hls-fmp4": (Container.HLS_FMP4, VideoCodec.H264, AAC, Layout.FRONT, Fraction(1, 1000)),
}
DURATION_S = Fraction(23)  # a segment of 20 s and a part of the next


def spec_of(container: str, fps: Fraction = RATES[0], duration_s: Fraction = DURATION_S) -> MediaSpec:
    kind, codec, sound, layout, _ = CONTAINERS[container]
    return MediaSpec(kind, duration_s, Picture(codec, 120, fps, KEY), sound, layout)


@pytest.fixture
def library(cache) -> MediaLibrary:
    return MediaLibrary(cache)


def frames_of(path: Path) -> list[tuple[Fraction, av.VideoFrame]]:
    with av.open(str(path)) as container:
        frames = [(frame.pts * frame.time_base, frame) for frame in container.decode(video=0)]
    return [(time - frames[0][0], frame) for time, frame in frames]


def boxes_of(data: bytes) -> list[str]:
    kinds, position = [], 0
    while position < len(data):
        kinds.append(data[position + 4 : position + 8].decode())
        position += int.from_bytes(data[position : position + 4], "big")
    return kinds


@pytest.mark.parametrize(
    ("container", "fps"),
    [(name, RATES[2]) for name in CONTAINERS]
    + [(name, RATES[i]) for name in ("progressive", "webm") for i in (0, 1, 3)],
    ids=str,
)
def test_every_frame_is_there_at_its_time(container, fps, library):
    file = library.get(spec_of(container, fps))
    tolerance = CONTAINERS[container][-1]
    frames = frames_of(file.path)
    assert len(frames) == ceil(DURATION_S * fps)
    for number, (time, frame) in enumerate(frames):
        assert read_frame(frame) == (KEY, number)
        assert abs(time - number / fps) <= tolerance


def test_a_file_on_disk_begins_at_zero_and_a_playlist_of_ts_later(library):
    with av.open(str(library.get(spec_of("dash")).path)) as container:
        assert container.streams.video[0].start_time == 0
    with av.open(str(library.get(spec_of("hls-ts")).path)) as container:
        assert container.streams.video[0].start_time > 0


def test_pictures_read_back_after_a_hard_encode_at_short_side_128(library):
    frames = [frame for _, frame in frames_of(library.get(spec_of("progressive", duration_s=Fraction(2))).path)]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "35", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 228, 128, "yuv420p"
        for number, frame in enumerate(frames):
            small = frame.reformat(228, 128)
            small.pts, small.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(small))
        out.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer) as container:
        assert [read_frame(frame).frame for frame in container.decode(video=0)] == list(range(50))


@pytest.mark.parametrize("container", ["progressive", "hls-ts"])
def test_sound_beeps_at_full_seconds_where_the_picture_flashes(container, library):
    path = library.get(spec_of(container)).path
    with av.open(str(path)) as opened:
        start = opened.streams.video[0].start_time * opened.streams.video[0].time_base
        flashes = [float(frame.pts * frame.time_base - start) for frame in opened.decode(video=0) if read_flash(frame)]
    beeps = beeps_of(path, float(start))
    assert len(flashes) == len(beeps) == 23
    assert max(abs(flash - beep) for flash, beep in zip(flashes, beeps, strict=True)) < 0.003


def beeps_of(path: Path, start_s: float) -> list[float]:
    """When the sound becomes loud after being quiet, in seconds."""
    with av.open(str(path)) as container:
        times, levels = [], []
        for frame in container.decode(audio=0):
            samples = np.abs(frame.to_ndarray()[0])
            first_s = float(frame.pts * frame.time_base) - start_s
            times.append(first_s + np.arange(samples.size) / frame.sample_rate)
            levels.append(samples)
    loud = np.concatenate(times)[np.concatenate(levels) > 0.3]
    loud = loud[loud < DURATION_S]  # the last packet may reach over the end
    return [float(loud[0]), *map(float, loud[1:][np.diff(loud) > 0.5])]


def test_a_longer_video_shares_the_pieces_of_a_shorter_one(tmp_path):
    library = MediaLibrary(tmp_path)
    library.get(spec_of("dash", duration_s=Fraction(20)))
    library.get(spec_of("dash", duration_s=Fraction(40)))
    assert len(list(tmp_path.rglob("video-*.mp4"))) == 2  # the first 20 s are one piece, made once


def test_the_same_spec_gives_the_same_bytes_whatever_was_made_before(tmp_path):
    alone, after = MediaLibrary(tmp_path / "a"), MediaLibrary(tmp_path / "b")
    after.get(spec_of("progressive", duration_s=Fraction(40)))
    short = spec_of("progressive", duration_s=Fraction(21))
    assert alone.get(short).path.read_bytes() == after.get(short).path.read_bytes()


def test_a_kept_cache_is_used_again(tmp_path):
    made = MediaLibrary(tmp_path).get(spec_of("dash", duration_s=Fraction(1))).path
    before = made.stat().st_mtime_ns
    assert MediaLibrary(tmp_path).get(spec_of("dash", duration_s=Fraction(1))).path.stat().st_mtime_ns == before
    assert not list(tmp_path.rglob("part-*"))


@pytest.mark.parametrize(
    ("container", "order"),
    [
        ("progressive", ["ftyp", "moov", "free", "mdat"]),
        ("progressive-tail", ["ftyp", "free", "mdat", "moov"]),
        ("dash", ["ftyp", "moov", "sidx", "moof", "mdat"]),
        ("dash-without-sidx", ["ftyp", "moov", "moof", "mdat"]),
    ],
)
def test_mp4_boxes_lie_as_in_youtubes_files(container, order, library):
    assert boxes_of(library.get(spec_of(container)).path.read_bytes())[: len(order)] == order


def test_the_sidx_tells_where_the_fragments_lie(library):
    file = library.get(spec_of("dash"))
    data, index = file.path.read_bytes(), file.ranges.index
    assert file.ranges.init == (0, index[0] - 1)
    sidx = data[index[0] : index[1] + 1]
    assert sidx[4:8] == b"sidx"
    position, references = index[1] + 1, int.from_bytes(sidx[38:40], "big")
    assert references == 5
    for reference in range(references):
        assert data[position + 4 : position + 8] == b"moof"
        position += int.from_bytes(sidx[40 + 12 * reference : 44 + 12 * reference], "big") & 0x7FFFFFFF
    assert boxes_of(data[position:])[:1] in ([], ["mfra"])


def test_the_index_range_of_a_webm_holds_its_cues(library):
    file = library.get(spec_of("webm"))
    index = file.ranges.index
    data = file.path.read_bytes()
    assert data[index[0] : index[0] + 4] == b"\x1c\x53\xbb\x6b"
    assert data[index[1] + 1 : index[1] + 5] == b"\x1f\x43\xb6\x75"
    assert library.get(spec_of("webm-cues-behind")).ranges.index is None
    assert library.get(spec_of("webm-without-cues")).ranges.index is None


@pytest.mark.parametrize(
    ("container", "codecs"),
    [("progressive", "avc1.4d400b, mp4a.40.2"), ("hls-ts", "avc1.4d400b, mp4a.40.2"), ("webm", "vp9")],
)
def test_the_codecs_are_named_as_in_a_mime_type(container, codecs, library):
    assert library.get(spec_of(container)).codecs == codecs


@pytest.mark.parametrize(("container", "sound"), [(Container.MP4, AAC), (Container.WEBM, OPUS)])
def test_sound_alone_lasts_as_long_as_the_video(container, sound, library):
    file = library.get(MediaSpec(container, DURATION_S, None, sound))
    assert file.ranges.index is not None
    with av.open(str(file.path)) as opened:
        end_s = max(
            float(frame.pts * frame.time_base) + frame.samples / frame.sample_rate for frame in opened.decode(audio=0)
        )
    assert abs(end_s - DURATION_S) < 0.05
    assert len(beeps_of(file.path, 0.0)) == 23


def test_keyframes_come_every_five_seconds_and_pictures_are_reordered(library):
    with av.open(str(library.get(spec_of("progressive")).path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
    assert [int(packet.pts * packet.time_base) for packet in packets if packet.is_keyframe] == [0, 5, 10, 15, 20]
    assert any(packet.pts != packet.dts for packet in packets)


def test_flash_and_counter_agree_on_what_opens_a_second(library):
    for time, frame in frames_of(library.get(spec_of("progressive", RATES[2])).path):
        assert read_flash(frame) == opens_second(round(time * RATES[2]), RATES[2])
