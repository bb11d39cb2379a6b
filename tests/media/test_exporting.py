"""Pictures and sound of finished clips: picture k is picture k, in its colours, and the sound is as long as they."""

import io
import threading
from contextlib import closing
from fractions import Fraction

import av
import numpy as np
import pytest
from clips import Cuts, clip_of, look, media_of
from generated import Essence, counter_of, remux
from serving import Memory

from clipset.media import Limits
from clipset.media.export import MediaExporter, _parted
from clipset.media.forms import PIECE_BYTES, PictureForm, SoundForm
from clipset.reasons import Reason
from clipset.types import ClipsetError, Precision, Recipe

RATE = Fraction(25)
SECONDS = 4


@pytest.fixture(scope="module")
def exporter():
    with closing(MediaExporter(threading.Event())) as one:
        yield one


@pytest.fixture(scope="module")
def clip(library):
    """Four seconds, ready: the numbers 0 to 99."""
    return library.files("mp4", RATE, SECONDS)[0].read_bytes()


def exported(exporter, data, frames=100, **form):
    """The JPEG files, and how many came in each piece."""
    pictures, pieces = [], []

    def take(some):
        pictures.extend(some)
        pieces.append(sum(map(len, some)))

    exporter.pictures(Memory(data), PictureForm(**form), frames, SECONDS * 1_000_000, take)
    return pictures, pieces


def decoded(jpeg, pixel_format="gray"):
    with av.open(io.BytesIO(jpeg), format="jpeg_pipe") as container:
        (frame,) = container.decode(video=0)
        return frame.to_ndarray(format=pixel_format)


def refused(action):
    with pytest.raises(ClipsetError) as caught:
        action()
    return caught.value.failure


@pytest.mark.parametrize("every", [1, 7, 99, 100, 1000])
def test_every_nth_picture_comes_in_order_from_the_first_on(exporter, clip, every):
    pictures, _ = exported(exporter, clip, every=every)
    assert [counter_of(decoded(picture)) for picture in pictures] == list(range(0, 100, every))


def test_a_copied_clip_gives_as_many_pictures_as_its_facts_say(engine_for, exporter, library):
    source = library.files("mp4", RATE)
    with engine_for(Recipe(precision=Precision.COPY)).open(media_of(source)) as cutter:
        copied = cutter.cut(clip_of(5.5, 9))
    pictures, _ = exported(exporter, copied.data, copied.facts.frames)
    assert [counter_of(decoded(picture)) for picture in pictures] == look(copied.data).counters


def test_the_short_side_is_scaled_down_and_a_worse_quality_is_smaller(exporter, clip):
    best, worst, small = (
        exported(exporter, clip, every=50, **form)[0] for form in ({}, {"quality": 31}, {"short_side_px": 54})
    )
    assert decoded(best[0]).shape == (108, 192)
    assert decoded(small[0]).shape == (54, 96)
    assert sum(map(len, worst)) < sum(map(len, best)) / 3


RED = {"bt709": (63, 102, 240), "smpte170m": (81, 90, 240)}  # red in 8 bits, limited range


@pytest.mark.parametrize("matrix", RED)
def test_the_colours_are_those_that_every_reader_of_jpeg_expects(exporter, tmp_path, matrix):
    path = tmp_path / "red.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"x264-params": f"colormatrix={matrix}"})
        stream.width, stream.height = 64, 48
        frame = av.VideoFrame(64, 48, "yuv420p")
        for plane, value in zip(frame.planes, RED[matrix], strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    (picture,), _ = exported(exporter, path.read_bytes(), 1)
    assert np.abs(decoded(picture, "rgb24")[20, 20].astype(int) - (255, 0, 0)).max() <= 4


def test_a_clip_that_is_shown_turned_gives_turned_pictures(exporter, clip, tmp_path):
    (tmp_path / "clip.mp4").write_bytes(clip)
    with av.open(str(tmp_path / "clip.mp4")) as source, av.open(str(tmp_path / "turned.mp4"), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(-90)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    pictures, _ = exported(exporter, (tmp_path / "turned.mp4").read_bytes(), every=10)
    assert decoded(pictures[0]).shape == (192, 108)
    assert counter_of(np.rot90(decoded(pictures[3]))) == 30


def test_thousands_of_pictures_come_in_small_pieces(exporter, library):
    source, path = library.files("mp4", RATE, SECONDS)[0], library.folder / "long.mp4"
    remux(source, path, "mp4", repeat=15, kinds="v")
    pictures, pieces = exported(exporter, path.read_bytes(), 1500)
    assert len(pictures) == 1500
    assert len(pieces) >= 6
    assert max(pieces) < PIECE_BYTES + max(map(len, pictures))


def test_more_and_fewer_pictures_than_there_were_are_damage_and_no_more_is_read_than_tells(exporter, clip, library):
    taken = []
    for frames in (40, 101):
        failure = refused(
            lambda frames=frames: exporter.pictures(Memory(clip), PictureForm(), frames, 10**6, taken.extend)
        )
        assert (failure.reason, str(frames) in failure.detail) == (Reason.DAMAGED_MEDIA, True)
    assert len(taken) <= 40 + 100


def test_damage_inside_is_found_by_pictures_and_by_sound(exporter, clip):
    broken = bytearray(clip)
    broken[len(broken) // 2 : len(broken) // 2 + 8192] = bytes(8192)
    assert refused(lambda: exported(exporter, bytes(broken))).reason is Reason.DAMAGED_MEDIA
    for form in SoundForm(), SoundForm("m4a"):
        failure = refused(lambda form=form: exporter.sound(Memory(bytes(broken)), form, 10**6 * SECONDS))
        assert failure.reason is Reason.DAMAGED_MEDIA


@pytest.mark.slow
def test_a_bomb_of_144_megapixels_is_refused_by_its_header(exporter, tmp_path):
    path = tmp_path / "huge.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1, options={"preset": "ultrafast", "crf": "51"})
        stream.width = stream.height = 12000
        stream.codec_context.thread_count = 1
        container.mux(stream.encode(av.VideoFrame(12000, 12000, "yuv420p")))
        container.mux(stream.encode(None))
    failure = refused(lambda: exported(exporter, path.read_bytes(), 1))
    assert (failure.reason, "12000" in failure.detail) == (Reason.DAMAGED_MEDIA, True)


def test_pictures_larger_than_the_limits_are_refused(clip):
    with closing(MediaExporter(threading.Event(), Limits(picture_px=100 * 100))) as exporter:
        assert refused(lambda: exported(exporter, clip)).reason is Reason.DAMAGED_MEDIA


def samples_of(data):
    with av.open(io.BytesIO(data)) as container:
        frames = list(container.decode(audio=0))
        return np.concatenate([frame.to_ndarray() for frame in frames], axis=1), frames[0].sample_rate


SOUNDS = {  # form: samples a second, channels
    SoundForm("wav"): (44100, 2),
    SoundForm("flac"): (44100, 2),
    SoundForm("wav", 16000, True): (16000, 1),
    SoundForm("flac", 48000): (48000, 2),
    SoundForm("wav", 11111): (11111, 2),
}


@pytest.mark.parametrize("form", SOUNDS, ids=str)
def test_the_sound_is_as_long_as_the_pictures_to_the_sample(exporter, clip, form):
    rate_hz, channels = SOUNDS[form]
    data = exporter.sound(Memory(clip), form, SECONDS * 1_000_000)
    with av.open(io.BytesIO(data)) as container:
        (stream,) = container.streams
        assert (container.format.name, stream.rate, stream.channels) == (form.format, rate_hz, channels)
        assert stream.codec_context.name == {"wav": "pcm_s16le", "flac": "flac"}[form.format]
        assert sum(frame.samples for frame in container.decode(audio=0)) == SECONDS * rate_hz


def test_wav_holds_the_samples_of_the_clip_in_their_places(exporter, clip):
    own = look(clip).sound[: SECONDS * 44100]
    packed, _ = samples_of(exporter.sound(Memory(clip), SoundForm(), SECONDS * 1_000_000))
    written = packed.reshape(-1, 2) / 32768
    assert np.abs(written - own).max() <= 1 / 32768


def test_m4a_is_the_clips_own_sound_untouched_unless_a_change_is_asked_for(exporter, cuts: Cuts, library):
    trimmed = cuts.cut(library.files("mp4", RATE), 3, 6)
    own = look(trimmed.data).sound
    copied, _ = samples_of(exporter.sound(Memory(trimmed.data), SoundForm("m4a"), 3_000_000))
    assert np.array_equal(copied.T[: len(own)], own[: copied.shape[1]])
    assert abs(copied.shape[1] - 3 * 44100) <= 1024
    changed, rate_hz = samples_of(exporter.sound(Memory(trimmed.data), SoundForm("m4a", 22050, True), 3_000_000))
    assert (changed.shape[0], rate_hz) == (1, 22050)
    assert abs(changed.shape[1] - 3 * 22050) <= 1024


def test_sound_that_begins_before_or_after_the_first_picture_keeps_its_place(exporter, library):
    """A beep at 1 s in pictures that begin half a second late is at 0.5 s of the file."""
    essence = Essence(Fraction(3), RATE, flash_s=Fraction(1))
    source, path = library.encoded("beep.mp4", essence), library.folder / "late-pictures.mp4"
    with av.open(str(source)) as container, av.open(str(path), "w", format="mp4") as out:
        streams = {stream.index: out.add_stream_from_template(stream) for stream in container.streams}
        for packet in container.demux():
            if packet.dts is not None:
                if packet.stream.type == "video":
                    shift = round(Fraction(1, 2) / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                packet.stream = streams[packet.stream_index]
                out.mux(packet)
    packed, rate_hz = samples_of(exporter.sound(Memory(path.read_bytes()), SoundForm("wav", None, True), 2_000_000))
    began = np.argmax(np.abs(packed[0]) > 3000) / rate_hz
    assert abs(began - 0.5) < 0.03


def test_sound_that_fills_more_than_a_clip_may_is_refused(clip):
    with closing(MediaExporter(threading.Event(), Limits(clip_bytes=100_000))) as exporter:
        failure = refused(lambda: exporter.sound(Memory(clip), SoundForm(), SECONDS * 1_000_000))
    assert (failure.reason, failure.detail) == (Reason.DAMAGED_MEDIA, "its sound is longer than this writes")


def test_a_clip_that_has_lost_its_sound_is_damaged(exporter, library):
    path = library.encoded("short-silent.mp4", Essence(Fraction(1), RATE, audio=None))
    failure = refused(lambda: exporter.sound(Memory(path.read_bytes()), SoundForm(), 10**6))
    assert (failure.reason, "none now" in failure.detail) == (Reason.DAMAGED_MEDIA, True)


@pytest.mark.parametrize("sizes", [None, [], 3, [1, 1], [4], [3, 0], [4, -1], ["3"], [1.5, 1.5]], ids=str)
def test_a_child_cannot_say_sizes_that_are_not_those_of_its_pictures(sizes):
    with pytest.raises(ValueError, match="sizes"):
        list(_parted(sizes, b"abc"))
