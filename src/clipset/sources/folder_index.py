"""Which files below a folder hold which video, by their names alone."""

import logging
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from clipset.types import US_PER_S, Span

_log = logging.getLogger(__name__)

EXTENSIONS = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".flv", ".3gp", ".ts", ".mpg", ".mpeg", ".wmv", ".ogv"}
)
# Every stretch of 11 id characters that no letter or digit extends; they overlap, because - and _ belong to ids.
_CANDIDATE = re.compile(r"(?<![A-Za-z0-9])(?=([A-Za-z0-9_-]{11})(?![A-Za-z0-9]))", re.ASCII)
_TIMES = re.compile(r"_(\d{1,12}(?:\.\d{1,6})?)_(\d{1,12}(?:\.\d{1,6})?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class FileName:
    """A file of a video; `span` is that of a ready clip, None for the whole video."""

    path: Path
    span: Span | None


class FolderIndex:
    """The files below `root`, walked once, at the first question; threads share one index.

    Whole videos end with the id (`ID.mp4`, `title [ID].webm`, `v_ID.avi`); ready clips with the id and two times in
    seconds (`ID_000010_000020.mp4`, `ID_10_20.5.mp4`). A name that goes on in any other way (`ID_000030.mp4`,
    `ID-scene-1.mp4`, `ID.f137.mp4`) does not tell which part of the video it is and serves nothing. Links to folders
    are followed, each folder once. `unreadable` lists folders that could not be read.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise ValueError(f"there is no folder {root}; give --source folder:PATH one that exists")
        self.root = root
        self.unreadable: list[str] = []
        self._lock = threading.Lock()
        self._paths: dict[str, str] | None = None

    def files(self, video_id: str) -> tuple[FileName, ...]:
        """What there is of the video, in the order of the paths."""
        with self._lock:
            if self._paths is None:
                self._paths = self._walked()
            paths = self._paths.get(video_id, "")
        named = (_named(path, video_id) for path in sorted(filter(None, paths.split("\0"))))
        return tuple(name for name in named if name is not None)

    def _walked(self) -> dict[str, str]:
        """Paths by id, several joined by NUL: a list for each of 650,000 ids would take a third more memory."""
        found: dict[str, str] = {}
        for path, stem in self._video_files():
            for video_id in _CANDIDATE.findall(stem):
                found[video_id] = f"{found[video_id]}\0{path}" if video_id in found else path
        if self.unreadable:
            shown = ", ".join(self.unreadable[:3])
            _log.warning("%d folders below %s cannot be read: %s", len(self.unreadable), self.root, shown)
        return found

    def _video_files(self) -> Iterator[tuple[str, str]]:
        """Path and stem of each regular file with the extension of a video."""
        pending, seen = [str(self.root)], set[tuple[int, int]]()
        while pending:
            folder = pending.pop()
            try:
                status = Path(folder).stat()
                if (status.st_dev, status.st_ino) in seen:
                    continue
                seen.add((status.st_dev, status.st_ino))
                with os.scandir(folder) as entries:
                    for entry in entries:
                        stem, extension = os.path.splitext(entry.name)  # noqa: PTH122 - a Path for each of 650,000 is slow
                        if extension.lower() in EXTENSIONS and _is_video(entry, stem):
                            yield entry.path, stem
                        elif entry.is_dir():
                            pending.append(entry.path)
            except OSError as error:
                self.unreadable.append(f"{os.fsencode(folder).decode(errors='replace')} ({error.strerror})")


def _is_video(entry: os.DirEntry[str], stem: str) -> bool:
    """Not a pipe or device, whose opening could wait for ever, and not a Mac's `._` companion."""
    return entry.is_file() and not stem.startswith("._")


def _named(path: str, video_id: str) -> FileName | None:
    stem = Path(path).stem
    rest = stem[stem.rindex(video_id) + len(video_id) :]
    if not rest.strip("])}"):
        return FileName(Path(path), None)
    times = _TIMES.fullmatch(rest)
    if times is None:
        return None
    start_us, end_us = (int(Decimal(text) * US_PER_S) for text in times.groups())
    return FileName(Path(path), Span(start_us, end_us)) if start_us < end_us else None
