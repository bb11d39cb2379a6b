"""A finished clip is known again, and what is not that clip is not."""

import io
from dataclasses import replace
from fractions import Fraction

import pytest
from clips import clip_of, look
from serving import Memory

from clipset.media import Limits, MediaEngine, exact, job, tracks, verify
from clipset.media.cache import ByteCache
from clipset.media.draft import Draft
from clipset.media.layout import read_layout
from clipset.reasons import Reason
from clipset.types import ClipsetError, Recipe


@pytest.fixture(scope="module")
def finished(cuts, library):
    return cuts.cut(library.files("mp4", Fraction(25)), 2, 4)


def test_a_finished_clip_has_the_facts_it_was_made_with(shared_engine, finished):
    assert shared_engine.inspect(Memory(finished.data), clip_of(2, 4)) == finished.facts


def test_a_clip_carries_its_name_and_its_recipe(finished):
    assert look(finished.data).comment == "clipset -abcdefghi__000002_000004 exact-h360"


def refused(engine, data, start=2, end=4):
    with pytest.raises(ClipsetError) as caught:
        engine.inspect(Memory(data), clip_of(start, end))
    return caught.value.failure.reason


def test_another_clip_under_this_name_is_refused(shared_engine, finished):
    assert refused(shared_engine, finished.data, 2, 5) is Reason.DAMAGED_MEDIA


def test_a_clip_of_another_recipe_is_refused(engine_for, finished):
    engine: MediaEngine = engine_for(Recipe(audio=False))
    assert refused(engine, finished.data) is Reason.DAMAGED_MEDIA


@pytest.mark.parametrize("change", ["cut off", "one bit", "zeros", "empty"])
def test_a_damaged_clip_is_refused(shared_engine, finished, change):
    data = bytearray(finished.data)
    if change == "cut off":
        del data[-2000:]
    elif change == "one bit":
        data[len(data) * 3 // 4] ^= 32
    elif change == "zeros":
        data[len(data) // 2 : len(data) // 2 + 500] = bytes(500)
    else:
        data.clear()
    assert refused(shared_engine, bytes(data)) is Reason.DAMAGED_MEDIA


def test_some_video_that_is_no_clip_is_refused(shared_engine, library):
    data = library.files("mp4", Fraction(25))[0].read_bytes()
    assert refused(shared_engine, data) is Reason.DAMAGED_MEDIA


@pytest.mark.parametrize(
    "change",
    [
        {"times_s": tuple(Fraction(n, 25) for n in range(49))},
        {"times_s": tuple(Fraction(n, 25) + (n == 9) * Fraction(1, 1000) for n in range(50))},
        {"duration_s": Fraction(3)},
        {"sound_s": None},
        {"sound_s": Fraction(1)},
    ],
    ids=["a frame less", "a frame moved", "longer", "no sound", "less sound"],
)
def test_a_written_clip_that_is_not_what_was_meant_is_refused(finished, change):
    seen = verify.decode_clip(io.BytesIO(finished.data), Limits(), lambda: None)
    meant = Draft(b"", tuple(Fraction(n, 25) for n in range(50)), Fraction(2), Fraction(2), Fraction(2))
    verify.compare(seen, meant)
    with pytest.raises(ClipsetError, match="the clip was written, but"):
        verify.compare(seen, replace(meant, **change))


def test_every_clip_is_decoded_and_compared_before_it_leaves_the_child(library, monkeypatch):
    data = library.files("mp4", Fraction(25))[0].read_bytes()
    cache = ByteCache(lambda start, end: (data[start:end], len(data)), None, 1 << 40)
    file = tracks.MediaFile(cache, read_layout(cache))
    trim = exact.trim
    monkeypatch.setattr(exact, "trim", lambda *asked: replace(trim(*asked), duration_s=Fraction(9)))
    with pytest.raises(ClipsetError, match="its length is wrong"):
        job.Job(file, file, 0, Recipe(), Limits(), lambda: None).cut(clip_of(2, 3).span, "")
