"""Scripted parts for a bench: sources that answer as told, a trimmer that makes bytes of the clip's own name."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction

from clipset.held import HeldBytes
from clipset.materialise import Bench
from clipset.reasons import Reason
from clipset.types import (
    ByteStream,
    Clip,
    ClipsetError,
    Facts,
    Failure,
    Interrupted,
    Located,
    MediaInput,
    Meter,
    Span,
    Stage,
    Trimmed,
    VideoJob,
    Wanted,
)

S = 1_000_000
FACTS = Facts(640, 360, Fraction(25), 250, 10 * S, "h264", "aac", "18")
LEAST_BYTES = 90  # of each clip that is cut


def clip(video_id: str = "abcdefghijk", start_s: int = 0) -> Clip:
    return Clip(video_id, Span(start_s * S, (start_s + 10) * S))


def wanted(*clips: Clip) -> tuple[Wanted, ...]:
    return tuple(Wanted(one, (f"val/juggling/{one.id}.mp4",)) for one in clips)


def failure(reason: Reason, detail: str = "as scripted") -> Failure:
    return Failure(reason, detail, Stage.RESOLVE)


class ScriptedSource:
    """Has the clips in `has`; fails as a whole with `fails`; costs a request and 100 bytes a job."""

    def __init__(
        self, name: str, has: set[Clip] | None = None, fails: Failure | None = None, interrupted: bool = False
    ) -> None:
        self.name = name
        self.asked: list[VideoJob] = []
        self.closed = False
        self._has, self._fails, self._interrupted = has or set(), fails, interrupted

    @contextmanager
    def locate(self, job: VideoJob, meter: Meter) -> Iterator[Iterator[Located]]:
        self.asked.append(job)
        meter.requests += 1
        meter.fetched_bytes += 100
        if self._interrupted:
            raise Interrupted
        if self._fails:
            raise ClipsetError(self._fails)
        found = tuple(want for want in job.wanted if want.clip in self._has)
        yield iter([Located(found, MediaInput(HeldBytes(b"video")), "direct", "tool 1")] if found else [])

    def close(self) -> None:
        self.closed = True


class ScriptedTrimmer:
    """Fails for the clips in `fails`."""

    def __init__(self, fails: Mapping[Clip, Failure] | None = None) -> None:
        self._fails = fails or {}
        self.closed = False

    @contextmanager
    def open(self, media: MediaInput) -> Iterator["ScriptedTrimmer"]:
        del media
        yield self

    def cut(self, clip: Clip) -> Trimmed:
        if clip in self._fails:
            raise ClipsetError(self._fails[clip])
        return Trimmed(clip.id.encode(), FACTS, LEAST_BYTES)

    def inspect(self, data: ByteStream, clip: Clip) -> Facts:
        if data.read(0, data.size_bytes or 0) != clip.id.encode():
            raise ClipsetError(failure(Reason.DAMAGED_MEDIA))
        return FACTS

    def check(self, data: ByteStream, clip: Clip) -> Facts:
        return self.inspect(data, clip)

    def close(self) -> None:
        self.closed = True


class MemorySink:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, path: str, data: bytes) -> None:
        self.files[path] = data

    def link(self, path: str, target: str) -> None:
        self.files[path] = self.files[target]

    def get(self, path: str) -> ByteStream | None:
        return HeldBytes(self.files[path]) if path in self.files else None


def bench(*sources: ScriptedSource, trimmer: ScriptedTrimmer | None = None, sink: MemorySink | None = None) -> Bench:
    return Bench(sources, trimmer or ScriptedTrimmer(), sink or MemorySink(), threading.Event())
