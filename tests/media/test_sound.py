"""The sound of a clip belongs to its pictures, to within 15 ms, whatever the container and wherever the span begins."""

from fractions import Fraction

import av
import numpy as np
import pytest
from clips import Cuts, look
from generated import Essence, remux

from clipset.reasons import Reason
from clipset.types import Recipe

FLASHING = {"flash_s": Fraction(1), "seconds": Fraction(16), "gop": 50}
SOURCES = {  # name: (essence, [(muxer, options, kinds)])
    "mp4": (Essence(**FLASHING), [("mp4", {}, "va")]),
    "29.97 fps": (Essence(rate=Fraction(30000, 1001), **FLASHING), [("mp4", {"movflags": "+faststart"}, "va")]),
    "DASH pair": (
        Essence(**FLASHING),
        [
            ("mp4", {"movflags": "+dash+global_sidx+frag_keyframe+delay_moov"}, "v"),
            ("mp4", {"movflags": "+dash+global_sidx+delay_moov", "frag_duration": "5000000"}, "a"),
        ],
    ),
    "transport stream": (Essence(**FLASHING), [("mpegts", {}, "va")]),
    "48 kHz mono": (Essence(audio_rate=48000, layout="mono", **FLASHING), [("mp4", {}, "va")]),
    "5.1": (Essence(audio_rate=48000, layout="5.1", **FLASHING), [("matroska", {}, "va")]),
    "mp3": (Essence(audio="libmp3lame", **FLASHING), [("matroska", {}, "va")]),
    "webm": (Essence(video="libvpx-vp9", audio="libopus", audio_rate=48000, **FLASHING), [("webm", {}, "va")]),
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("start", ["0", "7.30"], ids="from {} s".format)
def test_a_beep_sounds_when_the_picture_flashes(cuts, library, name, start):
    clip = look(cuts.cut(source(library, name), Fraction(start), Fraction(start) + 4).data)
    pairs = list(zip(flashes(clip), beeps(clip), strict=False))  # the last beep may begin after the last picture
    assert len(pairs) >= 2
    assert max(abs(flash_s - beep_s) for flash_s, beep_s in pairs) < 0.015


@pytest.mark.parametrize(
    ("name", "rate_hz", "channels"),
    [("mp4", 44100, 2), ("48 kHz mono", 48000, 1), ("5.1", 48000, 2), ("webm", 48000, 2)],
)
def test_rate_and_channels_are_kept_and_more_than_two_are_mixed_down(cuts, library, name, rate_hz, channels):
    clip = look(cuts.cut(source(library, name), 2, 5).data)
    assert (clip.sound_rate, clip.sound.shape[1]) == (rate_hz, channels)
    assert abs(len(clip.sound) / rate_hz - 3) < 0.05


def test_a_rate_that_aac_lacks_becomes_48_khz(cuts, library):
    path = library.encoded("odd_rate.mkv", Essence(Fraction(3), audio="pcm_s16le", audio_rate=37800), "matroska")
    assert look(cuts.cut([path], 0, 3).data).sound_rate == 48000


def test_sound_is_left_out_if_the_recipe_says_so(engine_for, library):
    clip = Cuts(engine_for(Recipe(audio=False))).cut(source(library, "mp4"), 2, 4)
    assert clip.facts.audio_codec is None


def test_a_video_without_sound_gives_a_clip_without_sound(cuts, library):
    path = library.encoded("silent.mp4", Essence(Fraction(4), audio=None))
    assert cuts.cut([path], 1, 3).facts.audio_codec is None


def test_sound_that_begins_late_stays_where_it_is(cuts, library, tmp_path):
    """Its clip begins with silence: a loader that ignores edit lists would otherwise play it early."""
    clip = look(cuts.cut([shifted_sound(library, tmp_path, 3)], 2, 7).data)
    assert abs(len(clip.sound) / clip.sound_rate - 5) < 0.05
    assert np.abs(clip.sound[: int(0.95 * clip.sound_rate)]).max() < 1e-3
    assert beeps(clip)[0] == pytest.approx(2.0, abs=0.015)  # was at 1, lies at 4


def test_sound_that_ends_early_ends_early(cuts, library, tmp_path):
    with av.open(str(source(library, "mp4")[0])) as container, av.open(str(tmp_path / "x.mkv"), "w") as out:
        streams = [out.add_stream_from_template(stream) for stream in container.streams]
        for packet in container.demux():
            if packet.dts is not None and (packet.stream.type == "video" or packet.pts * packet.time_base < 6):
                packet.stream = streams[packet.stream_index]
                out.mux(packet)
    clip = look(cuts.cut([tmp_path / "x.mkv"], 4, 9).data)
    assert len(clip.pictures) == 125
    assert abs(len(clip.sound) / clip.sound_rate - 2) < 0.06


def source(library, name):
    essence, parts = SOURCES[name]
    label = name.replace(" ", "_").replace(".", "_")
    form = "webm" if essence.video == "libvpx-vp9" else "mp4"
    whole = library.encoded(f"{label}.{form}", essence, form)
    paths = [whole.with_suffix(f".{kinds}.{muxer}") for muxer, _, kinds in parts]
    for path, (muxer, options, kinds) in zip(paths, parts, strict=True):
        if not path.exists():
            remux(whole, path, muxer, options, kinds)
    return paths


def shifted_sound(library, folder, seconds):
    path = folder / "shifted.mp4"
    with av.open(str(source(library, "mp4")[0])) as container, av.open(str(path), "w") as out:
        streams = [out.add_stream_from_template(stream) for stream in container.streams]
        for packet in container.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == "audio":
                packet.pts += round(seconds / packet.time_base)
                packet.dts = packet.pts
            packet.stream = streams[packet.stream_index]
            out.mux(packet)
    return path


def flashes(clip):
    """When the picture turns white, below the blocks of the counter."""
    bright = [picture[picture.shape[0] // 2 :].mean() > 200 for picture in clip.pictures]
    return [float(clip.times_s[i]) for i, now in enumerate(bright) if now and not (i and bright[i - 1])]


def beeps(clip):
    level = np.abs(clip.sound).max(axis=1)
    loud = level > 0.4 * level.max()
    starts = np.flatnonzero(loud)
    apart = np.diff(starts, prepend=-clip.sound_rate) > clip.sound_rate // 2
    return [int(start) / clip.sound_rate for start in starts[apart]]


def test_damage_before_the_span_does_not_matter(cuts, library):
    pictures, sound = source(library, "DASH pair")
    data = bytearray(sound.read_bytes())
    with av.open(str(sound)) as container:
        for packet in container.demux(audio=0):
            if packet.size and 6.91 < packet.pts * packet.time_base < 6.96:
                data[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    damaged = sound.with_name("damaged.m4a")
    damaged.write_bytes(data)
    assert cuts.cut([pictures, damaged], 7, 9).facts.audio_codec == "aac"
    assert cuts.failure([pictures, damaged], 6, 9).reason is Reason.DAMAGED_MEDIA
