"""Makes media files when they are first asked for and keeps them in a folder.

The folder's name carries a hash of the generating code and of the libraries' version, so a kept cache can never be
stale. Files appear under their final name by rename, so processes may share a folder.
"""

import atexit
import shutil
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from uuid import uuid4

import av

from clipset.rehearsal.media.boxes import Ranges, codec_string, mp4_ranges, webm_ranges
from clipset.rehearsal.media.containers import file_name, write_media
from clipset.rehearsal.media.essence import write_thumbnail
from clipset.rehearsal.media.packing import Tarball, write_tarball
from clipset.rehearsal.media.spec import Container, MediaSpec, Picture, digest

_HEAD_BYTES = 1 << 20  # more than header and index of a file of five hours


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file, or a folder with playlist and segments, and what the player response says of it."""

    spec: MediaSpec
    path: Path
    size_bytes: int  # of a playlist: of its segments
    duration_s: float
    ranges: Ranges
    codecs: str

    @property
    def mime(self) -> str:
        """Of the file, or of the segments."""
        if self.spec.container is Container.HLS_TS:
            return "video/mp2t"
        subtype = "webm" if self.spec.container is Container.WEBM else "mp4"
        return f"{'audio' if self.spec.picture is None else 'video'}/{subtype}"

    @property
    def bits_per_second(self) -> int:
        return round(self.size_bytes * 8 / self.duration_s)


class MediaLibrary:
    """Thread-safe; a file is made once, by the first who asks."""

    def __init__(self, folder: Path | None = None) -> None:
        self._root = (folder or _process_folder()) / _version()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._files: dict[MediaSpec, MediaFile] = {}

    def get(self, spec: MediaSpec) -> MediaFile:
        """The file, made now if need be; about 0.6 ms of CPU a frame at 360p, twice that for VP9."""
        found = self._files.get(spec)
        if found is None:
            folder = self._piece(f"{spec.container}-{spec.name}", lambda path: self._write(spec, path))
            found = self._files.setdefault(spec, _describe(spec, folder))
        return found

    def thumbnail(self, picture: Picture) -> bytes:
        """The video's first picture as JPEG."""
        piece = self._piece(f"thumbnail-{digest(picture)}.jpg", lambda path: write_thumbnail(path, picture))
        return piece.read_bytes()

    def tarball(self, tarball: Tarball) -> Path:
        """A tar of clips, made now if need be."""
        make = partial(write_tarball, tarball, clip=lambda spec: self.get(spec).path.read_bytes())
        return self._piece(f"tar-{digest(tarball)}", make)

    def text(self, text: str) -> Path:
        """A file with this text."""
        return self._piece(f"text-{digest(text)}", lambda path: _write_text(path, text))

    def _write(self, spec: MediaSpec, folder: Path) -> None:
        folder.mkdir()
        write_media(spec, folder, self._piece)

    def _piece(self, name: str, make: Callable[[Path], None]) -> Path:
        """The file or folder of this name, made at a temporary name beside it and renamed."""
        path = self._root / name
        with self._locks[name]:
            if not path.exists():
                self._root.mkdir(parents=True, exist_ok=True)
                _make_atomically(path, make)
        return path


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _make_atomically(path: Path, make: Callable[[Path], None]) -> None:
    part = path.with_name(f"part-{uuid4().hex}-{path.name}")
    make(part)
    try:
        part.rename(path)
    except OSError:  # another process was first and its folder is in the way: the same bytes
        if not path.exists():
            raise
        shutil.rmtree(part)


def _describe(spec: MediaSpec, folder: Path) -> MediaFile:
    path = folder / file_name(spec)
    if spec.container in (Container.HLS_TS, Container.HLS_FMP4):
        size_bytes = sum(part.stat().st_size for part in folder.iterdir() if part != path)
    else:
        size_bytes = path.stat().st_size
    return MediaFile(spec, path, size_bytes, float(spec.duration_s), _ranges(spec, path), _codecs(path))


def _ranges(spec: MediaSpec, path: Path) -> Ranges:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if spec.container is Container.WEBM:
        return webm_ranges(head)
    return mp4_ranges(head) if spec.fragmented else Ranges(None, None)


def _codecs(path: Path) -> str:
    with av.open(str(path)) as container:
        contexts = [stream.codec_context for stream in container.streams if stream.type in ("video", "audio")]
        return ", ".join(codec_string(context.extradata, context.name) for context in contexts)


@cache
def _version() -> str:
    sources = [*sorted(Path(__file__).parent.glob("*.py")), Path(__file__).parents[1] / "counter.py"]
    state = blake2b(av.__version__.encode(), digest_size=8)
    for source in sources:
        state.update(source.read_bytes())
    return f"rehearsal-{state.hexdigest()}"


@cache
def _process_folder() -> Path:
    """One for all servers of the process, gone with it."""
    folder = tempfile.TemporaryDirectory(prefix="clipset-rehearsal-")
    atexit.register(folder.cleanup)
    return Path(folder.name)
