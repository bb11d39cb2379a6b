"""The videos and clips that every contender gets, and the least bytes that they allow."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import av

from clipset.media.least import PacketRow, needed_bytes
from clipset.rehearsal import Scenario, Video
from clipset.rehearsal.media import MediaFile, MediaLibrary
from clipset.rehearsal.scenario import Line, Oversize
from clipset.rehearsal.specs import media_spec

CLIP_S = 10
FPS = 25
LINE = Line(rtt_s=0.030, rate_bytes_per_s=60_000_000 // 8)
FORMS = {"prog": (18,), "dash": (134, 140)}
PLACES = {"early": 0.02, "middl": 0.5, "later": 0.95}
_MEDIA_KEY = 7  # of all videos, so that each length and form is generated once


@dataclass(frozen=True, slots=True)
class Row:
    """A clip of ten seconds; every row has a video of its own, as nearly all rows of Kinetics have."""

    video_id: str
    start_s: int
    video: Video

    @property
    def end_s(self) -> int:
        return self.start_s + CLIP_S

    @property
    def url(self) -> str:
        return f"https://www.youtube.com/watch?v={self.video_id}"

    @property
    def frames(self) -> list[int]:
        """The numbers of the frames that a frame-exact clip shows, one after the other."""
        return list(range(self.start_s * FPS, self.end_s * FPS))


def make_rows(minutes: int, copies: int) -> list[Row]:
    """Early, middle and late clips of progressive and DASH videos, `copies` of each; each a second after the other, off
    the keyframes.
    """
    rows = []
    for copy in range(copies):
        for form, itags in FORMS.items():
            video = Video(duration_s=minutes * 60, fps=Fraction(FPS), itags=itags, media_key=_MEDIA_KEY)
            for place, share in PLACES.items():
                start_s = round(share * (minutes * 60 - CLIP_S - copies)) + copy
                rows.append(Row(f"{form}{place}{minutes % 10}{copy}", start_s, video))
    return rows


def scenario(rows: Sequence[Row], line: Line = LINE) -> Scenario:
    """Kinder to the peers than YouTube, which slows whole downloads by ffmpeg to 32 KiB/s."""
    return Scenario(videos={row.video_id: row.video for row in rows}, line=line, oversize=Oversize.SERVE)


def least_bytes(row: Row, library: MediaLibrary) -> int:
    """The index, and the packets of each stream from the keyframe at or before the start up to the end."""
    files = [library.get(media_spec(row.video_id, row.video, itag)) for itag in row.video.itags]
    return sum(_least_of(file, row.start_s, row.end_s) for file in files)


def _least_of(file: MediaFile, start_s: int, end_s: int) -> int:
    streams = _packets(file)
    total = sum(row.size_bytes for rows in streams.values() for row in rows)
    index = file.path.stat().st_size - total if file.ranges.index is None else file.ranges.index[1] + 1
    return index + sum(needed_bytes(rows, start_s, end_s) for rows in streams.values())


@cache
def _packets(file: MediaFile) -> dict[int, list[PacketRow]]:
    """Of each stream, in seconds."""
    streams = defaultdict[int, list[PacketRow]](list)
    with av.open(str(file.path)) as container:
        for packet in container.demux():
            if packet.size and packet.pts is not None and packet.time_base is not None:
                row = PacketRow(packet.pts * packet.time_base, packet.is_keyframe, packet.size)
                streams[packet.stream.index].append(row)
    return streams
