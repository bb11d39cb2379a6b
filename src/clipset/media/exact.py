"""The frame-exact trim: decode from the keyframe, keep the frames of the span, encode them anew with their sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from av import VideoFrame

from clipset.media.draft import Draft
from clipset.media.encode import Encoder, video_stream
from clipset.media.geometry import Shape
from clipset.media.mp4 import Mp4Buffer
from clipset.media.pictures import Pictures
from clipset.media.ticks import tick_at
from clipset.media.tracks import Tracks

Pulse = Callable[[], None]


def trim(tracks: Tracks, short_side_px: int | None, comment: str, pulse: Pulse) -> Draft | None:
    """The frames with start <= pts < end, and the sound from the first of them to the end of the last.

    Times are compared as the file stores them, in ticks of its time base (milliseconds in webm). Times in the clip are
    those of the file minus the first frame's: no frame is added, dropped or moved. The clip lasts until its last frame
    gives way to the next one; a still picture that stays much longer is cut at the span's length. None if the span
    holds no frame.

    `pulse` is called for each frame, to show that the work goes on. Raises damaged_media, CutOff, and what libav and
    reading raise.
    """
    pictures = tracks.pictures(tracks.picture_packets())
    frames = iter(pictures)
    first = next(frames, None)
    if first is None:
        return None
    buffer = Mp4Buffer()
    with buffer.container(comment) as container:
        time_base = tracks.picture.time_base
        shape = Shape.of(first, tracks.sample_aspect, short_side_px)
        stream = video_stream(container, shape, first, time_base, pictures.rate_hz)
        encoder = Encoder(container, stream, shape, tracks.sounds(tracks.picture.seconds(_tick(first))))
        longest = tick_at(tracks.span.duration_us, time_base)
        ticks = []
        for frame, tick, duration in _timed(first, frames, pictures, longest):
            encoder.picture(frame, tick, duration, time_base)
            ticks.append(tick)
            pulse()
        duration_s = (ticks[-1] + duration) * time_base
        encoder.sound_until(duration_s)
        sound_s = encoder.finish()
    times_s = tuple(tick * time_base for tick in ticks)
    return Draft(buffer.getvalue(), times_s, duration_s, duration_s, sound_s)


def _timed(
    first: VideoFrame, frames: Iterator[VideoFrame], pictures: Pictures, longest: int
) -> Iterator[tuple[VideoFrame, int, int]]:
    """Each frame with its tick in the clip and how long it is shown: until the next one."""
    zero, frame, step = _tick(first), first, 1
    for following in frames:
        step = _tick(following) - _tick(frame)
        yield frame, _tick(frame) - zero, step
        frame = following
    tick = _tick(frame) - zero
    yield frame, tick, last_duration(pictures.end_tick - zero - tick, longest - tick, step)


def last_duration(left: int, longest: int, step: int) -> int:
    """How long the last frame is shown: until the next one, but not beyond the span, if the frame before it was not."""
    return max(1, min(left, max(longest, step)))


def _tick(frame: VideoFrame) -> int:
    return frame.pts if frame.pts is not None else frame.dts or 0
