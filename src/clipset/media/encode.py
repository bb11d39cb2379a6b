"""Encoding a clip: H.264 and AAC, pictures and sound side by side, the same bytes for the same input."""

from __future__ import annotations

from fractions import Fraction

from av import VideoFrame
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from clipset.media.geometry import Reshaper, Shape
from clipset.media.sounds import Sounds

# mbtree=0: with it x264 reads memory that it never wrote, and the same input gives different bytes where a row has a
# number of macroblocks that is no multiple of 8. One thread: the number of threads changes the bytes too.
_X264 = {"preset": "veryfast", "crf": "23", "x264-params": "mbtree=0:threads=1", "a53cc": "0"}


class Encoder:
    """Writes one clip into a container. Ticks and seconds count from the clip's first frame."""

    def __init__(self, container: OutputContainer, video: VideoStream, shape: Shape, sounds: Sounds | None) -> None:
        self._container = container
        self._video = video
        self._reshape = Reshaper(shape)
        self._sounds = sounds if sounds is not None and sounds.any_left() else None
        self._audio = _audio_stream(container, self._sounds) if self._sounds is not None else None

    def picture(self, frame: VideoFrame, tick: int, duration: int, time_base: Fraction) -> None:
        """The encoder chooses the picture types: left on the frame, the source's would be forced on it."""
        shaped = self._reshape(frame)
        shaped.pts, shaped.duration, shaped.time_base = tick, duration, time_base
        shaped.pict_type = 0
        self.sound_until(tick * time_base)
        self._container.mux(self._video.encode(shaped))

    def sound_until(self, time_s: Fraction) -> None:
        if self._sounds is None or self._audio is None:
            return
        for frame in self._sounds.until(round(time_s * self._sounds.shape.rate_hz)):
            self._container.mux(self._audio.encode(frame))

    def finish(self) -> Fraction | None:
        """Write what the encoders still hold. Returns how long the sound is, None without sound."""
        self._container.mux(self._video.encode(None))
        if self._sounds is None or self._audio is None:
            return None
        self._container.mux(self._audio.encode(None))
        return Fraction(self._sounds.samples, self._sounds.shape.rate_hz)


def video_stream(
    container: OutputContainer, shape: Shape, first: VideoFrame, time_base: Fraction, rate_hz: Fraction
) -> VideoStream:
    """An H.264 stream for pictures of this shape with the colours of the first one: 8 bits, 4:2:0.

    The colours' tags are kept, so HDR stays HDR, in 8 bits; there is no tone mapping.
    """
    stream = container.add_stream("libx264", rate=rate_hz, options=dict(_X264), time_base=time_base)
    assert isinstance(stream, VideoStream)  # noqa: S101 - narrows the type of the codec just named
    dress(stream.codec_context, shape, first)
    return stream


def dress(context: VideoCodecContext, shape: Shape, first: VideoFrame) -> None:
    """Set what an encoder has to know of pictures of this shape, with the colours of the first one."""
    context.width, context.height, context.pix_fmt = shape.width_px, shape.height_px, "yuv420p"
    context.sample_aspect_ratio = shape.sample_aspect
    context.color_range, context.colorspace = first.color_range, first.colorspace
    context.color_primaries, context.color_trc = first.color_primaries, first.color_trc
    context.thread_count = 1
    context.flags |= Flags.bitexact | Flags.frame_duration


def _audio_stream(container: OutputContainer, sounds: Sounds) -> AudioStream:
    shape = sounds.shape
    stream = container.add_stream("aac", rate=shape.rate_hz, layout=shape.layout, bit_rate=shape.bits_per_s)
    assert isinstance(stream, AudioStream)  # noqa: S101 - narrows the type of the codec just named
    stream.codec_context.thread_count = 1
    stream.codec_context.flags |= Flags.bitexact
    stream.codec_context.options = {"aac_coder": "fast"}  # the same size and no worse, for half the time: bench_trim
    return stream
