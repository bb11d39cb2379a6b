"""One libav demuxer over one file: seeking, and its packets stream by stream."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import av
from av import Packet
from av.container import InputContainer
from av.stream import Discard, Stream

from clipset.media import ebml
from clipset.media.cache import BRIDGE_BYTES, Endless, Extent
from clipset.media.index import Index, load_index
from clipset.media.layout import Access, Layout, NotMedia
from clipset.media.limits import MIB
from clipset.media.rangefile import Bytes, RangeFile

_WAITING_BYTES_MAX = 512 * MIB


class Demuxer:
    """Made anew for each clip: opening costs no request once the index is cached, and no clip's damage outlives it."""

    def __init__(self, cache: Bytes, layout: Layout) -> None:
        """libav sees the index only; `show` ends that. Raises NotMedia, and what libav and reading raise."""
        self.layout = layout
        self._cache = cache
        self.container, self._file = _open(cache, layout, layout.index)
        self.index: Index = load_index(self.container, layout)
        self._reach_start: int | None = None
        self._first = 0
        self._waiting: dict[int, deque[Packet[Stream]]] = {}
        self._waiting_bytes = 0
        self._floors: dict[int, int] = {}
        self._demuxed: Iterator[Packet[Stream]] = iter(())

    def close(self) -> None:
        self.container.close()

    @property
    def cut_off(self) -> bool:
        """Whether the file is shorter than it says."""
        size_bytes, end = self._cache.size_bytes, self.layout.end
        return size_bytes is not None and end is not None and size_bytes < end

    def show(self, extents: list[Extent], first: int = 0) -> None:
        """Let libav see the file. Streams taken from the container before are void then.

        Of the extents what lies before `first` is no packet that is wanted.

        Having met the end of what it might see, libav does not seek over a small gap but reads on, and so would be at
        the end still: if an extent begins close behind the index the file is opened again, with that extent in sight.
        """
        visible = tuple((start, _up_to_near(stop, extents)) for start, stop in self.layout.index or ())
        if visible != (self.layout.index or ()):
            self.container.close()
            self.container, self._file = _open(self._cache, self.layout, visible)
        self._file.visible = None
        self._reach_start = min((start for start, _ in extents), default=None)
        self._first = first

    def sample_position(self, stream: Stream, tick: int, front: Extent) -> int | None:
        """Where the last sample at or before a tick lies, of a fragment whose `front`, its moof box, has been read.

        Raises what libav raises.
        """
        container, _ = _open(self._cache, self.layout, (*(self.layout.index or ()), front))
        with container:
            twin = container.streams[stream.index]
            self.index.seek(container, twin, tick)
            found = twin.index_entries.search_timestamp(tick)
            return twin.index_entries[found].pos if found >= 0 else None

    def refuse_early(self, packet: Packet[Stream]) -> None:
        """Whether a packet that is wanted lies where none should. Raises NotMedia."""
        if packet.pos is not None and packet.pos < self._first:
            raise NotMedia("the file's index contradicts itself")

    def refuse_broken(self, last: Packet[Stream]) -> None:
        """Whether libav skipped something between the beginning of the span and this packet. Raises NotMedia."""
        if self.layout.access is not Access.CUES or last.pos is None or self._reach_start is None:
            return
        if not ebml.is_unbroken(self._bytes_at, self._reach_start, last.pos):
            raise NotMedia("the file is damaged between the frames of the span")

    def _bytes_at(self, position: int, length: int) -> bytes:
        data = self._cache.read(position, length)
        return data if len(data) == length else data + self._cache.read(position + len(data), length - len(data))

    def use(self, *streams: Stream) -> None:
        """Deliver the packets of these streams, from the start of the file or from the next `seek`."""
        for stream in self.container.streams:
            stream.discard = Discard.default if stream in streams else Discard.all
        self._waiting = {stream.index: deque() for stream in streams}
        self._demuxed = self.container.demux(*streams)

    def drop_before(self, stream: Stream, tick: int) -> None:
        """Do not keep packets of this stream that end before the tick while another stream is read."""
        self._floors[stream.index] = tick

    def seek(self, stream: Stream, tick: int) -> None:
        """Go to a keyframe at or before a tick, or a little behind it."""
        self.index.seek(self.container, stream, tick)
        self._waiting = {index: deque() for index in self._waiting}
        self._waiting_bytes = 0
        self._demuxed = self.container.demux(*(self.container.streams[index] for index in self._waiting))

    def packets(self, stream: Stream) -> Iterator[Packet[Stream]]:
        """The packets of one stream that have a time; those of the others wait until they are asked for."""
        waiting = self._waiting[stream.index]
        while waiting or self._pull():
            while waiting:
                packet = waiting.popleft()
                self._waiting_bytes -= packet.size
                yield packet

    def push_back(self, stream: Stream, packets: list[Packet[Stream]]) -> None:
        """Return packets that were only looked at."""
        self._waiting[stream.index].extendleft(reversed(packets))
        self._waiting_bytes += sum(packet.size for packet in packets)

    def _pull(self) -> bool:
        packet = next(self._demuxed, None)
        if packet is None:
            return False
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None or time + (packet.duration or 0) < self._floors.get(packet.stream_index, time):
            return True
        self._waiting[packet.stream_index].append(packet)
        self._waiting_bytes += packet.size
        if self._waiting_bytes > _WAITING_BYTES_MAX:
            raise Endless
        return True


def _open(cache: Bytes, layout: Layout, visible: tuple[Extent, ...] | None) -> tuple[InputContainer, RangeFile]:
    """libav compares the end that a sidx box names with the file's, so there it gets the former from the start."""
    file = RangeFile(cache, layout.access is not Access.FORWARD)
    file.visible = visible
    file.end = layout.end if layout.access is Access.FRAGMENTS else None
    return av.open(file, "r", format=layout.format, metadata_errors="replace"), file


def _up_to_near(end: int, extents: list[Extent]) -> int:
    return next((stop for start, stop in sorted(extents) if start <= end + BRIDGE_BYTES and stop > end), end)
