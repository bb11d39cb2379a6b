"""A clip has the frames of its span, each of them and no other, at its own time."""

from fractions import Fraction

import av
import pytest
from clips import counters_and_times, frames_between, look, stored_times
from conftest import FORMS
from generated import Essence, remux

RATES = [Fraction(25), Fraction(30), Fraction(30000, 1001), Fraction(24000, 1001)]
AT_EVERY_RATE = ("mp4", "DASH pair", "webm")
SPANS = [("0", "1.5"), ("9.30", "10.80"), ("14.5", "16")]  # of 16 s


@pytest.mark.parametrize(
    ("form", "rate"),
    [(form, rate) for form in FORMS for rate in RATES if form in AT_EVERY_RATE or rate == RATES[2]],
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
