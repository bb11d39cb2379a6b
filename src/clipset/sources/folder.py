"""Videos and clips that are on disk already, found by the id in their file's name."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from clipset.reasons import Reason
from clipset.sources.folder_index import FileName, FolderIndex
from clipset.types import ClipsetError, Failure, Located, MediaInput, Meter, Span, Stage, VideoJob, Wanted


class FolderSource:
    """types.Source over a FolderIndex. Makes no requests and keeps no state, so threads may share one.

    A whole video is preferred to ready clips: its times are exact, while a clip was cut to some grid before. Of
    several whole videos the largest file serves; of ready clips the shortest that covers the wanted span. A clip
    that nothing covers is not yielded.
    """

    name = "folder"

    def __init__(self, index: FolderIndex) -> None:
        self._index = index

    @contextmanager
    def locate(self, job: VideoJob, meter: Meter) -> Iterator[Iterator[Located]]:
        """An input for each file needed, opened only while it is the one at hand."""
        del meter
        located = self._located(job)
        try:
            yield located
        finally:
            located.close()

    def close(self) -> None:
        """Nothing is kept open."""

    def _located(self, job: VideoJob) -> Generator[Located, None, None]:
        for path, origin_us, wanted in _assigned(job.wanted, self._index.files(job.video_id)):
            with LocalStream.opened(path) as stream:
                yield Located(wanted, MediaInput(stream, origin_us=origin_us))


def _assigned(
    wanted: tuple[Wanted, ...], files: tuple[FileName, ...]
) -> Iterator[tuple[Path, int, tuple[Wanted, ...]]]:
    """Files with the clips that each is to serve, and the video time of the file's beginning."""
    whole = [file for file in files if file.span is None]
    if whole:
        yield max(whole, key=lambda file: (_size_bytes(file.path), str(file.path))).path, 0, wanted
        return
    served: dict[FileName, list[Wanted]] = {}
    for want in wanted:
        covering = [file for file in files if file.span is not None and _covers(file.span, want.clip.span)]
        if covering:
            served.setdefault(min(covering, key=_tightness), []).append(want)
    for file, wants in served.items():
        yield file.path, file.span.start_us if file.span else 0, tuple(wants)


def _covers(span: Span, wanted: Span) -> bool:
    return span.start_us <= wanted.start_us and wanted.end_us <= span.end_us


def _tightness(file: FileName) -> tuple[int, str]:
    return (file.span.duration_us if file.span else 0, str(file.path))


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


class LocalStream:
    """A file as a types.ByteStream."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor, self._path = descriptor, path
        self._size_bytes = os.fstat(descriptor).st_size

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator["LocalStream"]:
        """Raises ClipsetError(absent) if the file is gone or cannot be opened."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise _absent(path, error) from None
        try:
            yield cls(descriptor, path)
        finally:
            os.close(descriptor)

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def read(self, start: int, end: int) -> bytes:
        """Bytes start <= i < end; fewer only where the file ends. Raises ClipsetError(absent)."""
        taken = bytearray()
        try:
            while start + len(taken) < end and (
                piece := os.pread(self._descriptor, end - start - len(taken), start + len(taken))
            ):
                taken += piece
        except OSError as error:
            raise _absent(self._path, error) from None
        return bytes(taken)


def _absent(path: Path, error: OSError) -> ClipsetError:
    """A file that cannot be read is as good as none; another source, or a later run, may have the clip."""
    name = os.fsencode(path.name).decode(errors="replace")
    return ClipsetError(Failure(Reason.ABSENT, f"{name}: {error.strerror}", Stage.FETCH))
