"""The lists of a dataset from its publisher into the cache: resumed after a kill, kept only when they are lists.

A folder of the cache belongs to one address: `part` and `part.version` while it is fetched, the lists afterwards.
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from clipset.annotations import AnnotationError, check
from clipset.catalogue.archive import ArchiveError, extract
from clipset.catalogue.dataset import AnnotationList, Dataset
from clipset.config import UserError, cache_home
from clipset.durable import plain_os_errors, sync_folder
from clipset.reasons import Reason
from clipset.types import ClipsetError, Failure
from clipset.web import Web

_ADVICE: Final = {
    Reason.NOT_FOUND: "the publisher may have moved it; get the lists elsewhere and give the files",
    Reason.NETWORK: "what was fetched stays; run the same command again",
    Reason.SERVER_ERROR: "what was fetched stays; run the same command again later",
}


class Watch(Protocol):
    """Shows a download; `size_bytes` is None where the server does not say."""

    def __call__(self, url: str, done_bytes: int, size_bytes: int | None) -> None: ...


def cache_folder() -> Path:
    """`annotations` in the user's cache."""
    return cache_home() / "annotations"


class ListCache:
    """Where fetched lists are kept. `origin` stands in for the hosts, and has its own place in the cache."""

    def __init__(self, cache: Path, web: Web, origin: str | None, watch: Watch) -> None:
        self._cache, self._web, self._origin, self._watch = cache, web, origin, watch

    def lists(self, dataset: Dataset) -> list[Path]:
        """The files of `dataset.lists`, in their order; fetched where they are not here yet.

        Raises UserError for what came but is no list, ClipsetError (not_found, network, server_error, disk_full, …).
        """
        by_url: dict[str, list[AnnotationList]] = {}
        for item in dataset.lists:
            by_url.setdefault(item.url, []).append(item)
        for url, items in by_url.items():
            if not all(self.path(item).exists() for item in items):
                with plain_os_errors(self._folder(url)):
                    self._fetch(url, items)
        return [self.path(item) for item in dataset.lists]

    def path(self, item: AnnotationList) -> Path:
        """Where the list is, or will be once it is fetched."""
        return self._folder(item.url) / (item.member or item.file_name)

    def _folder(self, url: str) -> Path:
        digest = hashlib.sha256(f"{self._origin or ''} {url}".encode()).hexdigest()[:12]
        return self._cache / f"{urlsplit(url).path.rpartition('/')[2] or 'list'}-{digest}"

    def _fetch(self, url: str, items: Sequence[AnnotationList]) -> None:
        folder = self._folder(url)
        folder.mkdir(parents=True, exist_ok=True)
        with _held(folder / "part", url) as part:
            if all(self.path(item).exists() for item in items):  # another process was faster
                part.unlink()
                return
            try:
                self._download(url, part)
            except ClipsetError as error:
                raise _advised(error) from error
            try:
                self._keep(part, items)
            except (ArchiveError, AnnotationError) as error:
                _forget(part)
                raise UserError(
                    f"what {url} gives {error}; nothing of it was kept, run again to fetch it anew"
                ) from None
            _forget(part)

    def _download(self, url: str, part: Path) -> None:
        version_file = part.with_name("part.version")
        version = version_file.read_text(encoding="utf-8") if version_file.exists() else ""
        start = part.stat().st_size if version else 0  # without a version nobody knows whether the rest would fit
        self._watch(url, start, None)  # a server may let us wait
        with self._web.open(url, start, version) as source, part.open("r+b") as target:
            target.truncate(source.position)
            target.seek(source.position)
            version_file.write_text(source.version, encoding="utf-8")
            for piece in source:
                target.write(piece)
                self._watch(url, source.position, source.size_bytes)
            target.flush()
            os.fsync(target.fileno())

    def _keep(self, part: Path, items: Sequence[AnnotationList]) -> None:
        """Lists get their names only when all of them have been looked at."""
        made = [(item, part.with_name(f"new-{secrets.token_hex(4)}-{item.file_name}")) for item in items]
        try:
            members = {item.member: path for item, path in made if item.member is not None}
            if members:
                extract(part, members)
            for item, path in made:
                if item.member is None:
                    os.link(part, path)
                check(path, item.columns)
            for item, path in made:
                _put(path, self.path(item))
        finally:
            for _item, path in made:
                path.unlink(missing_ok=True)


def _put(made: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with made.open("rb") as file:
        os.fsync(file.fileno())
    made.replace(path)
    sync_folder(path.parent)


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_name("part.version").unlink(missing_ok=True)


@contextmanager
def _held(part: Path, url: str) -> Iterator[Path]:
    """One process fetches an address. Raises UserError while another does."""
    with part.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another clipset is fetching {url}; run again when it is done") from None
        try:
            yield part
        finally:
            if part.exists() and part.stat().st_size == 0:
                _forget(part)


def _advised(error: ClipsetError) -> ClipsetError:
    failure = error.failure
    advice = _ADVICE.get(failure.reason)
    if advice is None:
        return error
    return ClipsetError(Failure(failure.reason, f"{failure.detail}; {advice}", failure.stage))
