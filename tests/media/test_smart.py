"""A smart clip has the frames of an exact one, most of them the source's own to the bit, and says if it could not."""

import io
import threading
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from clips import Cuts, clip_of, look, stored_times
from generated import Essence, remux
from serving import Memory
from test_sound import beeps, flashes, shifted_sound
from test_sound import source as sounding

from clipset.media import MediaEngine, complaints, h264, job, smart, verify
from clipset.media.cache import ByteCache
from clipset.media.layout import read_layout
from clipset.media.limits import Limits
from clipset.media.tracks import MediaFile
from clipset.types import ClipsetError, Precision, Recipe, Span

SMART = Recipe(Precision.SMART)
GOP, RATE = 40, 25
SPANS = {  # of groups that begin every 1.6 s
    "amid groups": ("1.3", "4.5"),
    "from a keyframe, to one": ("1.6", "4.8"),
    "one frame before a keyframe": ("1.56", "3.3"),
    "up to one frame behind a keyframe": ("2.4", "3.24"),
    "from the beginning": ("0", "1.1"),
}
STREAMS = {
    "x264 medium": {"preset": "medium"},
    "x264 veryfast": {"preset": "veryfast"},
    "deep b-frames": {"bf": "8", "b-pyramid": "normal", "b_strategy": "0", "refs": "5"},
    "temporal direct, weighted": {"preset": "slow", "direct-pred": "temporal", "weightp": "2"},
    "baseline, as hardware has it": {"profile": "baseline", "bf": "0", "refs": "1", "coder": "0"},
    "main, without b-frames": {"profile": "main", "bf": "0"},
    "four slices, scaling matrices": {"slices": "4", "x264-params": "cqm=jvt"},
    "with delimiters and buffering": {"aud": "1", "nal-hrd": "vbr", "b": "300k", "maxrate": "400k", "bufsize": "800k"},
}
EVERYWHERE = ("x264 medium", "deep b-frames", "baseline, as hardware has it")
UNFIT = {
    "open groups": {"x264-params": "open-gop=1:bframes=3:b-adapt=0:scenecut=0"},
    "intra refresh": {"x264-params": "intra-refresh=1"},
    "interlaced": {"x264-params": "tff=1"},
    "parameter sets in band": {"x264-params": "repeat-headers=1"},
    "one group": {"g": "500"},
}
FORMATS = {"10 bits": "yuv420p10le", "4:2:2": "yuv422p", "4:4:4": "yuv444p", "full range": "yuvj420p"}


@pytest.fixture(scope="module")
def smartly():
    engine = MediaEngine(SMART, threading.Event())
    yield Cuts(engine)
    engine.close()


def source_of(library, name, options, **more):
    settings = {"seconds": Fraction(6), "gop": GOP, "texture": 12} | more
    essence = Essence(**settings, video_options={"sc_threshold": "0"} | options)
    return library.encoded(f"smart {name}.mp4".replace(" ", "_").replace(":", ""), essence)


@pytest.mark.parametrize(
    ("stream", "span"),
    [(stream, span) for stream in STREAMS for span in SPANS if span == "amid groups" or stream in EVERYWHERE],
)
def test_the_frames_are_those_of_the_span_and_from_the_first_keyframe_on_the_sources_own(
    smartly, library, stream, span
):
    source = source_of(library, stream, STREAMS[stream])
    start, end = map(Fraction, SPANS[span])
    clip = smartly.cut([source], start, end)
    shown, times = look(clip.data, "yuv420p"), stored_times(source)
    wanted = [n for n, time in enumerate(times) if start <= time < end]
    assert (clip.facts.format_id, shown.counters) == ("smart", wanted)
    assert shown.times_s == [times[n] - times[wanted[0]] for n in wanted]
    pictures = {n: (shown.pictures[n - wanted[0]], originals(source)[n]) for n in wanted}
    same = [n for n, (picture, original) in pictures.items() if (picture == original).all()]
    keyframe = min(n for n in range(0, 150, GOP) if n >= wanted[0])
    assert same == list(range(keyframe, same[-1] + 1))
    assert wanted[-1] - same[-1] <= (8 if "b-frames" in stream else 3)
    assert min((psnr(*pictures[n]) for n in wanted if n not in same), default=99) > 38


@pytest.mark.parametrize("form", ["DASH pair", "mkv", "fragments without index"])
def test_containers_of_mp4s_kind_are_cut_as_mp4_is(smartly, cuts, library, form):
    paths = library.files(form, Fraction(30000, 1001))
    clip, exact = (each.cut(paths, Fraction("9.30"), Fraction("13.10")) for each in (smartly, cuts))
    assert (clip.facts.format_id, exact.facts.format_id) == ("smart", "")
    assert look(clip.data).counters == look(exact.data).counters
    assert look(clip.data).times_s == look(exact.data).times_s
    assert abs(clip.facts.duration_us - exact.facts.duration_us) <= 1000


def test_a_variable_frame_rate_keeps_every_time(smartly, cuts, library):
    times_ms = [40 * n + (n * n) % 17 + (300 if n > 70 else 0) for n in range(150)]
    source = source_of(library, "vfr", {}, ticks=times_ms.__getitem__, audio=None)
    clip, exact = (each.cut([source], Fraction("1.3"), 5) for each in (smartly, cuts))
    assert clip.facts.format_id == "smart"
    assert look(clip.data).times_s == look(exact.data).times_s
    assert clip.facts.duration_us == exact.facts.duration_us


def test_only_idr_pictures_are_announced_as_places_to_begin(smartly, library):
    options = {"x264-params": "open-gop=1:keyint=20:bframes=3:b-adapt=0:scenecut=0"}
    open_groups = source_of(library, "open groups, again", options, seconds=Fraction(3), audio=None)
    source = remux(open_groups, open_groups.with_suffix(".twice.mp4"), "mp4", repeat=2)
    clip = smartly.cut([source], Fraction("2.2"), Fraction("5.5"))
    times = stored_times(source)
    wanted = [n for n, time in enumerate(times) if Fraction("2.2") <= time < Fraction("5.5")]
    assert (clip.facts.format_id, look(clip.data).counters) == ("smart", [n % 75 for n in wanted])
    with av.open(io.BytesIO(clip.data)) as container:
        announced = [entry.is_keyframe for entry in container.streams.video[0].index_entries]
        packets = [list(h264.units(bytes(packet))) for packet in container.demux(video=0) if packet.size]
    assert announced == [any(h264.type_of(unit) == h264.Unit.IDR_SLICE for unit in packet) for packet in packets]
    assert sum(announced) == 3  # where the head begins, the body, and the tail


@pytest.mark.parametrize("stream", UNFIT)
def test_a_stream_that_cannot_be_spliced_is_trimmed_exactly(smartly, library, stream):
    falls_back(smartly, [source_of(library, stream, UNFIT[stream])])


@pytest.mark.parametrize("pixel_format", FORMATS.values(), ids=FORMATS)
def test_pictures_that_have_to_be_converted_are_trimmed_exactly(smartly, library, pixel_format):
    falls_back(smartly, [source_of(library, pixel_format, {}, pixel_format=pixel_format)])


@pytest.mark.parametrize("codec", ["libx265", "libsvtav1"])
def test_other_codecs_are_trimmed_exactly(smartly, library, codec):
    options = {"libx265": {"x265-params": "log-level=none"}, "libsvtav1": {"preset": "12"}}[codec]
    source = library.encoded(f"smart {codec}.mp4", Essence(Fraction(5), gop=GOP, video=codec, video_options=options))
    falls_back(smartly, [source])


@pytest.mark.parametrize("form", ["webm pair", "transport stream"])
def test_other_containers_are_trimmed_exactly(smartly, library, form):
    falls_back(smartly, library.files(form, Fraction(30000, 1001)), exact_times=False)


@pytest.mark.parametrize("name", ["5.1", "mp3"])
def test_sound_that_has_to_be_encoded_is_a_case_for_the_exact_trim(smartly, library, name):
    falls_back(smartly, sounding(library, name))


def test_sound_that_begins_late_is_a_case_for_the_exact_trim(smartly, library, tmp_path):
    falls_back(smartly, [shifted_sound(library, tmp_path, Fraction("1.35"))])


def test_a_clip_that_is_to_be_smaller_is_trimmed_exactly(engine_for, library):
    engine = engine_for(Recipe(Precision.SMART, short_side_px=54))
    assert falls_back(Cuts(engine), [source_of(library, "x264 medium", STREAMS["x264 medium"])]).facts.height_px == 54


def falls_back(cuts, paths, exact_times=True):
    clip = cuts.cut(paths, Fraction("1.3"), Fraction("3.9"), format_id="134+140")
    assert clip.facts.format_id == "134+140 exact"
    if exact_times:
        times = stored_times(paths[0])
        wanted = [time for time in times if Fraction("1.3") <= time < Fraction("3.9")]
        assert look(clip.data).times_s == [time - wanted[0] for time in wanted]
    return clip


@pytest.mark.parametrize("name", ["mp4", "29.97 fps", "DASH pair", "48 kHz mono"])
@pytest.mark.parametrize("start", ["0", "7.30", "7.77"], ids="from {} s".format)
def test_a_beep_sounds_when_the_picture_flashes(smartly, cuts, library, name, start):
    clip, exact = (each.cut(sounding(library, name), Fraction(start), Fraction(start) + 4) for each in (smartly, cuts))
    assert clip.facts.format_id == "smart"
    assert late(clip) < max(0.015, late(exact))
    assert clip.facts.audio_codec == "aac"


def late(clip):
    shown = look(clip.data)
    pairs = list(zip(flashes(shown), beeps(shown), strict=False))
    assert pairs
    return max(abs(flash_s - beep_s) for flash_s, beep_s in pairs)


def test_the_sound_is_the_sources_own_and_no_longer_than_the_pictures_but_for_a_packet(smartly, library):
    source = sounding(library, "48 kHz mono")[0]
    clip = smartly.cut([source], Fraction("3.3"), Fraction("6.1"))
    taken, theirs = sound_of(clip.data), sound_of(source.read_bytes())
    assert len(taken) > 100
    assert any(theirs[n : n + len(taken)] == taken for n in range(len(theirs)))
    seconds = len(look(clip.data).sound) / 48000
    assert 0 <= seconds - clip.facts.duration_us / 1e6 < 1024 / 48000


def test_the_first_samples_are_what_they_are_in_the_source(smartly, library):
    """They need the packet before to decode to that; the clip begins amid a beep."""
    source = sounding(library, "48 kHz mono")[0]
    theirs = samples_of(source.read_bytes())[round(48000 * 3.04) :]
    assert np.abs(theirs[:500]).max() > 0.5
    ours = samples_of(smartly.cut([source], Fraction("3.04"), Fraction("5.04")).data)
    assert (ours[:3000] == theirs[:3000]).all()


def samples_of(data):
    with av.open(io.BytesIO(data)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def sound_of(data):
    with av.open(io.BytesIO(data)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_a_finished_clip_is_recognised_and_its_length_checked(smartly, library):
    source = source_of(library, "x264 medium", STREAMS["x264 medium"])
    clip = smartly.cut([source], Fraction("1.3"), Fraction("4.5"))
    facts = smartly.engine.inspect(Memory(clip.data), clip_of(1.3, 4.5))
    assert (facts.frames, facts.duration_us) == (clip.facts.frames, clip.facts.duration_us)
    comment = look(clip.data).comment
    with pytest.raises(ClipsetError, match="s long"):
        job.inspect(io.BytesIO(clip.data), Span(1_300_000, 3_500_000), comment, SMART, Limits(), lambda: None)


DOUBTS = {
    "a frame more": lambda draft: {"times_s": (*draft.times_s, draft.times_s[-1] + Fraction(1, RATE))},
    "a frame moved": lambda draft: {"times_s": (*draft.times_s[:-1], draft.times_s[-1] + Fraction(1, 1000))},
    "bytes that do not decode": lambda draft: {"data": draft.data[:-2000] + bytes(2000)},
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_splice_that_is_not_what_was_planned_is_trimmed_exactly(library, monkeypatch, doubt):
    trim = smart.trim
    monkeypatch.setattr(smart, "trim", lambda *args: replace(draft := trim(*args), **DOUBTS[doubt](draft)))
    data = source_of(library, "x264 medium", STREAMS["x264 medium"]).read_bytes()
    cache = ByteCache(lambda start, end: (data[start:end], len(data)), len(data), len(data))
    file = MediaFile(cache, read_layout(cache, None))
    opened = job.Job(file, file, 0, SMART, Limits(), lambda: None)
    made, facts, _ = opened.cut(Span(1_300_000, 4_500_000), "x")
    assert (facts.format_id, look(made).counters) == ("exact", list(range(33, 113)))


def test_a_decoder_that_complains_is_not_believed_even_if_it_decodes(library):
    options = {"direct-pred": "temporal", "bf": "4", "b_strategy": "0", "b-pyramid": "normal"}
    source = source_of(library, "temporal", options, seconds=Fraction(3), texture=4, audio=None)
    buffer = io.BytesIO()
    with av.open(str(source)) as container, av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream_from_template(container.streams.video[0])
        for n, packet in enumerate(container.demux(video=0)):
            if packet.size and n != 1:  # which the ones behind it take their motion from
                packet.stream = stream
                out.mux(packet)
    verify.decode_clip(io.BytesIO(buffer.getvalue()), Limits(), lambda: None)
    with pytest.raises(ClipsetError, match="complains"), complaints.refused():
        verify.decode_clip(io.BytesIO(buffer.getvalue()), Limits(), lambda: None)


_ORIGINALS = {}


def originals(path):
    if path not in _ORIGINALS:
        _ORIGINALS[path] = look(path.read_bytes(), "yuv420p").pictures
    return _ORIGINALS[path]


def psnr(one, other):
    return 10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2))
