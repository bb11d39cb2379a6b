"""Lists out of a tar or zip archive that nobody has reason to trust: looked through first, then copied by name."""

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

MAX_LIST_BYTES = 4 << 30
"""The largest of the published lists, the JSON of Kinetics-700, has 0.2 GB."""

_BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, LZMAError, NotImplementedError, RuntimeError)
_SHOWN_NAMES = 8


class ArchiveError(Exception):
    """The archive cannot be used; nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class _Member:
    name: str  # without a leading ./
    size_bytes: int
    fault: str  # why nobody should unpack it; '' for a plain file or folder
    is_file: bool


class _Archive(Protocol):
    def members(self) -> Iterator[_Member]: ...

    def open(self, name: str) -> IO[bytes]: ...


def extract(archive: Path, wanted: Mapping[str, Path]) -> None:
    """Copy the members named in `wanted` to their paths, whose folder exists; all of them or none.

    A member that lies in another folder of the archive will do if it is the only one of its file name. Raises
    ArchiveError for anything that is no complete archive of plain files inside their own folder, and OSError.
    """
    with _open(archive) as found:
        members = list(found.members())
        fault = next((f"{member.name!r} {member.fault}" for member in members if member.fault), None)
        if fault is not None:
            raise ArchiveError(f"holds something that no list is: {fault}")
        names = {name: _match(name, members) for name in wanted}
        for name, path in wanted.items():
            with found.open(names[name]) as source, path.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)


def _match(name: str, members: list[_Member]) -> str:
    files = [member for member in members if member.is_file]
    same = [member for member in files if member.name == name]
    alike = [member for member in files if PurePosixPath(member.name).name == PurePosixPath(name).name]
    if not same and len(alike) != 1:
        listed = ", ".join(member.name for member in files[:_SHOWN_NAMES]) or "nothing"
        raise ArchiveError(f"has no {name}; it has {listed}" + (", …" if len(files) > _SHOWN_NAMES else ""))
    found = (same or alike)[-1]  # of two with one name the later counts, as tar has it
    if found.size_bytes > MAX_LIST_BYTES:
        raise ArchiveError(f"says that {name} has {found.size_bytes:,} bytes; no list is that long")
    return found.name


@contextmanager
def _open(archive: Path) -> Iterator[_Archive]:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped:
                yield _Zip(zipped)
        else:
            with tarfile.open(archive) as tar:
                yield _Tar(tar)
    except tarfile.ReadError as error:
        what = "is cut off" if "end of data" in str(error) else "is not an archive"
        raise ArchiveError(what) from error
    except _BROKEN as error:
        raise ArchiveError("is cut off or damaged") from error


class _Tar:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._found: dict[str, tarfile.TarInfo] = {}

    def members(self) -> Iterator[_Member]:
        for member in self._tar:
            name = member.name.removeprefix("./")
            fault = _path_fault(name)
            if not (member.isreg() or member.isdir()):
                fault = "is a link or a device, not a file"
            self._found[name] = member
            yield _Member(name, member.size, fault, member.isreg())

    def open(self, name: str) -> IO[bytes]:
        file = self._tar.extractfile(self._found[name])
        assert file is not None  # noqa: S101 - a regular file
        return file


class _Zip:
    def __init__(self, zipped: zipfile.ZipFile) -> None:
        self._zip = zipped

    def members(self) -> Iterator[_Member]:
        for member in self._zip.infolist():
            kind = stat.S_IFMT(member.external_attr >> 16)
            fault = _path_fault(member.filename)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                fault = "is a link or a device, not a file"
            yield _Member(member.filename, member.file_size, fault, not member.is_dir())

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(name)


def _path_fault(name: str) -> str:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return "leads out of the archive" if name.startswith(("/", "\\")) or ".." in parts or ":" in name else ""
