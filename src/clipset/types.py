"""The nouns of clipset: frozen values, integer microseconds, the unit in every name. Pure."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, Protocol

from clipset.reasons import Disposition, Reason

US_PER_S = 1_000_000
VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
_CLIP_ID = re.compile(r"([A-Za-z0-9_-]{11})_(\d{6,12}(?:\.\d{3})?)_(\d{6,12}(?:\.\d{3})?)", re.ASCII)


@lru_cache(maxsize=65_536)  # a list has 650,000 rows and a few thousand different times
def format_seconds(time_us: int) -> str:
    """Whole seconds as %06d, otherwise seconds with milliseconds as %010.3f (the contract's file names)."""
    seconds, rest_us = divmod(time_us, US_PER_S)
    if rest_us == 0:
        return f"{seconds:06d}"
    milliseconds = (time_us + 500) // 1000
    return f"{milliseconds // 1000:06d}.{milliseconds % 1000:03d}"


def _us(seconds: str) -> int:
    """The inverse of `format_seconds`."""
    whole, _, milliseconds = seconds.partition(".")
    return int(whole) * US_PER_S + int(milliseconds or 0) * 1000


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open interval of a video's presentation time: start <= t < end."""

    start_us: int
    end_us: int

    def __post_init__(self) -> None:
        if not 0 <= self.start_us < self.end_us:
            raise ValueError(f"a span needs 0 <= start < end, not {self.start_us}..{self.end_us} us")

    @property
    def duration_us(self) -> int:
        return self.end_us - self.start_us


@dataclass(frozen=True, slots=True, order=True)
class Clip:
    """The physical thing: a span of a video. Its identity never depends on label, split, row or folder."""

    video_id: str
    span: Span

    @property
    def id(self) -> str:
        return f"{self.video_id}_{format_seconds(self.span.start_us)}_{format_seconds(self.span.end_us)}"

    @classmethod
    def from_id(cls, text: str) -> "Clip":
        """The clip that has this id. Raises ValueError."""
        found = _CLIP_ID.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no clip's id")
        clip = cls(found[1], Span(_us(found[2]), _us(found[3])))
        if clip.id != text:
            raise ValueError(f"{text!r} is not how a clip's id is written")
        return clip


class Annotation(NamedTuple):
    """What a dataset says of a clip; many annotations may name one clip.

    Flat and a tuple, because lists have 650,000 of them. Times are rounded to whole milliseconds, as the clip's
    name shows them. `extra` keeps the columns or keys that clipset does not interpret (`is_cc`, …) as text, in
    their order. `line` is 1-based; 0 where the format has no lines.
    """

    video_id: str
    start_us: int
    end_us: int
    split: str | None
    label: str | None
    extra: tuple[tuple[str, str], ...] = ()
    line: int = 0

    @property
    def clip(self) -> "Clip":
        return Clip(self.video_id, Span(self.start_us, self.end_us))


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that names no clip: where it stands, what it says, what is wrong with it."""

    line: int
    text: str
    message: str


class Precision(StrEnum):
    EXACT = "exact"  # frames with start <= pts < end, re-encoded
    SMART = "smart"  # the same frames, but encoded only where no keyframe of the source permits to copy them
    COPY = "copy"  # stream copy from the keyframe at or before the start


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the bytes of a clip, given its source."""

    precision: Precision = Precision.EXACT
    max_height_px: int = 360
    short_side_px: int | None = None
    audio: bool = True
    min_share: float = 0.5

    @property
    def id(self) -> str:
        parts = [self.precision.value, f"h{self.max_height_px}"]
        if self.short_side_px is not None:
            parts.append(f"s{self.short_side_px}")
        if not self.audio:
            parts.append("mute")
        if self.min_share != 0.5:
            parts.append(f"m{self.min_share:g}")
        return "-".join(parts)

    @classmethod
    def from_id(cls, text: str) -> "Recipe":
        """The recipe that has this id. Raises ValueError for what no recipe of this version has."""
        precision, *parts = text.split("-")
        recipe = cls(Precision(precision))
        for part in parts:
            if part == "mute":
                recipe = replace(recipe, audio=False)
            elif part.startswith("h"):
                recipe = replace(recipe, max_height_px=int(part[1:]))
            elif part.startswith("s"):
                recipe = replace(recipe, short_side_px=int(part[1:]))
            elif part.startswith("m"):
                recipe = replace(recipe, min_share=float(part[1:]))
        if recipe.id != text:
            raise ValueError(f"{text!r} is no recipe of this version of clipset")
        return recipe


@dataclass(frozen=True, slots=True)
class Wanted:
    """A clip to make and where it goes: the first path is the file, the others are links to it (relative, with /)."""

    clip: Clip
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VideoJob:
    """The unit of work: one video, resolved once for all its wanted clips. `attempt` counts from 1.

    With `at_hand` only the sources that come before any paced one are asked, and only what they give is told.
    """

    video_id: str
    wanted: tuple[Wanted, ...]
    attempt: int = 1
    at_hand: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What a full decode of the finished clip found. fps is the stream's average rate; duration is frames' extent."""

    width_px: int
    height_px: int
    fps: Fraction
    frames: int
    duration_us: int
    video_codec: str
    audio_codec: str | None
    format_id: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A verified clip under its final name."""

    path: str
    size_bytes: int
    sha256: str
    facts: Facts


class Stage(StrEnum):
    PLAN = "plan"
    RESOLVE = "resolve"
    FETCH = "fetch"
    TRIM = "trim"
    VERIFY = "verify"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a clip is not there. `detail` is the raw text as it came (without secrets), for later reclassification."""

    reason: Reason
    detail: str
    stage: Stage
    http_status: int | None = None
    retry_after_s: float | None = None

    @property
    def disposition(self) -> Disposition:
        return self.reason.disposition


class ClipsetError(Exception):
    """The one exception that carries a Failure; whoever catches it records the failure, nobody parses text."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.reason}: {failure.detail}")
        self.failure = failure


class Interrupted(Exception):  # noqa: N818 - not an error: the user asked to stop
    """A wait ended because the run is stopping; the clip is untouched."""


class Cooling(Exception):  # noqa: N818 - not an error: the time has not come
    """No egress may be asked now; nothing was, and the clip is untouched."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What an attempt took. The resolve and the index of a shared video are charged to its first clip."""

    download_s: float = 0.0  # resolving and fetching
    trim_s: float = 0.0  # decoding, encoding, verifying
    total_s: float = 0.0  # with waiting for the place of the clip
    fetched_bytes: int = 0
    requests: int = 0
    least_bytes: int | None = None  # what the clip needs of its video at the least (media.least); None: not known


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one clip."""

    clip: Clip
    result: Stored | Failure
    source: str
    egress: str = ""
    cost: Cost = Cost()
    tool: str = ""  # what resolved it, with its version: "yt-dlp 2026.08.19 visionos 18"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a VideoJob. A clip that is in no attempt was not reached (stopped, or no egress was to be asked)
    and stays as it was. `node` is the machine where it was worked on, '' where nobody said.
    """

    job: VideoJob
    attempts: tuple[Attempt, ...]
    node: str = ""

    @property
    def unreached(self) -> bool:
        """Whether a clip of the job is in no attempt."""
        return not {wanted.clip for wanted in self.job.wanted} <= {attempt.clip for attempt in self.attempts}

    @property
    def verdicts(self) -> tuple[Attempt, ...]:
        """One attempt a clip: the one that counts where several sources were asked. What leaves most hope wins."""
        best: dict[Clip, Attempt] = {}
        for attempt in self.attempts:
            known = best.get(attempt.clip)
            if known is None or _hope(attempt) > _hope(known):
                best[attempt.clip] = attempt
        return tuple(best.values())


_HOPE = (Disposition.LOST, Disposition.RETRY, Disposition.PACE, Disposition.STOP)


def _hope(attempt: Attempt) -> int:
    if isinstance(attempt.result, Stored):
        return len(_HOPE)
    # that one source does not have a clip says nothing against what another one said of it
    return -1 if attempt.result.reason is Reason.ABSENT else _HOPE.index(attempt.result.disposition)


class ByteStream(Protocol):
    """One media file reachable by byte ranges: HTTP, a local file, the segments of a playlist."""

    @property
    def size_bytes(self) -> int | None:
        """Total length, None while unknown; may become known with the first read."""
        ...

    def read(self, start: int, end: int) -> bytes:
        """Bytes start <= i < end; fewer only where the file ends. Raises ClipsetError, Interrupted."""
        ...


@dataclass(frozen=True, slots=True)
class MediaInput:
    """Where the bytes of one video come from. Times of spans are in the video's time.

    `origin_us` is the video time at which this file's own time is 0 (a ready clip starts at its span's start).
    `audio` is None when sound is in the video stream (progressive) or there is none.
    `index_bytes` are hints (start, end) of the index within video and audio, None when the source does not know.
    """

    video: ByteStream
    audio: ByteStream | None = None
    origin_us: int = 0
    format_id: str = ""
    index_bytes: tuple[tuple[int, int] | None, tuple[int, int] | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Located:
    """The clips of a job that one input can serve."""

    wanted: tuple[Wanted, ...]
    media: MediaInput
    egress: str = ""
    tool: str = ""


@dataclass(slots=True)
class Meter:
    """What a job cost outside and by which way, written by the source; the one mutable value, one a job."""

    requests: int = 0
    fetched_bytes: int = 0
    seconds: float = 0.0  # spent in requests, not waiting at the gate
    egress: str = ""
    tool: str = ""  # as in Attempt, as far as it is known


class Source(Protocol):
    """Where videos come from. One instance per worker thread."""

    name: str

    def locate(self, job: VideoJob, meter: Meter) -> AbstractContextManager[Iterator[Located]]:
        """Yield inputs for the job's clips; clips in none of them are left to the next source.

        Raises ClipsetError when the video as a whole fails, Interrupted when the run stops, Cooling when the way
        there is closed for now.
        """
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A finished clip in memory, decoded and counted. `least_bytes` as in Cost."""

    data: bytes = field(repr=False)
    facts: Facts
    least_bytes: int | None = None


class Trimmer(Protocol):
    """Opens a MediaInput and cuts clips out of it: the door to the media child. One instance per worker thread."""

    def open(self, media: MediaInput) -> AbstractContextManager["Cutter"]:
        """Read the index once for all clips. Raises ClipsetError."""
        ...

    def inspect(self, data: ByteStream, clip: Clip) -> Facts:
        """Decode a clip that exists and check it as a new one is checked. Raises ClipsetError."""
        ...

    def check(self, data: ByteStream, clip: Clip) -> Facts:
        """Decode a ready clip that somebody else made, whatever its recipe. Raises ClipsetError."""
        ...

    def close(self) -> None: ...


class Cutter(Protocol):
    def cut(self, clip: Clip) -> Trimmed:
        """Raises ClipsetError (too_short, no_video, damaged_media, media_timeout, media_crash, …)."""
        ...


class Sink(Protocol):
    """Where finished clips go. Nothing is visible under its final name before it is complete."""

    def put(self, path: str, data: bytes) -> None:
        """Atomic and durable; replaces. Raises ClipsetError (disk_full, no_permission, store_error,
        store_unavailable), Interrupted.
        """
        ...

    def link(self, path: str, target: str) -> None:
        """Make `path` the same file as `target`; a copy where links do not work. Raises as `put` does."""
        ...

    def get(self, path: str) -> ByteStream | None:
        """The finished file, or None. Raises as `put` does."""
        ...
