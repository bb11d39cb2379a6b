"""What the media child does with one video: cut clips out of it, and judge what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from io import BytesIO
from typing import NamedTuple

import av

from clipset.media import complaints, copying, exact, smart, verify
from clipset.media.draft import Draft
from clipset.media.faults import absent, damaged, too_short
from clipset.media.h264 import Unfit
from clipset.media.layout import NotMedia
from clipset.media.least import index_bytes
from clipset.media.limits import Limits
from clipset.media.packets import CutOff
from clipset.media.pictures import OpenGroup
from clipset.media.playlist import PlaylistFile
from clipset.media.ticks import us_of
from clipset.media.tracks import PREROLL_US, MediaFile, Tracks, open_tracks
from clipset.types import US_PER_S, ClipsetError, Facts, Precision, Recipe, Span, Stage

FELL_BACK = "exact"  # in Facts.format_id: a copy or a smart trim was asked for, but the file allows none
SPLICED = "smart"

# that a smart trim came to nothing: the exact trim says what is wrong with the file, if anything is
_DOUBTS = (Unfit, OpenGroup, CutOff, NotMedia, ClipsetError, av.FFmpegError, UnicodeError)

Opened = MediaFile | PlaylistFile


class Made(NamedTuple):
    """A finished clip, and the bytes of the source's packets that it needs at the least."""

    data: bytes
    facts: Facts
    needed_bytes: int


@dataclass(frozen=True, slots=True)
class Job:
    """An open video. `audio` may be the same file as `video`; None for no sound."""

    video: Opened
    audio: Opened | None
    origin_us: int
    recipe: Recipe
    limits: Limits
    pulse: Callable[[], None]

    @property
    def index_bytes(self) -> int | None:
        """What has to be read before any clip; None where it is not known what a clip needs (no index, a playlist)."""
        files = {id(file): file for file in (self.video, self.audio) if file is not None}.values()
        layouts = [file.layout for file in files if isinstance(file, MediaFile)]
        return index_bytes(layouts) if len(layouts) == len(files) else None

    def cut(self, span: Span, comment: str) -> Made:
        """A finished clip, decoded and compared. Raises ClipsetError, and what libav and reading raise."""
        if span.start_us < self.origin_us:
            raise absent("the file begins after the span does")
        wanted = Span(span.start_us - self.origin_us, span.end_us - self.origin_us)
        if (copied := self._copied(wanted, comment)) is not None:
            with suppress(ClipsetError):  # a copy that does not decode from its keyframe is trimmed instead
                return self._judged(copied, wanted)
        if self.recipe.precision is Precision.SMART:
            with suppress(*_DOUBTS):
                return self._smart(wanted, comment)
        made = self._judged(self._trimmed(wanted, comment), wanted)
        return _marked(made, "" if self.recipe.precision is Precision.EXACT else FELL_BACK)

    def _judged(self, draft: Draft | None, span: Span) -> Made:
        present_us = us_of(draft.present_s) if draft is not None else 0
        if draft is None or present_us < self.recipe.min_share * span.duration_us:
            raise too_short(present_us, span.duration_us)
        seen = verify.decode_clip(BytesIO(draft.data), self.limits, self.pulse)
        verify.compare(seen, draft)
        return Made(draft.data, seen.facts(), draft.needed_bytes)

    def _trimmed(self, span: Span, comment: str) -> Draft | None:
        """Once more from a group of pictures earlier, if that may be what was missing."""
        for lead in range(2):
            with self._tracks(span, lead) as tracks, suppress(OpenGroup):
                return _counted(exact.trim(tracks, self.recipe.short_side_px, comment, self.pulse), tracks, span)
        raise damaged("an open group of pictures does not decode")

    def _copied(self, span: Span, comment: str) -> Draft | None:
        """None where the recipe wants no copy, or the codecs or the wanted size allow none."""
        if self.recipe.precision is not Precision.COPY or self.recipe.short_side_px is not None:
            return None
        with self._tracks(copying.wide(span), sound_lead_us=copying.SOUND_LEAD_US) as tracks:
            if not copying.can_copy(tracks):
                return None
            return _counted(copying.copy(tracks, span, comment, self.pulse), tracks, span)

    def _smart(self, span: Span, comment: str) -> Made:
        """Raises one of _DOUBTS if there is the least of them."""
        with self._tracks(span) as tracks:
            draft = _counted(smart.trim(tracks, self.recipe.short_side_px, comment, self.pulse), tracks, span)
        with complaints.refused():
            return _marked(self._judged(draft, span), SPLICED)

    @contextmanager
    def _tracks(self, span: Span, lead: int = 0, sound_lead_us: int = PREROLL_US) -> Iterator[Tracks]:
        video = self.video.at(span)
        tracks = open_tracks(video, self._audio_at(span, video), span, self.limits, lead, sound_lead_us)
        try:
            yield tracks
        finally:
            tracks.close()

    def _audio_at(self, span: Span, video: MediaFile) -> MediaFile | None:
        if self.audio is None:
            return None
        return video if self.audio is self.video else self.audio.at(span, video.zero_s)


def _counted(draft: Draft | None, tracks: Tracks, span: Span) -> Draft | None:
    return None if draft is None else replace(draft, needed_bytes=tracks.needed_bytes(span))


def _marked(made: Made, format_id: str) -> Made:
    return made._replace(facts=replace(made.facts, format_id=format_id))


def inspect(
    file: verify.Readable, span: Span, comment: str, recipe: Recipe, limits: Limits, pulse: exact.Pulse
) -> Facts:
    """Decode a clip that exists and check what can be known without its source.

    Raises damaged_media if it does not decode, names another clip or recipe, or is longer or shorter than it can be.
    """
    seen = verify.decode_clip(file, limits, pulse)
    if seen.comment != comment:
        raise damaged("the file is another clip, or made by another recipe", Stage.VERIFY)
    if seen.first_s != 0 or (seen.width_px | seen.height_px) & 1:
        raise damaged("the file was not made by this program", Stage.VERIFY)
    duration_us = us_of(seen.duration_s)
    frame_us = duration_us // len(seen.times_s) + 1
    too_long = recipe.precision is not Precision.COPY and duration_us > span.duration_us + frame_us
    if too_long or duration_us + frame_us < recipe.min_share * span.duration_us:
        raise damaged(f"the file is {duration_us / US_PER_S:.3f} s long, which its span cannot be", Stage.VERIFY)
    return seen.facts()
