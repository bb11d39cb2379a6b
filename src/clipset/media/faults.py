"""The failures that the media child reports, made in one place."""

from clipset.reasons import Reason
from clipset.types import ClipsetError, Failure, Stage


def damaged(detail: str, stage: Stage = Stage.TRIM) -> ClipsetError:
    return ClipsetError(Failure(Reason.DAMAGED_MEDIA, detail, stage))


def no_video(detail: str) -> ClipsetError:
    return ClipsetError(Failure(Reason.NO_VIDEO, detail, Stage.TRIM))


def too_short(present_us: int, span_us: int) -> ClipsetError:
    """`present_us` is how much of the span the video has."""
    detail = f"the video has {present_us / 1_000_000:.3f} s of the span's {span_us / 1_000_000:.3f} s"
    return ClipsetError(Failure(Reason.TOO_SHORT, detail, Stage.TRIM))


def absent(detail: str) -> ClipsetError:
    return ClipsetError(Failure(Reason.ABSENT, detail, Stage.TRIM))
