"""Encoding some pictures of a source anew, so that they can stand beside its own packets in one H.264 stream."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from av import CodecContext, Packet, VideoFrame
from av.codec.context import Flags
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext

from clipset.media.encode import dress
from clipset.media.geometry import Shape
from clipset.media.h264 import PROFILES, SLICES, ParameterSets, SequenceSet, Unfit, joined, split_stream, type_of

# Finer than the exact trim's: these are few pictures, and the seam must not show. Without b-frames superfast takes half
# the time of veryfast for the same quality and a quarter more bytes.
_X264 = {"preset": "superfast", "crf": "20", "a53cc": "0"}
_X264_PARAMS = "mbtree=0:threads=1:bframes=0:scenecut=0:sps-id={}"
_IDS = range(31, 0, -1)  # of parameter sets: first those that a source is least likely to have

Open = Callable[[VideoFrame], VideoCodecContext]


def encoder_like(sets: ParameterSets, sample_aspect: Fraction, rate_hz: Fraction, time_base: Fraction) -> Open:
    """Opens encoders for the profile of these parameter sets whose own have a number that is free. Raises Unfit."""
    taken = sets.ids
    number = next((i for i in _IDS if i not in taken), None)
    if number is None:
        raise Unfit("no number for a parameter set is free")
    profile = PROFILES[SequenceSet.read(sets.sequence[0]).profile]
    options = {**_X264, "profile": profile, "x264-params": _X264_PARAMS.format(number)}

    def opened(first: VideoFrame) -> VideoCodecContext:
        context = CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)  # noqa: S101 - narrows the type of the codec just named
        dress(context, Shape.of(first, sample_aspect, None), first)
        context.options = options
        context.framerate, context.time_base = rate_hz, time_base
        context.flags |= Flags.global_header
        context.open()
        return context

    return opened


class Anew:
    """Successive pictures, encoded as a stream of their own. Their times stay as they are."""

    def __init__(self, open_encoder: Open) -> None:
        self.packets: list[Packet[Stream]] = []
        self.sets: ParameterSets | None = None  # known with the first picture
        self._open = open_encoder
        self._context: VideoCodecContext | None = None

    def add(self, frame: VideoFrame) -> None:
        """The encoder chooses the picture types: left on the frame, the source's would be forced on it."""
        if self._context is None:
            self._context = self._open(frame)
            self.sets = ParameterSets.of_stream(self._context.extradata or b"")
        frame.pict_type = 0
        self._take(self._context.encode(frame))

    def finish(self) -> None:
        if self._context is not None:
            self._take(self._context.encode(None))

    def _take(self, encoded: list[Packet[Stream]]) -> None:
        """Without what an encoder says of itself: it would be read as said of the whole clip."""
        for packet in encoded:
            stored = Packet(joined([unit for unit in split_stream(bytes(packet)) if type_of(unit) in SLICES]))
            stored.pts, stored.time_base, stored.is_keyframe = packet.pts, packet.time_base, packet.is_keyframe
            self.packets.append(stored)
