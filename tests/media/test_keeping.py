"""Ready clips of a mirror: kept byte for byte unless the recipe asks for something else."""

import hashlib
import io
import threading
from dataclasses import replace
from fractions import Fraction

import av
import pytest

from clipset.media import MediaEngine
from clipset.reasons import Reason
from clipset.rehearsal.media import AudioCodec, Container, MediaLibrary, MediaSpec, Picture, Sound, VideoCodec
from clipset.sweep.keeping import keep, recipe_for
from clipset.types import Clip, Failure, Precision, Recipe, Span, Stored, Wanted

SECOND = 1_000_000
WANT = Wanted(Clip("abcdefghijk", Span(7 * SECOND, 10 * SECOND)), ("val/a/x.mp4", "val/b/x.mp4"))
PICTURE = Picture(VideoCodec.H264, 96, Fraction(12), 5)
SPEC = MediaSpec(Container.MP4, Fraction(3), PICTURE, Sound(AudioCodec.AAC, 1))


class Sink:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, path: str, data: bytes) -> None:
        self.files[path] = data

    def link(self, path: str, target: str) -> None:
        self.files[path] = self.files[target]

    def get(self, path: str) -> None:
        raise NotImplementedError


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return MediaLibrary(tmp_path_factory.mktemp("clips"))


def kept(data: bytes, recipe: Recipe) -> tuple[Stored | Failure, Sink]:
    engine, sink = MediaEngine(recipe_for(recipe), threading.Event()), Sink()
    try:
        return keep(data, WANT, recipe, engine, sink), sink
    finally:
        engine.close()


def pictures(data: bytes) -> list[bytes]:
    with av.open(io.BytesIO(data)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


AS_IT_IS = {
    "by default": Recipe(),
    "as a copy": Recipe(precision=Precision.COPY),
    "whatever the largest rendition": Recipe(max_height_px=48),
    "scaled to what it has": Recipe(short_side_px=96),
    "scaled to more than it has": Recipe(short_side_px=256),
}


@pytest.mark.parametrize("how", AS_IT_IS)
def test_a_clip_that_asks_for_nothing_more_is_kept_byte_for_byte(how, library):
    data = library.get(SPEC).path.read_bytes()
    result, sink = kept(data, AS_IT_IS[how])
    assert isinstance(result, Stored)
    assert sink.files == {"val/a/x.mp4": data, "val/b/x.mp4": data}
    assert (result.size_bytes, result.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (result.facts.frames, result.facts.duration_us) == (36, 3 * SECOND)


def test_a_clip_is_scaled_down_if_the_recipe_says_so(library):
    result, sink = kept(library.get(SPEC).path.read_bytes(), Recipe(short_side_px=48))
    assert isinstance(result, Stored)
    assert (result.facts.height_px, result.facts.frames) == (48, 36)
    assert result.facts.audio_codec == "aac"
    assert sink.files["val/b/x.mp4"] == sink.files["val/a/x.mp4"]


def test_sound_is_left_out_without_touching_the_pictures(library):
    data = library.get(SPEC).path.read_bytes()
    result, sink = kept(data, Recipe(audio=False))
    assert isinstance(result, Stored)
    assert result.facts.audio_codec is None
    assert pictures(sink.files["val/a/x.mp4"]) == pictures(data)


def test_a_clip_without_sound_is_kept_as_it_is_when_none_is_wanted(library):
    data = library.get(replace(SPEC, sound=None)).path.read_bytes()
    _, sink = kept(data, Recipe(audio=False))
    assert sink.files["val/a/x.mp4"] == data


def test_a_clip_may_be_shorter_than_its_span_as_far_as_the_recipe_allows(library):
    data = library.get(replace(SPEC, duration_s=Fraction(1))).path.read_bytes()
    refused, sink = kept(data, Recipe())
    assert isinstance(refused, Failure)
    assert refused.reason is Reason.TOO_SHORT
    assert sink.files == {}
    result, _ = kept(data, Recipe(min_share=0.3))
    assert isinstance(result, Stored)
    assert result.facts.duration_us == SECOND


def test_what_is_no_clip_is_not_kept(library):
    whole = library.get(SPEC).path.read_bytes()
    far_longer = library.get(replace(SPEC, duration_s=Fraction(20))).path.read_bytes()
    for data in (whole[: len(whole) * 2 // 3], b"", b"<html>" * 100, far_longer):
        result, sink = kept(data, Recipe())
        assert isinstance(result, Failure)
        assert result.reason is Reason.DAMAGED_MEDIA
        assert sink.files == {}
