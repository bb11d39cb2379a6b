"""Clips that somebody else made: whatever decodes in full and is about as long as its span is one, nothing else."""

import io
from fractions import Fraction
from itertools import product

import av
import pytest
from clips import clip_of
from generated import Essence, remux
from serving import Memory

from clipset.media import MediaEngine
from clipset.reasons import Reason
from clipset.types import ClipsetError, Recipe

RATE = Fraction(25)
CONTAINERS = ("mp4", "mp4, moov at the end", "DASH", "mkv", "webm", "avi")
DAMAGE = ("cut off", "cut off at the end", "zeros", "noise")


@pytest.fixture(scope="module")
def ready(library):
    """Four seconds in each container."""
    paths = {name: library.files(name, RATE, 4)[0] for name in CONTAINERS[:2] + CONTAINERS[3:5]}
    paths["DASH"] = library.folder / "ready-dash.mp4"
    remux(paths["mp4"], paths["DASH"], "mp4", {"movflags": "+dash+global_sidx+frag_keyframe+delay_moov"})
    paths["avi"] = library.encoded(
        "ready.avi", Essence(Fraction(4), RATE, gop=60, texture=6, video="mpeg4", audio="mp3"), "avi"
    )
    return {name: path.read_bytes() for name, path in paths.items()}


def refused(engine, data, start=0, end=4):
    with pytest.raises(ClipsetError) as caught:
        engine.check(Memory(data), clip_of(start, end))
    return caught.value.failure


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_frame_of_every_container_is_counted(shared_engine, ready, container):
    facts = shared_engine.check(Memory(ready[container]), clip_of(60, 64))
    assert (facts.frames, facts.width_px, facts.height_px, facts.fps) == (100, 192, 108, RATE)
    assert abs(facts.duration_us - 4_000_000) <= 40_000  # the writer of avi leaves a hole of a frame
    codecs = {"webm": ("vp9", "opus"), "avi": ("mpeg4", "mp3")}
    assert (facts.video_codec, facts.audio_codec) == codecs.get(container, ("h264", "aac"))


@pytest.mark.parametrize(("container", "damage"), sorted(set(product(CONTAINERS, DAMAGE)) - {("webm", "zeros")}))
def test_damage_anywhere_in_a_clip_is_found(shared_engine, ready, container, damage):
    """But VP9 has no check of its own: other bytes inside a picture are another picture."""
    data = bytearray(ready[container])
    middle = len(data) // 2
    if damage == "cut off":
        del data[middle:]
    elif damage == "cut off at the end":
        del data[-len(data) // 20 :]
    elif damage == "zeros":
        data[middle : middle + 8192] = bytes(8192)
    else:
        data[middle : middle + 4096] = bytes(n * 37 % 256 for n in range(4096))
    assert refused(shared_engine, bytes(data)).reason is Reason.DAMAGED_MEDIA


def test_damage_in_the_sound_alone_is_found_too(shared_engine, ready):
    data = bytearray(ready["mp4"])
    with av.open(io.BytesIO(ready["mp4"])) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(audio=0) if packet.size]
    for position, size in places[len(places) // 2 : len(places) // 2 + 20]:
        data[position : position + size] = b"\xff" * size
    assert refused(shared_engine, bytes(data)).reason is Reason.DAMAGED_MEDIA


@pytest.mark.parametrize("data", [b"", b"<html>" * 200, b"#CLIPSET-HLS\n{}\n"], ids=["empty", "a page", "a playlist"])
def test_what_is_no_video_is_damaged(shared_engine, data):
    assert refused(shared_engine, data).reason is Reason.DAMAGED_MEDIA


def test_sound_alone_is_no_video(shared_engine, library):
    path = library.encoded("four.m4a", Essence(Fraction(4), video=None), "mp4")
    assert refused(shared_engine, path.read_bytes()).reason is Reason.NO_VIDEO


def test_a_shorter_clip_passes_with_its_true_length_down_to_the_wanted_share(shared_engine, ready):
    assert shared_engine.check(Memory(ready["mp4"]), clip_of(3, 11)).duration_us == 4_000_000
    failure = refused(shared_engine, ready["mp4"], 3, 11.2)
    assert (failure.reason, "4.000 s of" in failure.detail) == (Reason.TOO_SHORT, True)


def test_the_wanted_share_is_the_recipes(engine_for, ready):
    engine: MediaEngine = engine_for(Recipe(min_share=0.3))
    assert engine.check(Memory(ready["webm"]), clip_of(3, 15)).frames == 100


def test_a_clip_cut_on_keyframes_passes_and_a_whole_video_under_its_name_is_absent(shared_engine, library):
    long = library.files("mp4", RATE)[0].read_bytes()
    assert shared_engine.check(Memory(long), clip_of(20, 27)).duration_us == 16_000_000
    assert refused(shared_engine, long, 20, 25).reason is Reason.ABSENT


def test_of_a_whole_video_no_more_is_decoded_than_tells(engine_for, library):
    """An hour under a clip's name costs twenty seconds of decoding."""
    source = library.files("mkv", RATE)[0]
    path = library.folder / "many.mkv"
    remux(source, path, "matroska", repeat=40)
    data = Memory(path.read_bytes())
    assert refused(engine_for(), bytes(data.data), 20, 22).reason is Reason.ABSENT


def test_the_clock_of_a_clip_may_begin_anywhere(shared_engine, library, ready):
    source, path = library.files("mp4", RATE, 4)[0], library.folder / "late.mkv"
    with av.open(str(source)) as container, av.open(str(path), "w", format="matroska") as out:
        streams = {stream.index: out.add_stream_from_template(stream) for stream in container.streams}
        for packet in container.demux():
            if packet.dts is not None:
                shift = round(1000 / packet.time_base)
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                packet.stream = streams[packet.stream_index]
                out.mux(packet)
    facts = shared_engine.check(Memory(path.read_bytes()), clip_of(0, 4))
    assert (facts.frames, round(facts.duration_us, -4)) == (100, 4_000_000)


def test_one_of_our_own_clips_has_the_same_facts_by_either_way(cuts, shared_engine, library):
    clip = cuts.cut(library.files("mp4", RATE), 2, 4)
    assert shared_engine.check(Memory(clip.data), clip_of(2, 4)) == clip.facts
