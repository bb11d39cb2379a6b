"""What an exception inside the media child says about the clip."""

from __future__ import annotations

import av

from clipset.media.cache import Endless
from clipset.media.faults import damaged
from clipset.media.layout import NotMedia
from clipset.media.packets import CutOff
from clipset.reasons import Reason
from clipset.types import ClipsetError, Failure, Stage

_DAMAGE: dict[type[Exception], str] = {
    NotMedia: "{error}",
    CutOff: "the file is cut off before the end of the span",
    Endless: "the file is longer than this reads",
    MemoryError: "decoding needs more memory than it may have",
    av.FFmpegError: "libav refuses the file: {name}",
    UnicodeError: "libav refuses the file: {name}",
}


class ReadFailed(Exception):  # noqa: N818 - the parent knows what failed
    """The parent could not read, and holds the reason."""


def failure_of(error: Exception) -> Failure | None:
    """The failure to report; None if it is the parent's own.

    Running into the memory limit is the file's fault: what fits the limit on the picture's size fits the memory.
    What libav never raises is a crash, to be tried again and looked into: its detail says where it happened.
    """
    if isinstance(error, ReadFailed):
        return None
    if isinstance(error, ClipsetError):
        return error.failure
    if isinstance(error, av.error.EncoderNotFoundError | av.error.MuxerNotFoundError):
        return Failure(Reason.MISSING_PART, "this build of libav cannot write H.264 and AAC into mp4", Stage.TRIM)
    detail = next((text for kind, text in _DAMAGE.items() if isinstance(error, kind)), None)
    if detail is not None:
        return damaged(detail.format(error=error, name=_name(error))).failure
    return Failure(Reason.MEDIA_CRASH, f"{type(error).__name__} in {_place(error)}", Stage.TRIM)


def _name(error: Exception) -> str:
    """libav's own words, never its log lines: those quote the file."""
    text = error.strerror if isinstance(error, av.FFmpegError) else None
    return text or type(error).__name__


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace is not None else "the media child"
