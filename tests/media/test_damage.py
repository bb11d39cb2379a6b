"""Damaged media costs its clip a plain reason, and never gives a clip that is silently short."""

import random
import struct
from fractions import Fraction

import av
import pytest
from clips import Cuts, clip_of, look
from generated import Essence
from serving import Memory

from clipset.media import Limits
from clipset.reasons import Reason
from clipset.types import ClipsetError, MediaInput, Recipe

HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Not a bot?</body></html>" * 50


def outcome(engine, data, start=2, end=4):
    """The reason of the failure, or the numbers of the frames that came out."""
    try:
        with engine.open(MediaInput(Memory(data))) as cutter:
            return look(cutter.cut(clip_of(start, end)).data).counters
    except ClipsetError as error:
        return error.failure.reason


@pytest.fixture(scope="module")
def videos(library):
    rate = Fraction(25)
    forms = ("mp4", "mp4, moov at the end", "mkv", "webm", "transport stream")
    return {form: library.files(form, rate)[0].read_bytes() for form in forms}


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 5000, HTML, b"#EXTM3U\n/etc/passwd\n", b"ffconcat version 1.0\nfile a"], ids=repr
)
def test_what_is_no_video_is_damaged_media(shared_engine, data):
    assert outcome(shared_engine, data) is Reason.DAMAGED_MEDIA


def test_a_web_page_is_called_one(shared_engine):
    with pytest.raises(ClipsetError, match="web page"), shared_engine.open(MediaInput(Memory(HTML))):
        pass


def test_random_bytes_are_damaged_media(shared_engine):
    assert outcome(shared_engine, random.Random(1).randbytes(20_000)) is Reason.DAMAGED_MEDIA


@pytest.mark.parametrize("form", ["mp4", "mkv", "webm"])
def test_a_file_cut_off_inside_the_span_is_damaged(shared_engine, videos, form):
    whole = videos[form]
    assert outcome(shared_engine, whole[: len(whole) // 2], 7, 9) is Reason.DAMAGED_MEDIA


@pytest.mark.parametrize("form", ["mp4", "DASH pair", "mkv", "webm"])
def test_a_file_cut_off_between_two_frames_of_the_span_is_damaged(shared_engine, library, form):
    """Nothing is half there, so only the index, or the size that the file claims, tells that something is missing."""
    path = library.files(form, Fraction(25))[0]
    with av.open(str(path)) as container:
        cut = min(p.pos for p in container.demux(video=0) if p.size and p.is_keyframe and p.pts * p.time_base > 7)
    assert outcome(shared_engine, path.read_bytes()[:cut], 6, 9) is Reason.DAMAGED_MEDIA


@pytest.mark.parametrize("form", ["mp4", "transport stream"])
def test_a_file_cut_off_behind_the_span_still_serves_it(shared_engine, videos, form):
    whole = videos[form]
    assert outcome(shared_engine, whole[: len(whole) // 2], 2, 4) == list(range(50, 100))


def test_without_its_index_at_the_end_a_file_is_damaged(shared_engine, videos):
    assert outcome(shared_engine, videos["mp4, moov at the end"][:-3000]) is Reason.DAMAGED_MEDIA


@pytest.mark.parametrize("form", ["mp4", "mkv", "webm"])
@pytest.mark.parametrize("damage", ["one bit of every kilobyte", "4 KiB of zeros", "shuffled"])
def test_damage_inside_the_span_is_found(shared_engine, videos, form, damage):
    """Unless it hits what nothing needs, in which case every frame has to be there: VP9 has no check of its own, and
    a changed bit is a changed picture.
    """
    data = bytearray(videos[form])
    start, end = len(data) * 3 // 16, len(data) * 5 // 16
    if damage == "4 KiB of zeros":
        data[start : start + 4096] = bytes(4096)
    elif damage == "shuffled":
        data[start:end] = random.Random(2).sample(bytes(data[start:end]), end - start)
    else:
        for position in range(start, end, 1024):
            data[position] ^= 16
    result = outcome(shared_engine, bytes(data), 2.5, 5)
    if form == "webm" and damage == "one bit of every kilobyte":
        assert result is Reason.DAMAGED_MEDIA or len(result) == 62
    else:
        assert result in (Reason.DAMAGED_MEDIA, list(range(63, 125)))


def test_a_video_that_ends_inside_the_span_gives_what_is_there(cuts, library):
    clip = cuts.cut(library.files("mp4", Fraction(25)), 14, 18)
    assert (clip.facts.frames, clip.facts.duration_us) == (50, 2_000_000)


@pytest.mark.parametrize(("start", "end", "seconds"), [(14, 19, "2.000"), (20, 30, "0.000")])
def test_less_than_the_wanted_share_is_too_short_with_the_measured_length(cuts, library, start, end, seconds):
    failure = cuts.failure(library.files("mp4", Fraction(25)), start, end)
    assert failure.reason is Reason.TOO_SHORT
    assert seconds in failure.detail


def test_the_wanted_share_is_the_recipes(engine_for, library):
    clip = Cuts(engine_for(Recipe(min_share=0.1))).cut(library.files("mp4", Fraction(25)), 14, 30)
    assert clip.facts.duration_us == 2_000_000


def test_sound_alone_is_no_video(cuts, library):
    path = library.encoded("sound.m4a", Essence(Fraction(5), video=None), "mp4")
    assert cuts.failure([path], 0, 2).reason is Reason.NO_VIDEO


def test_a_span_before_the_file_begins_is_absent(cuts, library):
    failure = cuts.failure(library.files("mp4", Fraction(25)), 2, 4, origin_us=3_000_000)
    assert failure.reason is Reason.ABSENT


def test_pictures_too_large_are_refused_by_the_header(engine_for, library):
    engine = engine_for(limits=Limits(side_px=150))
    data = library.files("mp4", Fraction(25))[0].read_bytes()
    assert outcome(engine, data) is Reason.DAMAGED_MEDIA
    assert engine.child_pid is not None


def test_a_header_that_lies_about_the_size_does_not_help(engine_for, library):
    """The decoder is held to the same limit by what the stream itself says."""
    data = library.files("mp4", Fraction(25))[0].read_bytes()
    avc1 = data.index(b"avc1", data.index(b"stsd"))
    smaller = data[: avc1 + 28] + struct.pack(">HH", 16, 16) + data[avc1 + 32 :]
    engine = engine_for(limits=Limits(picture_px=100 * 100))
    assert outcome(engine, smaller) is Reason.DAMAGED_MEDIA


@pytest.mark.slow
def test_144_megapixels_are_never_decoded(engine_for, tmp_path):
    path = tmp_path / "huge.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1, options={"preset": "ultrafast", "crf": "51"})
        stream.width = stream.height = 12000
        stream.codec_context.thread_count = 1
        container.mux(stream.encode(av.VideoFrame(12000, 12000, "yuv420p")))
        container.mux(stream.encode(None))
    assert outcome(engine_for(), path.read_bytes(), 0, 1) is Reason.DAMAGED_MEDIA


class Endless:
    """A transport stream that goes on for ever and never has a picture."""

    size_bytes = None

    def read(self, start, end):
        packet = b"\x47\x1f\xff\x10" + b"\xff" * 184
        return (packet * ((end - start) // 188 + 2))[start % 188 :][: end - start]


def test_an_endless_file_ends_at_the_limit(engine_for):
    engine = engine_for(limits=Limits(fetched_bytes=20_000_000))
    with pytest.raises(ClipsetError) as caught, engine.open(MediaInput(Endless())) as cutter:
        cutter.cut(clip_of(0, 2))
    assert caught.value.failure.reason in (Reason.DAMAGED_MEDIA, Reason.NO_VIDEO)


@pytest.mark.parametrize("tries", [8, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("form", ["mp4", "mp4, moov at the end", "mkv", "webm", "transport stream"])
def test_whatever_bytes_change_only_plain_failures_or_clips_come_out(shared_engine, videos, form, tries):
    chance = random.Random(f"{form} {tries}")
    for _ in range(tries):
        data = mutated(bytearray(videos[form]), chance)
        result = outcome(shared_engine, data, chance.choice([4, 6]), 7)
        assert isinstance(result, list) or result in (Reason.DAMAGED_MEDIA, Reason.NO_VIDEO, Reason.TOO_SHORT)


def mutated(data, chance):
    """A few bytes changed, mostly in the headers, or a piece left out, doubled or cut off."""
    for _ in range(chance.choice([1, 3, 20])):
        position = int(len(data) * chance.random() ** chance.choice([1, 6]))
        match chance.randrange(5):
            case 0:
                data[position : position + chance.randrange(64)] = b""
            case 1:
                data[position:position] = data[position : position + chance.randrange(64)]
            case 2 if chance.random() < 0.1:
                del data[position:]
            case _ if position < len(data):
                data[position] = chance.choice([0, 255, 127, chance.randrange(256)])
    return bytes(data)
