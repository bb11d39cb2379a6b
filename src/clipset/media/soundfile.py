"""The sound of a finished clip as a file of its own."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av import Packet
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer
from av.stream import Stream

from clipset.media.faults import damaged
from clipset.media.foreign import WHOLE_FILE
from clipset.media.forms import SoundForm
from clipset.media.limits import Limits
from clipset.media.packets import refuse_cut_off, tick_of
from clipset.media.sounds import Sounds, SoundShape
from clipset.media.tracks import MediaFile, Track, first_picture_s, open_tracks
from clipset.types import US_PER_S

_WRITERS = {"wav": ("wav", "pcm_s16le"), "flac": ("flac", "flac"), "m4a": ("ipod", "aac")}  # muxer and codec

Pulse = Callable[[], None]


def sound_file(file: MediaFile, form: SoundForm, duration_us: int, limits: Limits, pulse: Pulse) -> bytes:
    """The sound from the first picture on, for `duration_us` at most; holes are silence.

    Raises damaged_media if any of it does not decode, if there is none, or if it fills more than a clip may.
    """
    tracks = open_tracks(file, file, WHOLE_FILE, limits)
    try:
        if tracks.sound is None or tracks.audio_stream is None:
            raise damaged("the clip had sound when it was made, and has none now")
        zero_s = first_picture_s(file)
        heard = _Heard(tracks.sound, tracks.audio_stream, zero_s, zero_s + Fraction(duration_us, US_PER_S))
        return _written(heard, form, limits, pulse)
    finally:
        tracks.close()


@dataclass(frozen=True, slots=True)
class _Heard:
    """The sound between two moments of the file's clock."""

    track: Track
    stream: AudioStream
    start_s: Fraction
    end_s: Fraction

    @property
    def packets(self) -> Iterator[Packet[Stream]]:
        """From the beginning of the file on, not from time 0: what stands before is what the decoder hears first.

        Raises CutOff, and what libav and reading raise.
        """
        packet, second = None, self.track.time_base
        for packet in self.track.demuxer.packets(self.track.stream):
            if tick_of(packet) * second >= self.end_s:
                return
            yield packet
        refuse_cut_off(self.track.demuxer, self.track.stream, packet)


def _written(heard: _Heard, form: SoundForm, limits: Limits, pulse: Pulse) -> bytes:
    """Raises damaged_media if it is more than the limit."""
    buffer = io.BytesIO()
    is_own = form == SoundForm("m4a") and heard.stream.codec_context.codec.canonical_name == "aac"
    muxer, codec = _WRITERS[form.format]
    with av.open(buffer, "w", format=muxer, container_options={"fflags": "+bitexact"}) as container:
        for packet in _copied(heard, container) if is_own else _encoded(heard, container, form, codec):
            container.mux(packet)
            pulse()
            if buffer.tell() > limits.clip_bytes:
                raise damaged("its sound is longer than this writes")
    return buffer.getvalue()


def _encoded(heard: _Heard, container: OutputContainer, form: SoundForm, codec: str) -> Iterator[Packet[Stream]]:
    own = SoundShape.of(heard.stream)
    shape = SoundShape(form.rate_hz or own.rate_hz, "mono" if form.mono else own.layout)
    stream = container.add_stream(codec, rate=shape.rate_hz, layout=shape.layout)
    assert isinstance(stream, AudioStream)  # noqa: S101 - narrows the type of the codec just named
    if codec == "aac":
        stream.bit_rate = shape.bits_per_s
    stream.codec_context.thread_count = 1
    stream.codec_context.flags |= Flags.bitexact
    sounds = Sounds(heard.packets, heard.stream, shape, heard.start_s)
    for frame in sounds.until(round((heard.end_s - heard.start_s) * shape.rate_hz)):
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _copied(heard: _Heard, container: OutputContainer) -> Iterator[Packet[Stream]]:
    """The packets as they are; each is decoded before, to find damage."""
    stream = container.add_stream_from_template(heard.stream)
    context = heard.stream.codec_context
    context.thread_count = 1
    context.options = {"err_detect": "explode"}
    zero = round(heard.start_s / heard.track.time_base)
    for packet in heard.packets:
        context.decode(packet)
        tick = tick_of(packet) - zero
        packet.stream, packet.pts, packet.dts = stream, tick, tick
        yield packet
