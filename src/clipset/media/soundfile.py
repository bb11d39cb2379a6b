"""The sound of a finished clip as a file of its own."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer

from clipset.media.export import SoundForm
from clipset.media.faults import damaged
from clipset.media.foreign import WHOLE_FILE
from clipset.media.limits import Limits
from clipset.media.packets import tick_of
from clipset.media.sounds import Sounds, SoundShape
from clipset.media.tracks import MediaFile, Tracks, first_picture_s, open_tracks
from clipset.types import US_PER_S

_WRITERS = {"wav": ("wav", "pcm_s16le"), "flac": ("flac", "flac"), "m4a": ("ipod", "aac")}  # muxer and codec

Pulse = Callable[[], None]


def sound_file(file: MediaFile, form: SoundForm, duration_us: int, limits: Limits, pulse: Pulse) -> bytes:
    """The sound from the first picture on, for `duration_us` at most; holes are silence.

    Raises damaged_media if any of it does not decode, if there is none, or if it fills more than a clip may.
    """
    tracks = open_tracks(file, file, WHOLE_FILE, limits)
    buffer = _Buffer(limits.clip_bytes)
    try:
        stream = tracks.audio_stream
        if stream is None:
            raise damaged("the clip had sound when it was made, and has none now")
        zero_s = first_picture_s(file)
        duration_s = Fraction(duration_us, US_PER_S)
        muxer, _ = _WRITERS[form.format]
        with av.open(buffer, "w", format=muxer, container_options={"fflags": "+bitexact"}) as container:
            if _can_copy(stream, form):
                _copy(tracks, stream, container, zero_s, duration_s, pulse)
            else:
                _encode(tracks, stream, container, form, zero_s, duration_s, pulse)
    finally:
        tracks.close()
    return buffer.getvalue()


def _can_copy(stream: AudioStream, form: SoundForm) -> bool:
    codec = stream.codec_context.codec.canonical_name
    return form == SoundForm("m4a") and codec == "aac"


def _encode(
    tracks: Tracks,
    stream: AudioStream,
    container: OutputContainer,
    form: SoundForm,
    zero_s: Fraction,
    duration_s: Fraction,
    pulse: Pulse,
) -> None:
    shape = _shape(stream, form)
    written = _stream(container, form.format, shape)
    sounds = Sounds(tracks.sound_packets(), stream, shape, zero_s)
    for frame in sounds.until(round(duration_s * shape.rate_hz)):
        container.mux(written.encode(frame))
        pulse()
    container.mux(written.encode(None))


def _copy(
    tracks: Tracks,
    stream: AudioStream,
    container: OutputContainer,
    zero_s: Fraction,
    duration_s: Fraction,
    pulse: Pulse,
) -> None:
    """The packets as they are, what the decoder needs before the first sample too; decoded once, to find damage."""
    written = container.add_stream_from_template(stream)
    second = stream.time_base or Fraction(1)
    zero, end = round(zero_s / second), (zero_s + duration_s) / second
    context = stream.codec_context
    context.thread_count = 1
    context.options = {"err_detect": "explode"}
    for packet in tracks.sound_packets():
        if tick_of(packet) >= end:
            break
        context.decode(packet)
        packet.stream, packet.pts, packet.dts = written, tick_of(packet) - zero, tick_of(packet) - zero
        container.mux(packet)
        pulse()


def _shape(stream: AudioStream, form: SoundForm) -> SoundShape:
    own = SoundShape.of(stream)
    return SoundShape(form.rate_hz or own.rate_hz, "mono" if form.mono else own.layout)


def _stream(container: OutputContainer, form: str, shape: SoundShape) -> AudioStream:
    codec = _WRITERS[form][1]
    stream = container.add_stream(codec, rate=shape.rate_hz, layout=shape.layout)
    assert isinstance(stream, AudioStream)  # noqa: S101 - narrows the type of the codec just named
    if codec == "aac":
        stream.bit_rate = shape.bits_per_s
    stream.codec_context.thread_count = 1
    stream.codec_context.flags |= Flags.bitexact
    return stream


class _Buffer(io.BytesIO):
    """A file in memory that may not grow beyond a size. Writing more raises damaged_media."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__()
        self._bytes_max = bytes_max

    def write(self, data: object, /) -> int:
        view = memoryview(data)  # type: ignore[arg-type]  # what libav's wrapper gives is bytes
        if self.tell() + view.nbytes > self._bytes_max:
            raise damaged("its sound is longer than this writes")
        return super().write(view)
