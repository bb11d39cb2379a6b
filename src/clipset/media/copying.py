"""The copy: whole groups of pictures as the source has them, from the keyframe at or before the span's start.

A clip that is copied begins early, at its keyframe, and its length says so. An edit list could hide what is before the
span, but loaders that ignore it (decord does) would count those frames and shift all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from av import Packet
from av.container import OutputContainer
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext

from clipset.media.draft import Draft
from clipset.media.exact import Pulse
from clipset.media.mp4 import Mp4Buffer
from clipset.media.packets import tick_of
from clipset.media.tracks import Track, Tracks
from clipset.types import Span

_GROUP_END_US = 400_000  # read behind the span, to end between two pictures that do not refer to each other
SOUND_LEAD_US = 6_000_000  # the sound from the keyframe on, too, if the group began no earlier: YouTube's are shorter
_PICTURES, _SOUNDS = frozenset({"h264"}), frozenset({"aac"})  # in mp4, OpenCV and decord read these alike


def wide(span: Span) -> Span:
    """What has to be opened for a copy of the span."""
    return replace(span, end_us=span.end_us + _GROUP_END_US)


def can_copy(tracks: Tracks) -> bool:
    sound = tracks.audio_stream
    fits = tracks.video_stream.codec_context.codec.canonical_name in _PICTURES
    return fits and (sound is None or sound.codec_context.codec.canonical_name in _SOUNDS)


def copy(tracks: Tracks, span: Span, comment: str, pulse: Pulse) -> Draft | None:
    """The pictures from the keyframe on, a few more at the end if those of the span refer to them, and their sound.

    `tracks` are open for `wide(span)`. None if the span holds no picture. Raises what libav and reading raise.
    """
    track = tracks.picture
    start, end = track.tick(span.start_us), track.tick(span.end_us)
    pictures = _closed(list(tracks.picture_packets()), end)
    if not any(start <= tick_of(packet) < end for packet in pictures):
        return None
    ticks = sorted(map(tick_of, pictures))
    behind = ticks[-1] + _last_duration(pictures, ticks)
    sounds = _between(tracks, track.seconds(ticks[0]), track.seconds(behind))
    buffer = Mp4Buffer()
    with buffer.container(comment) as container:
        writers = [Copier(container, track, ticks[0])]
        if tracks.sound is not None and sounds:
            zero = tracks.sound.zero + round(track.seconds(ticks[0]) / tracks.sound.time_base)
            writers.append(Copier(container, tracks.sound, zero))
        for writer, packets in zip(writers, (pictures, sounds), strict=False):
            writer.write(packets, pulse)
    sound_s = sum((_duration_s(packet) for packet in sounds), Fraction(0)) if sounds else None
    return Draft(
        data=buffer.getvalue(),
        times_s=tuple((tick - ticks[0]) * track.time_base for tick in ticks),
        duration_s=(behind - ticks[0]) * track.time_base,
        present_s=(min(behind, end) - max(ticks[0], start)) * track.time_base,
        sound_s=sound_s,
    )


class Copier:
    """Moves the packets of one track into a clip, its time 0 at the tick `zero`."""

    def __init__(self, container: OutputContainer, track: Track, zero: int) -> None:
        self._stream = container.add_stream_from_template(track.stream)
        self._container = container
        self._zero = zero

    def describe(self, parameter_sets: bytes, sample_aspect: Fraction) -> None:
        """Instead of what the source's container says of its pictures."""
        context = self._stream.codec_context
        assert isinstance(context, VideoCodecContext)  # noqa: S101 - only pictures have such
        context.extradata, context.sample_aspect_ratio = parameter_sets, sample_aspect

    def write(self, packets: Sequence[Packet[Stream]], pulse: Pulse) -> None:
        """Decoding times are made anew, from the order of the packets: not every container has them."""
        ticks = [tick_of(packet) - self._zero for packet in packets]
        ahead = max(shown - tick for tick, shown in zip(ticks, sorted(ticks), strict=True))
        for packet, tick, shown in zip(packets, ticks, sorted(ticks), strict=True):
            packet.stream, packet.pts, packet.dts = self._stream, tick, shown - ahead
            self._container.mux(packet)
            pulse()


def _closed(packets: list[Packet[Stream]], end: int) -> list[Packet[Stream]]:
    """The shortest beginning, in decoding order, that has all before `end` and nothing shown after what follows it.

    Pictures that lead the first keyframe cannot be decoded without the group before, and are left out.
    """
    packets = [packet for packet in packets if tick_of(packet) >= tick_of(packets[0])]
    needed = max((i for i, packet in enumerate(packets) if tick_of(packet) < end), default=-1) + 1
    shown = max(map(tick_of, packets[:needed]), default=end)
    while needed < len(packets) and tick_of(packets[needed]) < shown:
        needed += 1
    return packets[:needed]


def _between(tracks: Tracks, start_s: Fraction, end_s: Fraction) -> list[Packet[Stream]]:
    """The packets of sound that begin while pictures are shown: sound that began before them is left out."""
    if tracks.sound is None:
        return []
    track = tracks.sound
    return [packet for packet in tracks.sound_packets() if start_s <= track.seconds(tick_of(packet)) < end_s]


def _last_duration(pictures: list[Packet[Stream]], ticks: list[int]) -> int:
    last = max(pictures, key=tick_of)
    return last.duration or (ticks[-1] - ticks[-2] if len(ticks) > 1 else 1)


def _duration_s(packet: Packet[Stream]) -> Fraction:
    return (packet.duration or 0) * (packet.time_base or Fraction(1))
