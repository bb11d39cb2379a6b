"""One libav demuxer over one file: what a span needs of it, seeking to it, and its packets stream by stream."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction

import av
from av import Packet
from av.container import InputContainer
from av.stream import Discard, Stream

from clipset.media.cache import BRIDGE_BYTES, Endless, Extent
from clipset.media.layout import Access, Layout
from clipset.media.limits import MIB
from clipset.media.rangefile import Bytes, RangeFile
from clipset.media.reach import Cue, cues_reach, fragments_reach, joined, next_cue

_WAITING_BYTES_MAX = 512 * MIB
_KIND = {"video": True, "audio": True}


class Demuxer:
    """Made anew for each clip: opening costs no request once the index is cached, and no clip's damage outlives it.

    `cache.plan` says what will be read; call `extents` and plan before the first packet.
    """

    def __init__(self, cache: Bytes, layout: Layout, visible: tuple[Extent, ...] | None = None) -> None:
        """`visible` is what libav may see while it opens the file, the layout's index by default."""
        self.layout = layout
        self._cache = cache
        fragments = layout.access is Access.FRAGMENTS
        self._file = RangeFile(cache, layout.access is not Access.FORWARD, layout.end if fragments else None)
        self._file.visible = visible if visible is not None else layout.index
        self.container: InputContainer = av.open(self._file, "r", format=layout.format, metadata_errors="replace")
        self._cues = self._load_cues() if layout.access is Access.CUES else {}
        self._show_media()
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

    @property
    def ends_early(self) -> bool:
        """Whether libav is shown only the file's front part, up to a cue behind the span."""
        return self._file.end != self.layout.end and self._file.end is not None

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
        """Go to a keyframe at or before a tick, or a little behind it.

        Among the fragments of a sidx box libav looks for the time that the edit list has not yet made earlier.
        """
        edit = int(self.layout.edit_s / (stream.time_base or 1))
        self.container.seek(tick + edit, stream=self._carrier(stream))
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

    def extents(self, stream: Stream, start: int, end: int, lead: int = 0) -> list[Extent]:
        """The bytes that hold the stream's ticks start..end, as well as the index tells; [] where there is none.

        `lead` is how many keyframes (or fragments that begin with one) earlier to begin.
        """
        picture = stream.type == "video"
        if self.layout.access is Access.SAMPLES:
            return _sample_extents(stream, start, end, lead)
        if self.layout.access is Access.FRAGMENTS:
            second = stream.time_base or Fraction(1)
            return [fragments_reach(self.layout.fragments, start * second, end * second, picture, lead)]
        cues = self._cues.get(self._carrier(stream).index, [])
        if not cues:
            return []
        alone = self._alone(stream)
        self._file.end = next_cue(cues, end) if alone else self.layout.end
        return [cues_reach(cues, start, end if alone else end + 1, self._media_end(cues), picture, lead)]

    def finds(self, stream: Stream) -> bool:
        """Whether the index has this very stream; the sound of a webm file with pictures is found by those."""
        return self._carrier(stream) is stream

    def ends_before(self, extents: list[Extent]) -> bool:
        """Whether the file is known to end before these do."""
        size_bytes = self._cache.size_bytes
        return size_bytes is not None and any(end > size_bytes for _, end in extents)

    def with_near(self, extents: list[Extent]) -> Demuxer:
        """A demuxer that can go to these extents: itself, unless one begins close behind the index.

        Having met the end of what it may see, libav does not seek over a small gap but reads on, and so is at the end
        still. Opened again, it sees the gap and the extent, and does not come to the end.
        """
        visible = tuple((start, _up_to_near(end, extents)) for start, end in self.layout.index or ())
        if visible == (self.layout.index or ()):
            return self
        self.close()
        return Demuxer(self._cache, self.layout, visible)

    def first_delay(self, stream: Stream) -> int:
        """How much later than it is decoded the first picture is shown, which holds for other keyframes too."""
        entries = stream.index_entries
        if self.layout.access is not Access.SAMPLES or stream.start_time is None or not len(entries):
            return 0
        return max(0, stream.start_time - entries[0].timestamp)

    def next_decoding_tick(self, stream: Stream, packet: Packet[Stream]) -> int | None:
        """When the packet after this one is decoded, if the index knows; then it need not be read to be left out."""
        if packet.dts is None or self.layout.access not in (Access.SAMPLES, Access.FRAGMENTS):
            return None
        found = stream.index_entries.search_timestamp(packet.dts + 1, backward=False, any_frame=True)
        return stream.index_entries[found].timestamp if found >= 0 else None

    def _show_media(self) -> None:
        self._file.visible = None
        if self.layout.access is not Access.FORWARD:
            self._file.end = self.layout.end

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

    def _load_cues(self) -> dict[int, list[Cue]]:
        """Cues by stream: libav parses them at the first seek, and finds none for sound that comes with pictures."""
        cues: dict[int, list[Cue]] = {}
        for stream in self.container.streams:
            if stream.type in _KIND and not any(cues.values()):
                self.container.seek(0, stream=stream)
                cues = {s.index: [(e.timestamp, e.pos) for e in s.index_entries] for s in self.container.streams}
        return cues

    def _carrier(self, stream: Stream) -> Stream:
        """The stream whose index serves to find this one."""
        if self.layout.access is not Access.CUES or self._cues.get(stream.index):
            return stream
        return next((other for other in self.container.streams if self._cues.get(other.index)), stream)

    def _alone(self, stream: Stream) -> bool:
        return [s.index for s in self.container.streams if s.type in _KIND] == [stream.index]

    def _media_end(self, cues: list[Cue]) -> int:
        ends = (self.layout.end, self._cache.size_bytes, cues[-1][1] + 10 * MIB)
        return next(end for end in ends if end is not None)


def _sample_extents(stream: Stream, start: int, end: int, lead: int) -> list[Extent]:
    entries = stream.index_entries
    first = max(0, entries.search_timestamp(start))
    for _ in range(lead if len(entries) else 0):
        first = max(0, entries.search_timestamp(entries[first].timestamp - 1))
    behind = entries.search_timestamp(end, backward=False, any_frame=True)
    wanted = entries[first : behind if behind >= 0 else len(entries)]
    return joined((entry.pos, entry.pos + entry.size) for entry in wanted)


def _up_to_near(end: int, extents: list[Extent]) -> int:
    return next((stop for start, stop in sorted(extents) if start <= end + 3 * BRIDGE_BYTES and stop > end), end)
