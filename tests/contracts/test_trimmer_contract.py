"""What every trimmer promises. A trimmer's own test inherits TrimmerContract and gives the `trimmer` fixture."""

import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import pytest

from clipset.media import MediaEngine
from clipset.reasons import Reason
from clipset.types import Clip, ClipsetError, Failure, Interrupted, MediaInput, Recipe, Span, Stage, Trimmer

RATE = 25


@dataclass
class Memory:
    """A ByteStream over bytes, or over an error."""

    data: bytes
    error: Exception | None = None

    @property
    def size_bytes(self) -> int:
        return len(self.data)

    def read(self, start: int, end: int) -> bytes:
        if self.error is not None:
            raise self.error
        return self.data[start:end]


def clip(start_s: float, end_s: float) -> Clip:
    return Clip("abcdefghijk", Span(round(start_s * 1_000_000), round(end_s * 1_000_000)))


@pytest.fixture(scope="session")
def video() -> bytes:
    """Eight seconds without sound; every frame has its own brightness."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "qp": "1", "g": "50"})
        stream.width, stream.height = 64, 48
        for n in range(8 * RATE):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane, value in zip(frame.planes, (20 + n, 128, 128), strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def frames_of(data: bytes) -> list[int]:
    with av.open(io.BytesIO(data)) as container:
        return [round(bytes(frame.planes[0])[0]) - 20 for frame in container.decode(video=0)]


class TrimmerContract:
    """Behaviour, seen through the protocol alone. The trimmer's recipe is the default one."""

    @pytest.fixture
    def trimmer(self) -> Iterator[Trimmer]:
        raise NotImplementedError("give a trimmer with Recipe()")

    def test_a_clip_has_exactly_the_frames_of_its_span(self, trimmer: Trimmer, video: bytes) -> None:
        with trimmer.open(MediaInput(Memory(video))) as cutter:
            trimmed = cutter.cut(clip(2.5, 4.5))
        assert frames_of(trimmed.data) == list(range(63, 113))
        assert (trimmed.facts.frames, trimmed.facts.fps, trimmed.facts.duration_us) == (50, Fraction(RATE), 2_000_000)

    def test_several_clips_come_out_of_one_video_in_any_order(self, trimmer: Trimmer, video: bytes) -> None:
        with trimmer.open(MediaInput(Memory(video))) as cutter:
            first = [frames_of(cutter.cut(clip(start, start + 1)).data)[0] for start in (5, 1, 5, 3)]
        assert first == [125, 25, 125, 75]

    def test_the_same_clip_has_the_same_bytes(self, trimmer: Trimmer, video: bytes) -> None:
        made = set()
        for _ in range(2):
            with trimmer.open(MediaInput(Memory(video))) as cutter:
                made.add(cutter.cut(clip(1, 2)).data)
        assert len(made) == 1

    def test_times_of_a_ready_clip_count_from_where_it_begins_in_the_video(
        self, trimmer: Trimmer, video: bytes
    ) -> None:
        with trimmer.open(MediaInput(Memory(video), origin_us=60_000_000, format_id="18")) as cutter:
            trimmed = cutter.cut(clip(61, 62))
        assert frames_of(trimmed.data)[0] == 25
        assert trimmed.facts.format_id == "18"

    def test_a_finished_clip_passes_inspection_and_another_does_not(self, trimmer: Trimmer, video: bytes) -> None:
        with trimmer.open(MediaInput(Memory(video))) as cutter:
            trimmed = cutter.cut(clip(1, 2))
        assert trimmer.inspect(Memory(trimmed.data), clip(1, 2)) == trimmed.facts
        with pytest.raises(ClipsetError):
            trimmer.inspect(Memory(trimmed.data), clip(1, 3))

    def test_a_clip_of_somebody_else_is_checked_by_its_length_alone(self, trimmer: Trimmer, video: bytes) -> None:
        facts = trimmer.check(Memory(video), clip(3, 10))
        assert (facts.frames, facts.duration_us, facts.audio_codec) == (8 * RATE, 8_000_000, None)
        with pytest.raises(ClipsetError) as caught:
            trimmer.check(Memory(video), clip(3, 23))
        assert caught.value.failure.reason is Reason.TOO_SHORT

    @pytest.mark.parametrize(
        ("data", "reason"), [(b"", Reason.DAMAGED_MEDIA), (b"<html></html>" * 99, Reason.DAMAGED_MEDIA)]
    )
    def test_what_is_no_video_fails_when_it_is_opened(self, trimmer: Trimmer, data: bytes, reason: Reason) -> None:
        with pytest.raises(ClipsetError) as caught, trimmer.open(MediaInput(Memory(data))):
            pytest.fail("it opened")
        assert caught.value.failure.reason is reason

    def test_a_failed_clip_leaves_the_others_alone(self, trimmer: Trimmer, video: bytes) -> None:
        with trimmer.open(MediaInput(Memory(video))) as cutter:
            with pytest.raises(ClipsetError) as caught:
                cutter.cut(clip(20, 30))
            assert caught.value.failure.reason is Reason.TOO_SHORT
            assert cutter.cut(clip(1, 2)).facts.frames == RATE

    @pytest.mark.parametrize(
        "error", [ClipsetError(Failure(Reason.THROTTLED, "HTTP 429", Stage.FETCH, 429, 30.0)), Interrupted()]
    )
    def test_what_the_stream_raises_comes_out_unchanged(self, trimmer: Trimmer, video: bytes, error: Exception) -> None:
        with pytest.raises(type(error)) as caught, trimmer.open(MediaInput(Memory(video, error))):
            pytest.fail("it opened")
        assert caught.value is error

    def test_closing_twice_is_once(self, trimmer: Trimmer) -> None:
        trimmer.close()
        trimmer.close()


class TestMediaEngine(TrimmerContract):
    @pytest.fixture
    def trimmer(self) -> Iterator[Trimmer]:
        engine = MediaEngine(Recipe(), threading.Event())
        yield engine
        engine.close()
