"""A clip has the frames of its span, each of them and no other, at its own time."""

import io
from fractions import Fraction

import av
import pytest
from clips import counters_and_times, frames_between, look, stored_times
from generated import FORMS, Essence, remux

RATES = [Fraction(25), Fraction(30), Fraction(30000, 1001), Fraction(24000, 1001)]
AT_EVERY_RATE = ("mp4", "DASH pair", "webm")
SPANS = [("0", "1.5"), ("9.30", "10.80"), ("14.5", "16")]  # of 16 s


@pytest.mark.parametrize(
    ("form", "rate"),
    [(form, rate) for form in FORMS for rate in RATES if form in AT_EVERY_RATE or rate == RATES[2]],
    ids=lambda value: value if isinstance(value, str) else f"{float(value):.3f} fps",
)
def test_every_container_gives_the_frames_of_the_span(cuts, library, form, rate):
    paths = library.files(form, rate)
    times = stored_times(paths[0], from_first=form == "transport stream")
    for start, end in SPANS:
        clip = look(cuts.cut(paths, Fraction(start), Fraction(end)).data)
        wanted = [(n, time) for n, time in enumerate(times) if Fraction(start) <= time < Fraction(end)]
        assert clip.counters == [n for n, _ in wanted], (start, end)
        assert clip.times_s == [time - wanted[0][1] for _, time in wanted]


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{float(rate):.3f} fps")
def test_the_frames_of_a_span_are_those_of_exact_arithmetic(cuts, library, rate):
    clip = look(cuts.cut(library.files("mp4", rate), Fraction("9.30"), Fraction("10.80")).data)
    assert clip.counters == frames_between(Fraction("9.30"), Fraction("10.80"), rate)


def test_a_span_that_begins_at_a_frames_time_begins_with_that_frame(cuts, library):
    clip = look(cuts.cut(library.files("mp4", Fraction(30000, 1001)), Fraction("10.01"), Fraction("11.011")).data)
    assert (clip.counters[0], clip.counters[-1]) == (300, 329)


def test_variable_frame_rate_keeps_every_time(cuts, library):
    times_ms = [40 * n + (n * n) % 17 + (300 if n > 120 else 0) for n in range(300)]
    essence = Essence(Fraction(12), ticks=times_ms.__getitem__, audio=None)
    path = library.encoded("vfr.mp4", essence)
    clip = look(cuts.cut([path], 3, 9).data)
    wanted = [n for n, time in enumerate(times_ms) if 3000 <= time < 9000]
    assert clip.counters == wanted
    assert clip.times_s == [Fraction(times_ms[n] - times_ms[wanted[0]], 1000) for n in wanted]


STREAMS = {
    "no b-frames": {"bf": "0"},
    "many b-frames": {"bf": "8", "b-pyramid": "normal", "b_strategy": "0"},
    "open groups": {"flags": "-cgop", "x264-params": "open-gop=1:bframes=3:b-pyramid=normal:b-adapt=0:scenecut=0"},
    "intra refresh": {"x264-params": "intra-refresh=1"},
    "interlaced": {"x264-params": "tff=1"},
}


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("form", ["mp4", "matroska", "mpegts"])
def test_every_kind_of_h264_is_decoded_from_the_right_place(cuts, library, stream, form):
    essence = Essence(Fraction(8), gop=30, video_options=STREAMS[stream], audio=None, texture=4)
    path = library.encoded(f"{stream}.mp4".replace(" ", "_"), essence)
    path = remux(path, path.with_suffix(f".in.{form}"), form)
    times = stored_times(path, from_first=form == "mpegts")
    for start, end in ((0, 1), (2.5, 4.1), (4.8, 6)):
        wanted = [n for n, time in enumerate(times) if Fraction(str(start)) <= time < Fraction(str(end))]
        assert look(cuts.cut([path], start, end).data).counters == wanted, (start, end)


def test_an_edit_list_that_hides_the_beginning_moves_the_time_line(cuts, library, tmp_path):
    """A copied clip of ffmpeg's hides frames before its start: they are not there for us either."""
    source = library.files("mp4", Fraction(25))[0]
    path = tmp_path / "edited.mp4"
    with av.open(str(source)) as container, av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream_from_template(container.streams.video[0])
        container.seek(int(5 / container.streams.video[0].time_base), stream=container.streams.video[0])
        for packet in container.demux(container.streams.video[0]):
            if packet.dts is not None:
                packet.pts, packet.dts = (
                    tick - int(Fraction(5) / packet.time_base) for tick in (packet.pts, packet.dts)
                )
                packet.stream = stream
                out.mux(packet)
    shown = [n for n, time in counters_and_times(path) if 0 <= time < 2]
    assert look(cuts.cut([path], 0, 2).data).counters == shown


def test_a_stream_that_does_not_say_how_deep_it_reorders_loses_no_frame(cuts, library):
    """Decoders learn the depth from what comes too late, and drop that; here it is known from the packets."""
    options = {"bf": "4", "b_strategy": "0", "b-pyramid": "normal", "sc_threshold": "0"}
    source = library.encoded("told.mp4", Essence(Fraction(6), gop=40, video_options=options, audio=None, texture=60))
    restricted, untold = bytes.fromhex("3c50a658"), bytes.fromhex("10000000")  # the end of the SPS, with and without
    assert source.read_bytes().count(restricted) == 1
    path = source.with_name("untold.mp4")
    path.write_bytes(source.read_bytes().replace(restricted, untold))
    for form, options in (("mp4", {"movflags": "+dash+global_sidx+frag_keyframe+delay_moov"}), ("matroska", {})):
        container = remux(path, path.with_suffix(f".in.{form}"), form, options)
        times = stored_times(container)
        for start in (times[40], times[80]):  # at keyframes, where the decoder has seen nothing yet
            wanted = [n for n, time in enumerate(times) if start <= time < start + 1]
            assert look(cuts.cut([container], start, start + 1).data).counters == wanted


def test_frames_before_the_first_cue_are_there(cuts, library):
    """Some writers leave the first keyframe out of the cues; seeking goes no further back than to the first of them."""
    source = library.files("mkv", Fraction(30000, 1001))[0]
    cues = source.read_bytes().index(bytes.fromhex("1c53bb6b"))
    data = bytearray(source.read_bytes())
    first = data.index(b"\xbb", cues + 5)
    data[first] = 0xEC  # Void instead of CuePoint
    path = source.with_name("no_first_cue.mkv")
    path.write_bytes(data)
    wanted = [n for n, time in enumerate(stored_times(path)) if Fraction(1, 2) <= time < Fraction(3, 2)]
    assert look(cuts.cut([path], Fraction(1, 2), Fraction(3, 2)).data).counters == wanted


def test_the_sources_picture_types_are_not_forced_on_the_clip(cuts, library):
    essence = Essence(Fraction(4), gop=5, video_options={"sc_threshold": "0"}, audio=None)
    data = cuts.cut([library.encoded("many_keyframes.mp4", essence)], 0, 3).data
    with av.open(io.BytesIO(data)) as container:
        assert sum(packet.is_keyframe for packet in container.demux(video=0) if packet.size) < 5  # of 15
