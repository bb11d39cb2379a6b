"""What the offline YouTube plays: videos, failures, throttle and line, as frozen values. Pure; also read from TOML.

default.duration_s = 30             # what ids not named below get; `default.outcome = "unavailable"` for none
throttle = { limit = 5, window_s = 60, block_s = 20, answer = "429" }

[videos."-abcdefghij"]
duration_s = 45.5
fps = "30000/1001"
itags = [134, 140]
[[videos."-abcdefghij".media_faults]]
kind = "cut"
offset_bytes = 100_000
times = 1
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from clipset.rehearsal.catalogue import ITAGS
from clipset.rehearsal.media import Layout, Tarball
from clipset.rehearsal.outcomes import OUTCOMES
from clipset.rehearsal.toml import read_toml

CHUNK_BYTES = 10 << 20  # the longest range that YouTube serves at full speed, as yt-dlp's http_chunk_size


class Hls(StrEnum):
    NONE = "none"
    TS = "ts"
    FMP4 = "fmp4"


class PlayerFaultKind(StrEnum):
    STATUS = "status"  # an HTTP error: `status`, `retry_after_s`
    RESET = "reset"  # the connection is reset instead of an answer
    STALL = "stall"  # no answer, until the client gives up or the server closes


class MediaFaultKind(StrEnum):
    STATUS = "status"  # an HTTP error: `status`, `retry_after_s`; 403 by default
    STALE = "stale"  # 403 for every URL of the first `times` resolves: a new resolve cures it
    FORBIDDEN_AFTER = "forbidden_after"  # 403 for ranges that begin at `offset_bytes` of the file or later
    RESET = "reset"  # the connection is reset instead of an answer
    CUT = "cut"  # the connection ends after `offset_bytes` of the body
    STALL = "stall"  # nothing comes after `offset_bytes` of the body
    SLOW = "slow"  # `rate_bytes_per_s`
    WRONG_LENGTH = "wrong_length"  # the header promises 1,000 bytes more than come
    HTML = "html"  # a page with status 200 in place of the media
    EMPTY = "empty"  # a file of no bytes
    TRUNCATED = "truncated"  # the file ends at `offset_bytes`, half its size by default
    FLIPPED = "flipped"  # from `offset_bytes` on, every 997th byte of the file is another
    ENDLESS = "endless"  # zeros follow the file for ever, its size is not told
    SOUND_ONLY = "sound_only"  # the bytes of the audio format under every itag
    NO_RANGES = "no_ranges"  # ranges are ignored: status 200 and the whole file


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerFault:
    """Hits the first `times` player requests of a video, None for all."""

    kind: PlayerFaultKind = PlayerFaultKind.STATUS
    status: int = 503
    retry_after_s: int | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFault:
    """Hits the first `times` media requests of a video, None for all. See MediaFaultKind for the other fields."""

    kind: MediaFaultKind
    times: int | None = None
    offset_bytes: int | None = None
    status: int = 403
    retry_after_s: int | None = None
    rate_bytes_per_s: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """One video. All formats show the same pictures and sounds; only what is asked for is generated.

    `shrink` divides the height of every rendition, to generate long videos cheaply; the player response says so.
    `media_key` makes ids share their media; by default each has its own (`counter.media_key_of`).
    After `outcome_times` player requests the video is available, None for never.
    """

    duration_s: float = 60.0
    fps: Fraction = Fraction(25)
    itags: tuple[int, ...] = (18, 134, 140)
    hls: Hls = Hls.NONE
    layout: Layout = Layout.FRONT
    shrink: int = 1
    media_key: int | None = None
    outcome: str = "available"
    outcome_times: int | None = None
    preroll_s: int = 0  # an advertisement first: media refuse with 403 until it could be skipped
    url_life_s: float = 21_600.0
    player_faults: tuple[PlayerFault, ...] = ()
    media_faults: tuple[MediaFault, ...] = ()

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(f"no outcome is called {self.outcome!r}: choose one of {', '.join(OUTCOMES)}")
        if unknown := set(self.itags) - set(ITAGS):
            raise ValueError(f"itags {sorted(unknown)} are not served: choose from {', '.join(map(str, ITAGS))}")
        if self.duration_s <= 0 or self.fps <= 0 or self.shrink < 1:
            raise ValueError("a video needs a duration, a frame rate and a shrink above zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorFile:
    """A file of the mirror: a tar, or the text of a list."""

    tar: Tarball | None = None
    text: str = ""
    faults: tuple[MediaFault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """The limit of an egress (client address and account): `limit` player requests in a sliding window of `window_s`.

    The request above it is refused, and all that follow for `block_s`, counted again from each refused one if
    `extend_block`. Then counting starts afresh. `answer` is `429`, `403`, `media_403` (the player answers, media do
    not) or an outcome: `rate_limit`, `bot_check`, `captcha`, `wrong_video`.
    """

    limit: int = 300
    window_s: float = 3600.0
    block_s: float = 3600.0
    extend_block: bool = False
    answer: str = "429"
    retry_after_s: int | None = None

    def __post_init__(self) -> None:
        if self.answer not in {"429", "403", "media_403", *OUTCOMES}:
            raise ValueError(f"a throttle cannot answer {self.answer!r}: use 429, 403, media_403 or an outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The modelled way to the client: a delay before each answer, and a rate that all connections share."""

    rtt_s: float = 0.0
    rate_bytes_per_s: int | None = None


class Oversize(StrEnum):
    """What becomes of a range above `Scenario.max_range_bytes`."""

    SERVE = "serve"
    THROTTLE = "throttle"  # 32 KiB/s, what YouTube does
    REFUSE = "refuse"  # 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything the offline YouTube needs to know, and the mirror beside it: its files by their path in the bucket,
    such as `400/val/part_0.tar.gz`.
    """

    videos: Mapping[str, Video] = field(default_factory=dict)
    default: Video = Video()
    mirror: Mapping[str, MirrorFile] = field(default_factory=dict)
    throttle: Throttle | None = None
    line: Line = Line()
    oversize: Oversize = Oversize.THROTTLE
    max_range_bytes: int = CHUNK_BYTES

    def video(self, video_id: str) -> Video:
        return self.videos.get(video_id, self.default)

    @classmethod
    def from_toml(cls, path: Path) -> "Scenario":
        """Raises ValueError naming the key that makes no sense, OSError."""
        return read_toml(cls, path)
