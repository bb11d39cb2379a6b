"""The smart trim: frame-exact, but only what lies before the first IDR picture of the span, and the few pictures at its
end that refer to what follows, are encoded anew. All between are the source's own packets, and so is the sound.

For H.264 of 8 bits and 4:2:0, progressive, with AAC or silent; what is not that is for the exact trim.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise

from av import Packet, VideoFrame
from av.stream import Stream

from clipset.media import aac, h264
from clipset.media.anew import Anew, encoder_like
from clipset.media.copying import Copier
from clipset.media.draft import Draft
from clipset.media.exact import Pulse, last_duration
from clipset.media.faults import damaged
from clipset.media.geometry import Shape
from clipset.media.h264 import ParameterSets, SequenceSet, Unfit
from clipset.media.mp4 import Mp4Buffer
from clipset.media.packets import ChosenPackets, tick_of
from clipset.media.pictures import rate_of
from clipset.media.splice import Coded, Splice, plan_splice
from clipset.media.ticks import tick_at
from clipset.media.tracks import Tracks


def trim(tracks: Tracks, short_side_px: int | None, comment: str, pulse: Pulse) -> Draft | None:
    """The frames that exact.trim would give, at the same times. None if no IDR picture of the span can be begun with.

    Raises Unfit where the stream is of another kind, damaged_media, CutOff, OpenGroup, and what libav and reading
    raise.
    """
    source = _Source(tracks)
    splice = plan_splice(source.pictures, source.reading.start, source.reading.end)
    if splice is None:
        return None
    times = _Times.of(source, splice)
    sound = aac.take_over(tracks, tracks.picture.seconds(times.ticks[0]), times.duration_s)
    pictures, sets = _spliced(source, splice, short_side_px, pulse)
    if len(pictures) != len(times.durations):
        raise damaged("pictures came out of the decoder that the packets did not announce")
    for picture, duration in zip(pictures, times.durations, strict=True):
        picture.duration = duration
    buffer = Mp4Buffer()
    with buffer.container(comment) as container:
        writer = Copier(container, tracks.picture, times.ticks[0])
        writer.describe(sets.record(), tracks.sample_aspect)
        sounds = Copier(container, sound.track, 0) if sound is not None else None
        writer.write(pictures, pulse)
        if sounds is not None and sound is not None:
            sounds.write(sound.packets, pulse)
    return Draft(
        data=buffer.getvalue(),
        times_s=times.times_s,
        duration_s=times.duration_s,
        present_s=times.duration_s,
        sound_s=sound.duration_s if sound is not None else None,
    )


class _Source:
    """The packets of the span's pictures, all of them in memory, and what they are."""

    def __init__(self, tracks: Tracks) -> None:
        """Raises Unfit, CutOff, and what libav and reading raise."""
        context = tracks.video_stream.codec_context
        if context.codec.canonical_name != "h264":
            raise Unfit("the pictures are not H.264")
        self.tracks = tracks
        self.sets = ParameterSets.of_mp4(context.extradata or b"")
        if len(self.sets.sequence) > 1 or not SequenceSet.read(self.sets.sequence[0]).progressive:
            raise Unfit("the pictures are of several kinds, or interlaced")
        self.reading = tracks.picture_packets()
        self.packets = list(self.reading)
        self.pictures = [_coded(packet) for packet in self.packets]

    def frames(self, splice: Splice) -> Iterator[VideoFrame]:
        """What the decoded packets show of the span, in order. Raises damaged_media, OpenGroup, what libav raises."""
        reading, chosen = self.reading, [self.packets[i] for i in splice.decoded]
        return iter(self.tracks.pictures(ChosenPackets(chosen, reading.start, reading.end, reading.keyframe_tick)))

    def taken_over(self, splice: Splice) -> list[Packet[Stream]]:
        """Nobody is to begin decoding at a picture that opens a group without being an IDR picture."""
        for i in splice.body:
            self.packets[i].is_keyframe = self.pictures[i].fresh
        return [self.packets[i] for i in splice.body]


def _coded(packet: Packet[Stream]) -> Coded:
    """Raises Unfit unless there is one picture in the packet, and it is shown."""
    units = list(h264.units(bytes(packet)))
    kinds = {h264.type_of(unit) for unit in units}
    if packet.is_discard or packet.is_corrupt or not kinds <= h264.PLAIN or len(kinds & h264.SLICES) != 1:
        raise Unfit("a packet holds something else than a picture that is shown")
    referred = any(h264.is_referred(unit) for unit in units)
    return Coded(tick_of(packet), h264.Unit.IDR_SLICE in kinds, referred)


def _spliced(
    source: _Source, splice: Splice, short_side_px: int | None, pulse: Pulse
) -> tuple[list[Packet[Stream]], ParameterSets]:
    """The clip's pictures in decoding order, and the parameter sets that they need."""
    tracks, body = source.tracks, source.taken_over(splice)
    time_base = tracks.picture.time_base
    rate_hz = rate_of(sorted(map(tick_of, source.packets)), time_base)
    open_encoder = encoder_like(source.sets, tracks.sample_aspect, rate_hz, time_base)
    head, tail = Anew(open_encoder), Anew(open_encoder)
    frames = source.frames(splice)
    first = next(frames, None)
    if first is None or _changes(first, Shape.of(first, tracks.sample_aspect, short_side_px)):
        raise Unfit("the pictures have to be changed")
    begin, last = tick_of(body[0]), max(map(tick_of, body))
    for frame in chain((first,), frames):
        if frame.pts is not None and not begin <= frame.pts <= last:
            (head if frame.pts < begin else tail).add(frame)
        pulse()
    head.finish()
    tail.finish()
    return [*head.packets, *body, *tail.packets], source.sets.with_those_of(head.sets, tail.sets)


def _changes(frame: VideoFrame, shape: Shape) -> bool:
    """Whether the exact trim would change more of the picture than encoding does."""
    as_it_is = (shape.width_px, shape.height_px) == (frame.width, frame.height) and not shape.turns
    return frame.format.name != "yuv420p" or not as_it_is


@dataclass(frozen=True, slots=True)
class _Times:
    """When the clip's pictures are shown, in order, and for how long each: until the next one.

    mp4 has durations in decoding order, which is where the packets get them.
    """

    ticks: list[int]
    durations: list[int]
    time_base: Fraction

    @classmethod
    def of(cls, source: _Source, splice: Splice) -> _Times:
        reading, time_base = source.reading, source.tracks.picture.time_base
        ticks = sorted(source.pictures[i].tick for i in (*splice.head, *splice.body, *splice.tail))
        steps = [after - before for before, after in pairwise(ticks)]
        step = steps[-1] if steps else 1
        own = next(packet.duration for packet in source.packets if tick_of(packet) == ticks[-1]) or step
        end = reading.next_tick if reading.next_tick is not None else ticks[-1] + own
        longest = tick_at(source.tracks.span.duration_us, time_base) - (ticks[-1] - ticks[0])
        return cls(ticks, [*steps, last_duration(end - ticks[-1], longest, step)], time_base)

    @property
    def times_s(self) -> tuple[Fraction, ...]:
        return tuple((tick - self.ticks[0]) * self.time_base for tick in self.ticks)

    @property
    def duration_s(self) -> Fraction:
        return sum(self.durations) * self.time_base
