"""The packets that a span needs of one stream, in decoding order, and when to stop asking for more."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from av import Packet
from av.stream import Stream

from clipset.media.demux import Demuxer
from clipset.media.layout import Access
from clipset.media.least import PacketRow

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

    With `lead` they begin so many groups of pictures earlier. While iterated, `keyframe_tick` is that keyframe's,
    `next_tick` is when the first picture behind the span is shown, if a packet told; each packet is added to `seen`.
    """

    def __init__(
        self, demuxer: Demuxer, stream: Stream, start: int, end: int, lead: int, seen: list[PacketRow]
    ) -> None:
        self.start = start
        self.end = end
        self.lead = lead
        self.keyframe_tick = start
        self.next_tick: int | None = None
        self._seen = seen
        self._demuxer = demuxer
        self._stream = stream
        self._shown_until = start

    @property
    def indexed(self) -> bool:
        """Whether every packet is one sample of an index, and so one picture."""
        return self._demuxer.layout.access is not Access.FORWARD

    def __iter__(self) -> Iterator[Packet[Stream]]:
        """Raises CutOff, NotMedia, and what libav and reading raise."""
        depth, late = ReorderDepth(), 0
        packet = None
        for packet in self._last_groups(self._from_keyframe()):
            tick = tick_of(packet)
            depth.add(tick)
            self._shown_until = max(self._shown_until, tick + (packet.duration or 0))
            late = late + 1 if tick >= self.end else 0
            if late:
                self.next_tick = tick if self.next_tick is None else min(tick, self.next_tick)
            self._seen.append(PacketRow(tick, packet.is_keyframe, packet.size))
            yield packet
            if late > depth.pictures or self._nothing_follows(packet):
                self._demuxer.refuse_broken(packet)
                return
        refuse_cut_off(self._demuxer, self._stream, packet)

    def _from_keyframe(self) -> Iterator[Packet[Stream]]:
        """Seek until the first packet is shown at or before the start: an index in decoding time can miss at first."""
        if self._demuxer.layout.access is Access.FORWARD:
            return self._demuxer.packets(self._stream)
        first, packets = self._sought(self.start)
        for _ in range(_SEEK_TRIES):
            if first is None or tick_of(first) <= self.start or not self._has_earlier(first):
                break
            known, (first, packets) = tick_of(first), self._sought(_before(first))
            if first is not None and tick_of(first) >= known:
                break
        if self.lead and first is not None and self._has_earlier(first):
            first, packets = self._sought(_before(first))
        return chain([] if first is None else [first], packets)

    def _has_earlier(self, packet: Packet[Stream]) -> bool:
        return self._demuxer.index.has_earlier(self._stream, tick_of(packet))

    def _sought(self, tick: int) -> tuple[Packet[Stream] | None, Iterator[Packet[Stream]]]:
        self._demuxer.seek(self._stream, tick)
        packets = self._demuxer.packets(self._stream)
        return next(packets, None), packets

    def _last_groups(self, packets: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
        """Groups of pictures that end before the wanted ones are read, but never decoded."""
        held: deque[list[Packet[Stream]]] = deque(maxlen=1 + self.lead)
        for packet in packets:
            tick = tick_of(packet)
            if packet.is_keyframe and (tick <= self.start or not held):
                self.keyframe_tick = tick
                held.append([])
            if held:
                held[-1].append(packet)
                if tick >= self.start:
                    break
        yield from chain.from_iterable(held)
        yield from packets

    def _nothing_follows(self, packet: Packet[Stream]) -> bool:
        """Whether the index says that all before the end has been read, so that no further byte is needed."""
        following = self._demuxer.index.following(self._stream, packet)
        if self._demuxer.layout.access is not Access.FRAGMENTS:
            return following is not None and following >= self.end
        return self._shown_until >= self.end and (following is None or following >= self.end)


@dataclass(frozen=True, slots=True)
class ChosenPackets:
    """Some of the packets of a PicturePackets, read before: what else is to be known of it to decode them."""

    packets: Sequence[Packet[Stream]]
    start: int
    end: int
    keyframe_tick: int
    lead: int = 0
    next_tick: None = None
    indexed: bool = True  # each is one picture

    def __iter__(self) -> Iterator[Packet[Stream]]:
        return iter(self.packets)


def sound_packets(demuxer: Demuxer, stream: Stream, seek: int, start: int, end: int) -> Iterator[Packet[Stream]]:
    """The packets that sound between `start` and `end`, as far as they follow `seek`, where the reading begins.

    Sound is in order, so the first late packet ends it.

    Raises CutOff, NotMedia, and what libav and reading raise.
    """
    if demuxer.layout.access is not Access.FORWARD:
        demuxer.seek(stream, seek)
    packet = None
    for packet in demuxer.packets(stream):
        tick = tick_of(packet)
        behind = tick + (packet.duration or 0)
        if start <= behind and tick < end:
            demuxer.refuse_early(packet)
            yield packet
        if behind >= end:
            demuxer.refuse_broken(packet)
            return
    refuse_cut_off(demuxer, stream, packet)


def refuse_cut_off(demuxer: Demuxer, stream: Stream, last: Packet[Stream] | None) -> None:
    """At the end of a file: whether it should have gone on, or had more on the way. Raises CutOff, NotMedia."""
    unread = last is not None and demuxer.index.following(stream, last) is not None
    if demuxer.cut_off or unread:
        raise CutOff
    if last is not None:
        demuxer.refuse_broken(last)


def _before(packet: Packet[Stream]) -> int:
    """The tick to seek to for the keyframe before this one."""
    return min(tick_of(packet), packet.dts if packet.dts is not None else tick_of(packet)) - 1
