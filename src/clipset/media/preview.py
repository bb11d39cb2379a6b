"""A finished clip at a glance: its first picture, and all of it small, silent and several times as fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction

from av import VideoFrame

from clipset.media.encode import dress
from clipset.media.faults import damaged, no_video
from clipset.media.foreign import WHOLE_FILE
from clipset.media.forms import PictureForm, PreviewForm
from clipset.media.geometry import Reshaper, Shape
from clipset.media.jpeg import JpegEncoder
from clipset.media.limits import Limits
from clipset.media.mp4 import Mp4Buffer
from clipset.media.pictures import OpenGroup
from clipset.media.tracks import MediaFile, Tracks, open_tracks

_X264 = {"preset": "veryfast", "crf": "30"}


def poster(file: MediaFile, form: PictureForm, limits: Limits) -> bytes:
    """The first picture as a JPEG file. Raises no_video, and damaged_media if it does not decode."""
    with _tracks(file, limits) as tracks:
        first = next(iter(tracks.pictures(tracks.picture_packets())), None)
        if first is None:
            raise no_video("no picture of the file can be decoded")
        return JpegEncoder(first, tracks, form)(first)


def preview(file: MediaFile, form: PreviewForm, duration_us: int, limits: Limits, pulse: Callable[[], None]) -> bytes:
    """An mp4 file of the clip's pictures without sound. Raises no_video, and damaged_media where it does not decode."""
    buffer, hurry = Mp4Buffer(), form.hurry(duration_us)
    encoder = None
    with _tracks(file, limits) as tracks, buffer.container("clipset preview") as container:
        for frame, number in _chosen(tracks, hurry, form.rate_hz, pulse):
            if encoder is None:
                shape = Shape.of(frame, tracks.sample_aspect, form.short_side_px)
                encoder = container.add_stream("libx264", rate=form.rate_hz, options=_options(form))
                encoder.time_base = Fraction(1, form.rate_hz)
                dress(encoder.codec_context, shape, frame)
                reshape = Reshaper(shape)
            small = reshape(frame)
            small.pts, small.duration, small.time_base, small.pict_type = number, 1, Fraction(1, form.rate_hz), 0
            container.mux(encoder.encode(small))
        if encoder is None:
            raise no_video("no picture of the file can be decoded")
        container.mux(encoder.encode(None))
    return buffer.getvalue()


def _chosen(tracks: Tracks, hurry: float, rate_hz: int, pulse: Callable[[], None]) -> Iterator[tuple[VideoFrame, int]]:
    """For each picture of the preview the first of the clip that belongs there, and its number."""
    first_s, last = None, -1
    for frame in tracks.pictures(tracks.picture_packets()):
        time_s = tracks.picture.seconds(frame.pts if frame.pts is not None else frame.dts or 0)
        first_s = time_s if first_s is None else first_s
        number = int((time_s - first_s) * rate_hz / Fraction(hurry))
        if number > last:
            yield frame, number
            last = number
        pulse()


def _options(form: PreviewForm) -> dict[str, str]:
    """A bound on the size: of noise too."""
    kbits = form.bits_per_s // 1000
    return _X264 | {"x264-params": f"threads=1:mbtree=0:vbv-maxrate={kbits}:vbv-bufsize={kbits // 2}"}


@contextmanager
def _tracks(file: MediaFile, limits: Limits) -> Iterator[Tracks]:
    tracks = open_tracks(file, None, WHOLE_FILE, limits)
    try:
        yield tracks
    except OpenGroup:
        raise damaged("the file begins with pictures that do not decode") from None
    finally:
        tracks.close()
