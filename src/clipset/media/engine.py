"""The door to the media child: opens videos and cuts clips, for one worker thread."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from typing import Any

from clipset.media import wire
from clipset.media.limits import KEYFRAMES_APART_US, Limits
from clipset.media.process import MediaProcess, Take
from clipset.reasons import Reason
from clipset.types import ByteStream, Clip, ClipsetError, Facts, Failure, MediaInput, Recipe, Stage, Trimmed

_REASONS = frozenset(  # what a child may say of a clip
    {Reason.TOO_SHORT, Reason.NO_VIDEO, Reason.DAMAGED_MEDIA, Reason.ABSENT, Reason.MEDIA_CRASH, Reason.MISSING_PART}
)
_DETAIL_CHARS_MAX = 300
_NUMBER_MAX = 1 << 40
_TRIMS = {name: name for name in ("exact", "smart")}
_CODEC = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)


class MediaEngine:
    """A types.Trimmer. Owns one child process, started when first needed and replaced when it dies.

    Clips carry the comment `clipset <clip id> <recipe id>`. `stop` ends every wait with Interrupted. One instance
    belongs to one thread.
    """

    def __init__(self, recipe: Recipe, stop: threading.Event, limits: Limits | None = None) -> None:
        self._recipe = recipe
        self._stop = stop
        self._limits = limits if limits is not None else Limits()
        self._process: MediaProcess | None = None

    @contextmanager
    def open(self, media: MediaInput) -> Iterator["MediaCutter"]:
        """Read the index once for all clips.

        Raises ClipsetError (damaged_media, media_timeout, media_crash, and what the streams raise), Interrupted.
        """
        cutter = MediaCutter(self, media)
        cutter.open()
        yield cutter

    def inspect(self, data: ByteStream, clip: Clip) -> Facts:
        """Decode a finished clip in full.

        Raises ClipsetError: damaged_media too if it is not this clip by this recipe; and Interrupted.
        """
        request = {"op": "inspect", "size": data.size_bytes, **self.request(clip)}
        return _facts(self.call(request, (data,), clip.span.duration_us)[0].get("facts"))

    def check(self, data: ByteStream, clip: Clip) -> Facts:
        """Decode a clip that somebody else made, in full: mp4, webm, mkv, avi and what else libav reads.

        It may be up to 10 s longer than its span, as clips cut on keyframes are. Raises ClipsetError: too_short (less
        than the recipe's share of the span), no_video, damaged_media, absent (an intact file, but far longer than this
        clip), media_timeout, media_crash, and what the stream raises; and Interrupted.
        """
        request = {"op": "check", "size": data.size_bytes, **self.request(clip)}
        return _facts(self.call(request, (data,), clip.span.duration_us + KEYFRAMES_APART_US)[0].get("facts"))

    def close(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    @property
    def child_pid(self) -> int | None:
        """None while there is no child."""
        return self._process.pid if self._process is not None and self._process.alive else None

    def request(self, clip: Clip) -> wire.Header:
        """What a request says of a clip."""
        comment = f"clipset {clip.id} {self._recipe.id}"
        return {"start_us": clip.span.start_us, "end_us": clip.span.end_us, "comment": comment}

    def call(
        self, request: wire.Header, streams: tuple[ByteStream, ...], duration_us: int, take: Take | None = None
    ) -> wire.Message:
        """One request to the child, a new one if need be; `take` gets what it sends before it answers.

        Raises ClipsetError, Interrupted, and what `take` raises.
        """

        def read(number: int, start: int, end: int) -> tuple[bytes, int | None]:
            stream = streams[number]
            return stream.read(start, end), stream.size_bytes

        if self._process is None or not self._process.alive:
            self.close()
            self._process = MediaProcess(self._recipe, self._limits)
        answer = self._process.call(request, read, self._limits.budget_s(duration_us), self._stop, take)
        if answer[0]["op"] != "done":
            raise ClipsetError(_failure(answer[0]))
        return answer


class MediaCutter:
    """A types.Cutter for one open video. If the child died since, the video is opened again in the next one."""

    def __init__(self, engine: MediaEngine, media: MediaInput) -> None:
        self._engine = engine
        self._media = media
        self._streams = (media.video,) if media.audio is None else (media.video, media.audio)
        self._opened_in: int | None = None
        self._index_bytes: int | None = None  # not yet charged to a clip; None where no clip's least is known

    def open(self) -> None:
        """Raises ClipsetError, Interrupted."""
        streams = zip(self._streams, self._media.index_bytes, strict=False)
        request = {
            "op": "open",
            "origin_us": self._media.origin_us,
            "streams": [{"size": stream.size_bytes, "index": hint} for stream, hint in streams],
        }
        answer, _ = self._engine.call(request, self._streams, 0)
        if self._opened_in is None:
            self._index_bytes = _bytes(answer.get("index_bytes"))
        self._opened_in = self._engine.child_pid

    def cut(self, clip: Clip) -> Trimmed:
        """Raises ClipsetError: too_short, no_video, damaged_media, media_timeout, media_crash, absent (the file begins
        after the clip does), and what the streams raise; and Interrupted.
        """
        if self._opened_in is None or self._opened_in != self._engine.child_pid:
            self.open()
        least_bytes = self._index_bytes
        self._index_bytes = None if least_bytes is None else 0  # the first clip's, whatever becomes of it
        request = {"op": "cut", **self._engine.request(clip)}
        header, data = self._engine.call(request, self._streams, clip.span.duration_us)
        facts = _facts(header.get("facts"))
        format_id = f"{self._media.format_id} {facts.format_id}".strip()
        needed_bytes = _bytes(header.get("needed_bytes"))
        if least_bytes is not None and needed_bytes is not None:
            return Trimmed(data, replace(facts, format_id=format_id), least_bytes + needed_bytes)
        return Trimmed(data, replace(facts, format_id=format_id))


def _failure(header: wire.Header) -> Failure:
    """What the child says of a clip, as far as it may say it."""
    reason, detail = str(header.get("reason")), str(header.get("detail"))
    if reason not in _REASONS:
        return Failure(Reason.MEDIA_CRASH, "the media child gave an answer that makes no sense", Stage.TRIM)
    printable = "".join(character if character.isprintable() else "?" for character in detail)
    stage = Stage.VERIFY if header.get("stage") == Stage.VERIFY else Stage.TRIM
    return Failure(Reason(reason), printable[:_DETAIL_CHARS_MAX], stage)


def _facts(fields: Any) -> Facts:
    """Raises ClipsetError (media_crash) unless every field is what it should be."""
    try:
        return Facts(
            width_px=_whole(fields["width_px"]),
            height_px=_whole(fields["height_px"]),
            fps=Fraction(_whole(fields["fps"][0]), _whole(fields["fps"][1])),
            frames=_whole(fields["frames"]),
            duration_us=_whole(fields["duration_us"]),
            video_codec=_codec(fields["video_codec"]),
            audio_codec=None if fields["audio_codec"] is None else _codec(fields["audio_codec"]),
            format_id=_TRIMS.get(fields["format_id"], ""),
        )
    except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError) as error:
        raise _senseless() from error


def _bytes(value: object) -> int | None:
    """What the child says that a clip needs, None where it cannot know. Raises ClipsetError (media_crash)."""
    try:
        return None if value is None else _whole(value)
    except ValueError as error:
        raise _senseless() from error


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _NUMBER_MAX:
        raise ValueError("no fact is such a number")
    return value


def _senseless() -> ClipsetError:
    return ClipsetError(Failure(Reason.MEDIA_CRASH, "the media child gave facts that make no sense", Stage.TRIM))


def _codec(name: object) -> str:
    if not isinstance(name, str) or not _CODEC.fullmatch(name):
        raise ValueError("no codec has such a name")
    return name
