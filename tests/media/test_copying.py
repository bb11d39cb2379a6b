"""A copy has whole groups of pictures as they are, readable by everyone, and says how long it is."""

from fractions import Fraction

import av
import pytest
from clips import Cuts, look, stored_times
from generated import Essence, remux

from clipset.reasons import Reason
from clipset.types import Precision, Recipe

COPY = Recipe(precision=Precision.COPY)
STREAMS = {"plain": {}, "no b-frames": {"bf": "0"}, "many b-frames": {"bf": "8", "b_strategy": "0"}}


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("form", ["mp4", "matroska", "mpegts"])
def test_a_copy_begins_at_the_keyframe_and_has_every_frame_of_the_span(engine_for, library, stream, form):
    essence = Essence(Fraction(8), gop=40, video_options=STREAMS[stream] | {"sc_threshold": "0"})
    source = library.encoded(f"copy {stream}.mp4", essence)
    path = remux(source, source.with_suffix(f".in.{form}"), form)
    clip = Cuts(engine_for(COPY)).cut([path], Fraction("2.5"), Fraction("5.3"))
    shown = look(clip.data)
    times = stored_times(path, from_first=form == "mpegts")
    wanted = [n for n, time in enumerate(times) if Fraction("2.5") <= time < Fraction("5.3")]
    keyframe = max(n for n in keyframes(source) if times[n] <= Fraction("2.5"))
    assert shown.counters == list(range(keyframe, keyframe + len(shown.counters)))
    assert 0 <= shown.counters[-1] - wanted[-1] < 12
    assert clip.facts.frames == len(shown.counters)
    assert (clip.facts.video_codec, clip.facts.audio_codec) == ("h264", "aac")
    assert abs(len(shown.sound) / shown.sound_rate - len(shown.counters) / 25) < 0.08


def test_the_pictures_are_those_of_the_source(engine_for, library):
    source = library.files("mp4", Fraction(25))[0]
    clip = look(Cuts(engine_for(COPY)).cut([source], 6, 7).data)
    original = look(source.read_bytes())
    for picture, n in zip(clip.pictures, clip.counters, strict=True):
        assert (picture == original.pictures[n]).all()


def test_codecs_that_readers_do_not_share_in_mp4_are_trimmed_instead_and_the_clip_says_so(engine_for, library):
    clip = Cuts(engine_for(COPY)).cut(library.files("webm", Fraction(25)), 6, 7, format_id="43")
    assert clip.facts.format_id == "43 exact"
    assert look(clip.data).counters == list(range(150, 175))


def test_a_copy_that_should_be_smaller_is_trimmed_instead(engine_for, library):
    recipe = Recipe(precision=Precision.COPY, short_side_px=54)
    clip = Cuts(engine_for(recipe)).cut(library.files("mp4", Fraction(25)), 6, 7)
    assert (clip.facts.height_px, clip.facts.format_id) == (54, "exact")


def test_damage_is_not_copied(engine_for, library):
    source = library.files("mp4", Fraction(25))[0]
    data = bytearray(source.read_bytes())
    for position in range(len(data) // 3, len(data) * 2 // 3, 200):
        data[position] ^= 64
    damaged = source.with_name("damaged.mp4")
    damaged.write_bytes(data)
    assert Cuts(engine_for(COPY)).failure([damaged], 6, 10).reason is Reason.DAMAGED_MEDIA


def test_a_copy_past_the_end_is_too_short(engine_for, library):
    assert Cuts(engine_for(COPY)).failure(library.files("mp4", Fraction(25)), 20, 30).reason is Reason.TOO_SHORT


def keyframes(path):
    with av.open(str(path)) as container:
        return [round(p.pts * p.time_base * 25) for p in container.demux(video=0) if p.size and p.is_keyframe]
