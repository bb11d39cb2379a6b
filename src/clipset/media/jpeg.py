"""The pictures of a finished clip as JPEG files."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import av
from av import VideoFrame
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from clipset.media.faults import damaged, no_video
from clipset.media.foreign import WHOLE_FILE
from clipset.media.forms import PIECE_BYTES, PIECE_PICTURES, PictureForm
from clipset.media.geometry import Reshaper, Shape
from clipset.media.limits import Limits
from clipset.media.pictures import OpenGroup
from clipset.media.tracks import MediaFile, Tracks, open_tracks

Send = Callable[[list[bytes]], None]


def send_pictures(
    file: MediaFile, form: PictureForm, frames: int, limits: Limits, pulse: Callable[[], None], send: Send
) -> None:
    """Decode all of a clip, with every error an error, and send the pictures that the form asks for.

    They are turned as they are shown and lose the odd row or column, as in a trim. Raises no_video, and damaged_media
    if anything does not decode or the clip has more or fewer than `frames` pictures; no more of it is read than tells.
    """
    tracks = open_tracks(file, None, WHOLE_FILE, limits)
    try:
        found = _sent(tracks, form, frames, pulse, _Pieces(send))
    except OpenGroup:
        raise damaged("the file begins with pictures that do not decode") from None
    finally:
        tracks.close()
    if found != frames:
        raise damaged(f"the clip has {found} pictures, and had {frames} when it was made")


def _sent(tracks: Tracks, form: PictureForm, frames: int, pulse: Callable[[], None], pieces: _Pieces) -> int:
    """How many pictures the clip has."""
    encoder, number = None, -1
    for number, frame in enumerate(tracks.pictures(tracks.picture_packets())):
        if number == frames:
            raise damaged(f"the clip has more pictures than the {frames} that it had when it was made")
        if number % form.every == 0:
            encoder = encoder or JpegEncoder(frame, tracks, form)
            pieces.add(encoder(frame))
        pulse()
    if encoder is None:
        raise no_video("no picture of the file can be decoded")
    pieces.flush()
    return number + 1


class JpegEncoder:
    """JPEG files of one size, in the colours that every reader takes them for: full range, by BT.601."""

    def __init__(self, first: VideoFrame, tracks: Tracks, form: PictureForm) -> None:
        shape = Shape.of(first, tracks.sample_aspect, form.short_side_px)
        self._reshape = Reshaper(shape)
        self._recolour = VideoReformatter()
        self._context = _context(shape, form.quality)
        self._number = 0

    def __call__(self, frame: VideoFrame) -> bytes:
        picture = self._recolour.reformat(
            self._reshape(frame),
            format="yuvj420p",
            dst_colorspace=Colorspace.ITU601,
            dst_color_range=ColorRange.JPEG,
        )
        picture.pts, picture.time_base, picture.pict_type = self._number, Fraction(1, 25), 0
        self._number += 1
        return b"".join(map(bytes, self._context.encode(picture)))


class _Pieces:
    """Gathers pictures until they are worth a message, so that neither side holds many."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._pictures: list[bytes] = []
        self._held_bytes = 0

    def add(self, picture: bytes) -> None:
        self._pictures.append(picture)
        self._held_bytes += len(picture)
        if self._held_bytes >= PIECE_BYTES or len(self._pictures) >= PIECE_PICTURES:
            self.flush()

    def flush(self) -> None:
        if self._pictures:
            self._send(self._pictures)
        self._pictures, self._held_bytes = [], 0


def _context(shape: Shape, quality: int) -> VideoCodecContext:
    context = av.CodecContext.create("mjpeg", "w")
    assert isinstance(context, VideoCodecContext)  # noqa: S101 - narrows the type of the codec just named
    context.width, context.height, context.pix_fmt = shape.width_px, shape.height_px, "yuvj420p"
    context.time_base, context.color_range = Fraction(1, 25), ColorRange.JPEG
    context.qmin = context.qmax = quality
    context.thread_count = 1
    return context
