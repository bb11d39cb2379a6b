"""Is a file that somebody else made this clip? All of it is decoded; how it was made does not matter."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from av import VideoFrame

from clipset.media.faults import absent, damaged, no_video, too_short
from clipset.media.limits import KEYFRAMES_APART_US, Limits
from clipset.media.pictures import OpenGroup, Pictures
from clipset.media.sniff import AVI
from clipset.media.ticks import us_of
from clipset.media.tracks import MediaFile, Tracks, open_tracks
from clipset.types import US_PER_S, Facts, Span

_REORDERED = 2  # pictures: avi has no times of presentation, so the ends are that uncertain
WHOLE_FILE = Span(0, 100 * 3600 * US_PER_S)  # a clip's own clock may begin anywhere


def check(file: MediaFile, span: Span, min_share: float, limits: Limits, pulse: Callable[[], None]) -> Facts:
    """What a full decode finds; `duration_us` is the clip's true length, which may be up to 10 s more than its span's.

    Raises no_video; damaged_media if anything of it does not decode, or it is cut off; too_short below `min_share` of
    the span; and absent if it is far longer than its span: such a file is intact, but not this clip (mostly
    it is the whole video under a clip's name), so whoever offers it does not have the clip, and another may.
    """
    tracks = open_tracks(file, file, WHOLE_FILE, limits)
    try:
        return _decoded(tracks, span, min_share, pulse)
    except OpenGroup:
        raise damaged("the file begins with pictures that do not decode") from None
    finally:
        tracks.close()


def _decoded(tracks: Tracks, span: Span, min_share: float, pulse: Callable[[], None]) -> Facts:
    second = tracks.picture.time_base
    pictures = tracks.pictures(tracks.picture_packets())
    first, frames = _count(pictures, (span.duration_us + KEYFRAMES_APART_US) / (US_PER_S * second), pulse)
    duration_s = (pictures.end_tick - _tick(first)) * second
    if us_of(duration_s + duration_s / frames) < min_share * span.duration_us:
        raise too_short(us_of(duration_s), span.duration_us)
    _refuse_gaps(tracks, duration_s)
    _hear(tracks, tracks.picture.seconds(_tick(first)), duration_s, pulse)
    context, sound = tracks.video_stream.codec_context, tracks.audio_stream
    return Facts(
        width_px=first.width,
        height_px=first.height,
        fps=tracks.video_stream.average_rate or pictures.rate_hz,
        frames=frames,
        duration_us=us_of(duration_s),
        video_codec=context.codec.canonical_name,
        audio_codec=sound.codec_context.codec.canonical_name if sound is not None else None,
    )


def _count(pictures: Pictures, most_ticks: Fraction, pulse: Callable[[], None]) -> tuple[VideoFrame, int]:
    """The first picture, and how many there are. Raises absent with the first one that is too late."""
    first, frames = None, 0
    for frame in pictures:
        first = first or frame
        frames += 1
        if _tick(frame) - _tick(first) > most_ticks:
            raise absent("the file is much longer than the clip: it is another one, or the whole video")
        pulse()
    if first is None:
        raise no_video("no picture of the file can be decoded")
    return first, frames


def _refuse_gaps(tracks: Tracks, duration_s: Fraction) -> None:
    """In avi libav goes on behind what it cannot read, and only the header's count tells. Raises damaged_media."""
    stream, claimed_s = tracks.video_stream, tracks.video_stream.frames * tracks.picture.time_base
    frame_s = 1 / (stream.average_rate or Fraction(25))
    if tracks.picture.demuxer.layout.format == AVI and duration_s + _REORDERED * frame_s < claimed_s:
        raise damaged("pictures of the file are missing")


def _hear(tracks: Tracks, zero_s: Fraction, duration_s: Fraction, pulse: Callable[[], None]) -> None:
    """Decode the sound, to find damage."""
    sounds = tracks.sounds(zero_s)
    if sounds is not None:
        for _ in sounds.until(round(duration_s * sounds.shape.rate_hz)):
            pulse()


def _tick(frame: VideoFrame) -> int:
    return frame.pts if frame.pts is not None else frame.dts or 0
