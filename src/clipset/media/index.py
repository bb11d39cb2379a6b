"""The four ways of finding a span in a file: by its samples, its fragments, its cues, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
from av import Packet
from av.container import InputContainer
from av.stream import Stream

from clipset.media.boxes import Fragment
from clipset.media.cache import Extent
from clipset.media.layout import Access, Layout, NotMedia
from clipset.media.reach import Cue, cues_reach, fragments_reach, joined

_MEDIA = ("video", "audio")


class Index:
    """No index: the file is read from its start. The others know more. Times are ticks of the stream asked about."""

    def extents(self, stream: Stream, start: int, end: int, lead: int) -> list[Extent]:  # noqa: ARG002 - knows nothing
        """The bytes that hold start..end, as well as the index tells, from `lead` keyframes earlier on."""
        return []

    def seek(self, container: InputContainer, stream: Stream, tick: int) -> None:
        """Go to a keyframe at or before a tick, or a little behind it."""

    def has_earlier(self, stream: Stream, tick: int) -> bool:  # noqa: ARG002 - only cues can miss the beginning
        """Whether seeking to before a tick can lead to an earlier keyframe than this one."""
        return True

    def following(self, stream: Stream, packet: Packet[Stream]) -> int | None:
        """When the packet after this one is decoded, for then it need not be read to be left out; None if not known."""

    def finds(self, stream: Stream) -> bool:  # noqa: ARG002 - only cues can be of another stream
        """Whether this stream can be looked up, and not only the one that it comes with."""
        return True


class SampleIndex(Index):
    """Progressive mp4: every sample, in decoding time."""

    def extents(self, stream: Stream, start: int, end: int, lead: int) -> list[Extent]:
        entries = stream.index_entries
        first = max(0, entries.search_timestamp(start - _delay(stream)))
        for _ in range(lead if len(entries) else 0):
            first = max(0, entries.search_timestamp(entries[first].timestamp - 1))
        behind = entries.search_timestamp(end, backward=False, any_frame=True)
        wanted = entries[first : behind if behind >= 0 else len(entries)]
        return joined((entry.pos, entry.pos + entry.size) for entry in wanted)

    def seek(self, container: InputContainer, stream: Stream, tick: int) -> None:
        container.seek(tick, stream=stream)

    def following(self, stream: Stream, packet: Packet[Stream]) -> int | None:
        if packet.dts is None:
            return None
        found = stream.index_entries.search_timestamp(packet.dts + 1, backward=False, any_frame=True)
        return stream.index_entries[found].timestamp if found >= 0 else None


@dataclass(frozen=True, slots=True)
class FragmentIndex(SampleIndex):
    """DASH mp4: a sidx box, and the samples of the fragments read so far."""

    fragments: tuple[Fragment, ...]
    edit_s: Fraction

    def extents(self, stream: Stream, start: int, end: int, lead: int) -> list[Extent]:
        second = _second(stream)
        return [fragments_reach(self.fragments, start * second, end * second, _is_picture(stream), lead)]

    def seek(self, container: InputContainer, stream: Stream, tick: int) -> None:
        """libav compares with the times in the sidx box as if the edit list had not made them earlier."""
        container.seek(tick + int(self.edit_s / _second(stream)), stream=stream)


@dataclass(frozen=True, slots=True)
class CueIndex(Index):
    """webm and mkv: some keyframes, often of the pictures only, and not always the first."""

    cues: dict[int, list[Cue]]  # by stream, the first of each cluster
    media: Extent
    duration_s: Fraction  # of the whole file; 0 if not known

    @classmethod
    def load(cls, container: InputContainer, media: Extent) -> CueIndex:
        """libav reads cues at the first seek. Raises NotMedia if there are none."""
        streams = [stream for stream in container.streams if stream.type in _MEDIA]
        for stream in streams:
            container.seek(0, stream=stream)
            cues = {s.index: _clusters([(entry.timestamp, entry.pos) for entry in s.index_entries]) for s in streams}
            if cues[stream.index]:
                duration_s = Fraction(container.duration or 0, av.time_base)
                return cls({index: found for index, found in cues.items() if found}, media, duration_s)
        raise NotMedia("the index (cues) is damaged")

    def extents(self, stream: Stream, start: int, end: int, lead: int) -> list[Extent]:
        cues = self._of(stream)
        before = [(min(start, cues[0][0]) - 1, self.media[0])]  # what comes before the first cue has none
        finish = max(cues[-1][0] + 1, int(self.duration_s / _second(stream)))
        behind = end + 1  # to a cue at the end, too, and beyond: what is shown before it can stand behind it
        return [cues_reach([*before, *cues, (finish, self.media[1])], start, behind, _is_picture(stream), lead)]

    def seek(self, container: InputContainer, stream: Stream, tick: int) -> None:
        """Before the first cue libav would go to that cue: a container just opened is where it has to be."""
        if tick >= self._of(stream)[0][0]:
            container.seek(tick, stream=self._carrier(stream, container))

    def has_earlier(self, stream: Stream, tick: int) -> bool:
        return tick > self._of(stream)[0][0]

    def finds(self, stream: Stream) -> bool:
        return stream.index in self.cues

    def _of(self, stream: Stream) -> list[Cue]:
        return self.cues.get(stream.index) or next(iter(self.cues.values()))

    def _carrier(self, stream: Stream, container: InputContainer) -> Stream:
        return stream if self.finds(stream) else container.streams[next(iter(self.cues))]


def load_index(container: InputContainer, layout: Layout) -> Index:
    """What a file just opened, of which libav sees the index, can be found by."""
    match layout.access:
        case Access.SAMPLES:
            return SampleIndex()
        case Access.FRAGMENTS:
            return FragmentIndex(layout.fragments, layout.edit_s)
        case Access.CUES:
            return CueIndex.load(container, layout.media)
        case Access.FORWARD:
            return Index()


def _clusters(cues: list[Cue]) -> list[Cue]:
    """Of cues that name the same place the first."""
    return [cue for n, cue in enumerate(cues) if n == 0 or cue[1] != cues[n - 1][1]]


def _delay(stream: Stream) -> int:
    """How much later than it is decoded the first picture is shown, which holds for other keyframes too."""
    if stream.start_time is None or not len(stream.index_entries):
        return 0
    return max(0, stream.start_time - stream.index_entries[0].timestamp)


def _second(stream: Stream) -> Fraction:
    return stream.time_base or Fraction(1)


def _is_picture(stream: Stream) -> bool:
    return stream.type == "video"
