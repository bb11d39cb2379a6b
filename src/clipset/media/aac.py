"""The sound of a span taken over packet by packet, and laid on the clip's time line to the sample."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from av import Packet
from av.audio.stream import AudioStream
from av.stream import Stream

from clipset.media.h264 import Unfit
from clipset.media.packets import tick_of
from clipset.media.sounds import TOLERANCE_S, SoundShape
from clipset.media.tracks import Track, Tracks

FRAME_SAMPLES = 1024
_LC = 2
_CHANNELS_MAX = 2


@dataclass(frozen=True, slots=True)
class Sound:
    """Packets whose ticks count the samples from the clip's first frame on; what is before it readers leave out."""

    track: Track
    packets: list[Packet[Stream]]
    duration_s: Fraction


def take_over(tracks: Tracks, zero_s: Fraction, duration_s: Fraction) -> Sound | None:
    """The packets that sound from a moment of the file's time on, and the one before them, which the first one needs to
    decode to what it is in the source. None if there is no sound then.

    Raises Unfit unless it is AAC-LC that the exact trim would not mix, without gaps, and there from the first sample
    on; and what reading raises.
    """
    track, stream = tracks.sound, tracks.audio_stream
    packets = list(tracks.sound_packets())
    if track is None or stream is None or not packets:
        return None
    if not _is_plain(stream) or any(packet.is_corrupt for packet in packets):
        raise Unfit("the sound is none that can be taken over")
    rate_hz = stream.codec_context.sample_rate
    times_s = [track.seconds(tick_of(packet)) - zero_s for packet in packets]
    first = round(times_s[0] * rate_hz)
    if any(
        abs(time_s - Fraction(first + FRAME_SAMPLES * n, rate_hz)) > TOLERANCE_S for n, time_s in enumerate(times_s)
    ):
        raise Unfit("the sound has gaps")
    return _placed(track, packets, first, rate_hz, duration_s)


def _is_plain(stream: AudioStream) -> bool:
    context = stream.codec_context
    config = context.extradata or b"\0"  # AudioSpecificConfig of ISO/IEC 14496-3: the kind is in the first five bits
    is_lc = context.codec.canonical_name == "aac" and config[0] >> 3 == _LC
    return is_lc and context.channels <= _CHANNELS_MAX and context.sample_rate == SoundShape.of(stream).rate_hz


def _placed(
    track: Track, packets: list[Packet[Stream]], first: int, rate_hz: int, duration_s: Fraction
) -> Sound | None:
    kept = []
    for n, packet in enumerate(packets):
        sample = first + FRAME_SAMPLES * n
        if -2 * FRAME_SAMPLES < sample < duration_s * rate_hz:
            packet.pts, packet.duration, packet.time_base = sample, FRAME_SAMPLES, Fraction(1, rate_hz)
            kept.append(packet)
    if not kept:
        return None
    if tick_of(kept[0]) > 0:
        raise Unfit("the sound begins after the pictures")
    return Sound(track, kept, Fraction(tick_of(kept[-1]) + FRAME_SAMPLES, rate_hz))
