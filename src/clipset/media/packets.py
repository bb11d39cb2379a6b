"""The packets that a span needs of one stream, in decoding order, and when to stop asking for more."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from itertools import chain

from av import Packet
from av.stream import Stream

from clipset.media.demux import Demuxer
from clipset.media.layout import Access

_SEEK_TRIES = 8
_REORDER_MAX = 32  # pictures; H.264 and HEVC allow 16


class CutOff(Exception):  # noqa: N818 - a verdict on the file
    """The file ends before what its index names."""


def tick_of(packet: Packet[Stream]) -> int:
    """Presentation time; decoding time in containers that have no other (avi)."""
    return packet.pts if packet.pts is not None else packet.dts or 0


class ReorderDepth:
    """How many pictures are decoded ahead of one that is shown before them, learnt from the packets' order."""

    def __init__(self) -> None:
        self.pictures = 0
        self._recent: list[int] = []

    def add(self, tick: int) -> None:
        self.pictures = max(self.pictures, len(self._recent) - bisect_right(self._recent, tick))
        insort(self._recent, tick)
        del self._recent[:-_REORDER_MAX]


class PicturePackets:
    """Packets from the last keyframe presented at or before tick `start` until nothing before `end` can follow.

    While iterated, `reached` becomes True as soon as the stream is known to go on to `end`, and `next_tick` is when
    the first picture behind it is shown, if a packet told.
    """

    def __init__(self, demuxer: Demuxer, stream: Stream, start: int, end: int) -> None:
        self.reached = False
        self.next_tick: int | None = None
        self._demuxer = demuxer
        self._stream = stream
        self.start = start
        self.end = end
        self._shown_until = start

    @property
    def indexed(self) -> bool:
        """Whether every packet is one sample of an index, and so one picture."""
        return self._demuxer.layout.access is not Access.FORWARD

    def __iter__(self) -> Iterator[Packet[Stream]]:
        """Raises CutOff, and what libav and reading raise."""
        depth, late = ReorderDepth(), 0
        packet = None
        for packet in _last_group(self._from_keyframe(), self.start):
            tick = tick_of(packet)
            depth.add(tick)
            self._shown_until = max(self._shown_until, tick + (packet.duration or 0))
            if tick >= self.end:
                self._note(tick)
            late = late + 1 if tick >= self.end else 0
            yield packet
            if late > depth.pictures or self._nothing_follows(packet):
                self.reached = True
                return
        self._end_of_file(packet)

    def _note(self, tick: int) -> None:
        self.reached = True
        self.next_tick = tick if self.next_tick is None else min(tick, self.next_tick)

    def _from_keyframe(self) -> Iterator[Packet[Stream]]:
        """Seek until the first packet is shown at or before the start: an index in decoding time can miss at first."""
        demuxer, stream = self._demuxer, self._stream
        if demuxer.layout.access is Access.FORWARD:
            return demuxer.packets(stream)
        target = self.start
        earliest: int | None = None
        packets: Iterator[Packet[Stream]] = iter(())
        for _ in range(_SEEK_TRIES):
            demuxer.seek(stream, target)
            packets = demuxer.packets(stream)
            first = next(packets, None)
            if first is None:
                break
            packets = chain([first], packets)
            if tick_of(first) <= self.start or tick_of(first) == earliest or first.dts is None:
                break
            earliest, target = tick_of(first), first.dts - 1
        return packets

    def _nothing_follows(self, packet: Packet[Stream]) -> bool:
        """Whether the index says that all before the end has been read, so that no further byte is needed."""
        following = self._demuxer.next_decoding_tick(self._stream, packet)
        if self._demuxer.layout.access is not Access.FRAGMENTS:
            return following is not None and following >= self.end
        return self._shown_until >= self.end and (following is None or following >= self.end)

    def _end_of_file(self, last: Packet[Stream] | None) -> None:
        demuxer = self._demuxer
        if demuxer.ends_early:
            self.reached = True
        elif demuxer.cut_off or (last is not None and demuxer.next_decoding_tick(self._stream, last) is not None):
            raise CutOff


def _last_group(packets: Iterator[Packet[Stream]], start: int) -> Iterator[Packet[Stream]]:
    """From the last keyframe presented at or before `start`: groups of pictures before it are read, never decoded."""
    held: list[Packet[Stream]] = []
    for packet in packets:
        if packet.is_keyframe and tick_of(packet) <= start:
            held = []
        if held or packet.is_keyframe:
            held.append(packet)
        if held and tick_of(packet) >= start:
            break
    yield from held
    yield from packets


def sound_packets(demuxer: Demuxer, stream: Stream, start: int, end: int) -> Iterator[Packet[Stream]]:
    """The packets that sound between two ticks, and some before: sound is in order, so the first late one ends it."""
    if demuxer.layout.access is not Access.FORWARD:
        demuxer.seek(stream, start)
    for packet in demuxer.packets(stream):
        tick = tick_of(packet)
        behind = tick + (packet.duration or 0)
        if behind < start:
            continue
        if tick < end:
            yield packet
        if behind >= end:
            return
