"""The parent's side of taking pictures and sound out of finished clips; the work is done in the media child."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict

from clipset.media import wire
from clipset.media.engine import MediaEngine
from clipset.media.forms import PictureForm, PreviewForm, SoundForm
from clipset.media.limits import Limits
from clipset.reasons import Reason
from clipset.types import ByteStream, ClipsetError, Failure, Recipe, Stage

TakePictures = Callable[[list[bytes]], None]


class MediaExporter:
    """Owns one media child, as a MediaEngine does. One instance belongs to one thread."""

    def __init__(self, stop: threading.Event, limits: Limits | None = None) -> None:
        self._engine = MediaEngine(Recipe(), stop, limits)

    def pictures(self, data: ByteStream, form: PictureForm, frames: int, duration_us: int, take: TakePictures) -> None:
        """Give `take` the pictures of a clip as JPEG files, in their order, a few at a time.

        The clip has to have `frames` pictures. Raises ClipsetError: damaged_media if it has not, no_video,
        media_timeout, media_crash, and what the stream raises; and Interrupted.
        """
        left = form.kept(frames)

        def piece(header: wire.Header, body: bytes) -> None:
            nonlocal left
            pictures = list(_parted(header["sizes"], body))
            left -= len(pictures)
            if left < 0:
                raise ValueError("more pictures than the clip may have")
            take(pictures)

        request = {"op": "pictures", "size": data.size_bytes, "form": asdict(form), "frames": frames}
        self._engine.call(request, (data,), duration_us, piece)
        if left:
            text = "the media child gave fewer pictures than it said"
            raise ClipsetError(Failure(Reason.MEDIA_CRASH, text, Stage.VERIFY))

    def sound(self, data: ByteStream, form: SoundForm, duration_us: int) -> bytes:
        """The sound of a clip as a file: it begins with the first picture, and ends with it or with the last one.

        m4a has the clip's own AAC where the form asks for nothing else. Raises as `pictures`; damaged_media too
        where there is no sound.
        """
        request = {"op": "sound", "size": data.size_bytes, "form": asdict(form), "duration_us": duration_us}
        return self._engine.call(request, (data,), duration_us)[1]

    def poster(self, data: ByteStream, form: PictureForm, duration_us: int) -> bytes:
        """The first picture of a clip as a JPEG file; no more of the clip is decoded. Raises as `pictures`."""
        request = {"op": "poster", "size": data.size_bytes, "form": asdict(form)}
        return self._engine.call(request, (data,), duration_us)[1]

    def preview(self, data: ByteStream, form: PreviewForm, duration_us: int) -> bytes:
        """A clip at a glance as a small mp4 file without sound. Raises as `pictures`."""
        request = {"op": "preview", "size": data.size_bytes, "form": asdict(form), "duration_us": duration_us}
        return self._engine.call(request, (data,), duration_us)[1]

    def close(self) -> None:
        self._engine.close()


def _parted(sizes: object, body: bytes) -> Iterator[bytes]:
    """Raises ValueError unless the sizes are those of the body's parts."""
    if not (isinstance(sizes, list) and sizes and all(isinstance(size, int) and size > 0 for size in sizes)):
        raise ValueError("sizes that are none")
    if sum(sizes) != len(body):
        raise ValueError("the sizes are not those of the pictures")
    start = 0
    for size in sizes:
        yield body[start : start + size]
        start += size
