"""The checks that every format shares: ids, times, text. Pure."""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from clipset.annotations.reader import FieldError
from clipset.types import US_PER_S, VIDEO_ID, Annotation

MAX_TIME_S = 1_000_000  # eleven days: the largest start in the published lists is 23,770 s
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_SPREADSHEET_ERROR = re.compile(
    r"#(?:NAME\?|REF!|VALUE!|N/A|NUM!|NULL!|DIV/0!|#+)|=.*|[+-]?\d+(?:\.\d+)?E[+-]?\d+", re.IGNORECASE
)
_MILLISECOND = Decimal("0.001")
_SHOWN_CHARS = 200
_is_video_id = VIDEO_ID.fullmatch
_made = tuple.__new__  # what Annotation(…) does, in a third of the time


def shown(text: str, limit: int = 60) -> str:
    """Hostile text made fit for a message: one line, printable, at most `limit` characters."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in cut)


def row_text(text: str) -> str:
    """What a BadRow shows of its row: at most 200 characters."""
    return shown(text.rstrip("\r\n"), _SHOWN_CHARS)


def clean(text: str) -> str:
    """Without lone surrogates, which JSON can escape but UTF-8 cannot hold: they become U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def annotation(
    video_id: str,
    start: str,
    end: str,
    split: str | None,
    label: str | None,
    extra: tuple[tuple[str, str], ...] = (),
    line: int = 0,
) -> Annotation:
    """One checked annotation; empty text for split or label means none. Raises FieldError."""
    if _is_video_id(video_id) is None:
        raise FieldError(_id_fault(video_id))
    start_us, end_us = time_us(start, "start"), time_us(end, "end")
    if end_us <= start_us:
        raise FieldError(f"the end {shown(end)} is not after the start {shown(start)}")
    return _made(Annotation, (video_id, start_us, end_us, split or None, label or None, extra, line))


@lru_cache(maxsize=16_384)  # a list has 650,000 rows and a few thousand different times
def time_us(text: str, name: str) -> int:
    """Seconds as decimal text, rounded half up to whole milliseconds, in microseconds. Raises FieldError.

    Exact decimal arithmetic; the plain integers (`84`) and whole floats (`84.0`) of Kinetics take a short way.
    """
    whole = text.removesuffix(".0")
    if len(whole) < 7 and whole.isascii() and whole.isdecimal():
        return int(whole) * US_PER_S
    return _exact_us(text, name)


def _exact_us(text: str, name: str) -> int:
    if not text.strip():
        raise FieldError(f"the {name} time is missing")
    if _NUMBER.fullmatch(text.strip()) is None:
        raise FieldError(f"the {name} time {shown(text)!r} is not a number of seconds")
    seconds = Decimal(text.strip())
    if seconds < 0:
        raise FieldError(f"the {name} time {shown(text)} is negative")
    if seconds > MAX_TIME_S:
        raise FieldError(f"the {name} time {shown(text)} is longer than {MAX_TIME_S:,} seconds")
    return int(seconds.quantize(_MILLISECOND, ROUND_HALF_UP) * 1000) * 1000


def _id_fault(video_id: str) -> str:
    if not video_id.strip():
        return "the video id is missing"
    if _SPREADSHEET_ERROR.fullmatch(video_id.strip()):
        return f"the id was destroyed by a spreadsheet ({shown(video_id)!r}); take the row from the published list"
    if len(video_id) != 11:
        return f"the video id {shown(video_id)!r} has {len(video_id)} characters, not 11"
    return f"the video id {shown(video_id)!r} has characters other than A-Z a-z 0-9 - _"
