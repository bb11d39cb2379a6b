"""Which clips each tar holds, as far as tars were read to their end: no mirror publishes it, so it is kept.

A file of JSON Lines, one tar a line, the last line of a tar counts:

    {"url": "https://…/400/val/part_0.tar.gz", "version": "\\"5d41…\\"", "clips": ["-0QQLrjG1FY_000084_000094", …]}

`version` is the server's name for the content (ETag or date). All of Kinetics-400 makes 7 MB.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from clipset.config import UserError
from clipset.durable import plain_os_errors, sync_folder
from clipset.sources.mirror.cvdf import HOST

_FILE = "index.jsonl"


@dataclass(frozen=True, slots=True)
class Listing:
    """What a tar held when it was read to its end: clip ids, joined by spaces, for there are 240,000."""

    version: str
    clips: str

    def ids(self) -> list[str]:
        return self.clips.split()


def folder_of(cache: Path, origin: str | None) -> Path:
    """What is known of one server never stands for another: each has a folder of its own."""
    host = HOST if origin is None else urlsplit(origin).netloc
    return cache / "mirror" / host.replace(":", "_")


class TarIndex:
    """The index of one server, in a folder that processes may share. Raises ClipsetError when it cannot be written."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._listings: dict[str, Listing] = {}
        if self._path.exists():
            with plain_os_errors(self._path), self._path.open(encoding="utf-8", errors="replace") as file:
                self._listings.update(_readable(file))

    def __iter__(self) -> Iterator[tuple[str, Listing]]:
        """URL and listing of each tar."""
        return iter(self._listings.items())

    def get(self, url: str) -> Listing | None:
        return self._listings.get(url)

    def add(self, url: str, version: str, clip_ids: Iterable[str]) -> None:
        """Kept when this returns."""
        listing = Listing(version, " ".join(clip_ids))
        self._listings[url] = listing
        with plain_os_errors(self._path):
            is_new = not self._path.exists()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # another process may add as well
                file.write((b"\n" if _is_torn(file) else b"") + _line(url, listing).encode())
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                sync_folder(self._path.parent)

    def export(self, path: Path) -> int:
        """Write all to a new file, or over an old one; returns the number of tars. Raises ClipsetError."""
        draft = path.with_name(f".{path.name}.tmp")
        with plain_os_errors(path):
            try:
                with draft.open("w", encoding="utf-8") as file:
                    file.writelines(_line(url, listing) for url, listing in self)
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
        return len(self._listings)

    def take_over(self, path: Path) -> int:
        """Add what another's export says, and return how many tars it has; what was read here wins.

        Raises UserError for a file that is none, ClipsetError.
        """
        try:
            with path.open(encoding="utf-8") as file:
                found = [_parsed(line, number) for number, line in enumerate(file, 1) if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is no text'}") from None
        except ValueError as error:
            raise UserError(f"{path} is no index of a mirror: {error}; nothing was taken over") from None
        for url, listing in found:
            if url not in self._listings:
                self.add(url, listing.version, listing.ids())
        return len(found)


def _is_torn(file: BinaryIO) -> bool:
    """Whether a process died in the middle of the last line."""
    if not file.seek(0, os.SEEK_END):
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def _line(url: str, listing: Listing) -> str:
    return json.dumps({"url": url, "version": listing.version, "clips": listing.ids()}) + "\n"


def _readable(lines: Iterable[str]) -> Iterator[tuple[str, Listing]]:
    """Without what is torn: a tar that nothing is known of is read again."""
    for number, line in enumerate(lines, 1):
        try:
            yield _parsed(line, number)
        except ValueError:
            continue


def _parsed(line: str, number: int) -> tuple[str, Listing]:
    try:
        found: Any = json.loads(line)
        url, version, clips = found["url"], found["version"], found["clips"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError(f"line {number} does not say url, version and clips") from None
    texts = [url, version, *clips] if isinstance(clips, list) else [None]
    if not all(isinstance(text, str) for text in texts) or any(" " in clip for clip in clips):
        raise ValueError(f"line {number} has something else than text in it")
    return url, Listing(version, " ".join(clips))
