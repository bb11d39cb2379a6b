"""Decoding the pictures of a span: all of them, in order, none damaged."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

import av
from av import Packet, VideoFrame
from av.stream import Stream
from av.video.stream import VideoStream

from clipset.media.faults import damaged
from clipset.media.limits import Limits
from clipset.media.packets import ChosenPackets, PicturePackets, ReorderDepth, tick_of

_LOOK_AHEAD_PACKETS = 48  # enough to see how deep a stream reorders its pictures
_ONE_PICTURE_A_PACKET = frozenset({"h264", "hevc", "vp9", "av1", "libdav1d"})


class OpenGroup(Exception):  # noqa: N818 - a request to begin earlier
    """Decoding failed in an open group of pictures without the group before it, which may be why."""


class Pictures:
    """The frames with start <= tick < end, in presentation order.

    `rate_hz` is about the rate of the first of them. Afterwards `end_tick` is when the last of them stops being shown:
    when the next one is shown, or, where the file ends or the index spared reading the next, by its own duration.
    """

    def __init__(self, packets: PicturePackets | ChosenPackets, stream: VideoStream, limits: Limits) -> None:
        self.end_tick = packets.start
        self.rate_hz = Fraction(25)
        self._packets = packets
        self._stream = stream
        self._start = packets.start
        self._end = packets.end
        self._limits = limits
        self._durations: dict[int, int] = {}
        self._last_step = 1
        self._open_group = False

    def __iter__(self) -> Iterator[VideoFrame]:
        """Raises damaged_media, CutOff, OpenGroup, and what libav and reading raise."""
        expected: set[int] = set()
        last: int | None = None
        for frame in self._decoded(expected):
            tick = self._checked(frame, last)
            if tick is None or tick < self._start:
                continue
            expected.discard(tick)
            if tick < self._end:
                self._step(last, tick)
                last = tick
                yield frame
        if expected and self._stream.codec_context.name in _ONE_PICTURE_A_PACKET and self._packets.indexed:
            raise damaged(f"{len(expected)} pictures of the span cannot be decoded")
        self._finish(last)

    def _decoded(self, expected: set[int]) -> Iterator[VideoFrame]:
        packets = iter(self._packets)
        ahead = deque(islice(packets, _LOOK_AHEAD_PACKETS))
        self._open_decoder(ahead)
        while ahead:
            packet = ahead.popleft()
            ahead.extend(islice(packets, 1))
            tick = tick_of(packet)
            self._durations[tick] = packet.duration or 0
            if self._start <= tick < self._end and not packet.is_discard:
                expected.add(tick)
            yield from self._decode(packet, tick)
        yield from self._stream.codec_context.decode(None)

    def _decode(self, packet: Packet[Stream], tick: int) -> list[VideoFrame]:
        """What is shown before the keyframe may fail: pictures that lead an open group refer to the group before it."""
        if packet.is_corrupt:
            raise damaged("the file is cut off inside a picture of the span")
        early = tick < self._packets.keyframe_tick
        self._open_group = self._open_group or early
        try:
            return self._stream.codec_context.decode(packet)
        except av.FFmpegError as error:
            if early:
                return []
            if self._open_group and not self._packets.lead:
                raise OpenGroup from error
            raise

    def _open_decoder(self, ahead: deque[Packet[Stream]]) -> None:
        """One thread; every error is one; the depth of reordering is set, for the headers do not always have it."""
        context = self._stream.codec_context
        context.thread_count = 1
        context.options = {"err_detect": "explode", "max_pixels": str(self._limits.picture_px)}
        depth = ReorderDepth()
        for packet in ahead:
            depth.add(tick_of(packet))
        self.rate_hz = rate_of(sorted(map(tick_of, ahead)), self._stream.time_base or Fraction(1))
        if context.name in {"h264", "hevc"}:
            context.reorder_depth = max(context.reorder_depth, depth.pictures)

    def _checked(self, frame: VideoFrame, last: int | None) -> int | None:
        tick = frame.pts if frame.pts is not None else frame.dts
        if tick is None or tick < self._start:
            return tick
        if frame.is_corrupt:
            raise damaged("a picture of the span is damaged")
        if last is not None and tick <= last:
            raise damaged("the pictures' times do not grow")
        check_size(frame.width, frame.height, self._limits)
        return tick

    def _step(self, last: int | None, tick: int) -> None:
        """Remember what the last picture's duration may have to be taken from."""
        if last is not None:
            self._durations.pop(last, None)
            self._last_step = tick - last

    def _finish(self, last: int | None) -> None:
        if last is None:
            return
        duration = self._durations.get(last) or self._last_step
        following = self._packets.next_tick
        self.end_tick = following if following is not None else last + duration


def rate_of(ticks: list[int], time_base: Fraction) -> Fraction:
    """A rate for the encoder's arithmetic; the times of the frames are exact without it."""
    if len(ticks) < 2 or ticks[-1] == ticks[0]:
        return Fraction(25)
    rate = (len(ticks) - 1) / ((ticks[-1] - ticks[0]) * time_base)
    return max(Fraction(1), min(Fraction(240), rate)).limit_denominator(1001)


def check_size(width_px: int, height_px: int, limits: Limits) -> None:
    """Refuse pictures too large to decode. Raises damaged_media."""
    if max(width_px, height_px) > limits.side_px or width_px * height_px > limits.picture_px:
        raise damaged(f"pictures of {width_px}x{height_px} pixels are more than this reads")
