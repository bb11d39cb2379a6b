"""What a generated media file is: a frozen value that decides its bytes. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from hashlib import blake2b
from math import ceil

GOP_S = 5  # between keyframes, as the segments of YouTube
GOPS_PER_SEGMENT = 4


class Layout(StrEnum):
    """Where a file keeps its index."""

    FRONT = "front"  # moov (progressive), sidx (DASH) or cues (webm) before the media, as YouTube does
    TAIL = "tail"  # moov or cues after the media; DASH files keep their sidx in front
    NO_INDEX = "no_index"  # DASH without sidx, webm without cues; progressive files keep their moov in front


class Container(StrEnum):
    MP4 = "mp4"  # progressive with two streams, fragmented (DASH) with one
    WEBM = "webm"
    HLS_TS = "hls-ts"
    HLS_FMP4 = "hls-fmp4"


class VideoCodec(StrEnum):
    H264 = "libx264"
    VP9 = "libvpx-vp9"


class AudioCodec(StrEnum):
    AAC = "aac"
    OPUS = "libopus"


SAMPLE_RATE_HZ = {AudioCodec.AAC: 44_100, AudioCodec.OPUS: 48_000}


@dataclass(frozen=True, slots=True)
class Picture:
    """What the video stream shows: see `clipset.rehearsal.counter` for the key."""

    codec: VideoCodec
    height_px: int
    fps: Fraction
    media_key: int

    @property
    def width_px(self) -> int:
        """16:9, even."""
        return round(self.height_px * 16 / 9 / 2) * 2

    @property
    def gop_frames(self) -> int:
        return round(GOP_S * self.fps)


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono: a quiet tone, one of eight pitches, and a beep at each full second."""

    codec: AudioCodec
    pitch: int

    @property
    def rate_hz(self) -> int:
        return SAMPLE_RATE_HZ[self.codec]


@dataclass(frozen=True, slots=True)
class MediaSpec:
    """One file, or one playlist with its segments. At least one of picture and sound is there."""

    container: Container
    duration_s: Fraction
    picture: Picture | None
    sound: Sound | None
    layout: Layout = Layout.FRONT

    @property
    def fragmented(self) -> bool:
        return self.container is Container.MP4 and (self.picture is None or self.sound is None)

    @property
    def frames(self) -> int:
        """All that begin before the end of the video."""
        return 0 if self.picture is None else ceil(self.duration_s * self.picture.fps)

    @property
    def name(self) -> str:
        """Stable, short and safe as a folder's name."""
        return digest(self)


def digest(value: object) -> str:
    """Of the repr of a frozen dataclass: all its fields, nothing else."""
    return blake2b(repr(value).encode(), digest_size=12).hexdigest()
