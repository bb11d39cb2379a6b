"""What a node must have to take part, looked at on the node itself before it gets any work."""

import os
import platform
import socket
import threading
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from clipset import __version__
from clipset.media import MediaEngine
from clipset.reasons import Reason
from clipset.types import Clip, ClipsetError, Recipe, Span

_PACKAGES = ("yt-dlp", "av", "ray")
_CLIP = Clip("___________", Span(0, 1))


@dataclass(frozen=True, slots=True)
class Questions:
    """`token` is what the file `token_path` in the dataset holds, None where nodes need not see the dataset.

    `files` are needed on every node, `addresses` are those of --source-address.
    """

    token_path: Path
    token: str | None
    files: tuple[Path, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    versions: dict[str, str]
    media_error: str
    sees_dataset: bool
    missing_files: tuple[Path, ...]
    addresses: frozenset[str]


class _Garbage:
    """types.ByteStream that no library can make anything of."""

    size_bytes = 64

    def read(self, start: int, end: int) -> bytes:
        return bytes(self.size_bytes)[start:end]


def survey(asked: Questions) -> Answers:
    """Runs on the node; takes a second."""
    return Answers(
        {"clipset": __version__, "Python": platform.python_version()} | {name: _version(name) for name in _PACKAGES},
        _media_error(),
        asked.token is None or _sees(asked.token_path, asked.token),
        tuple(path for path in asked.files if not path.is_file()),
        frozenset(address for address in asked.addresses if _can_bind(address)),
    )


def shortcoming(there: Answers, here: Answers) -> str:
    """Why a node cannot take part, and what to do about it; '' when it can."""
    if there.versions != here.versions:
        names = [name for name, text in here.versions.items() if there.versions.get(name) != text]
        differ = ", ".join(f"{name} {there.versions.get(name)} there, {here.versions[name]} here" for name in names)
        return f"{differ}; install the same versions"
    if there.media_error:
        return f"its media libraries do not work ({there.media_error}); install clipset there as here"
    if not there.sees_dataset:
        return "it does not see the dataset's directory, or may not write there; use a folder that all nodes share"
    if there.missing_files:
        return f"it has no file {there.missing_files[0]}; put it there"
    return ""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _media_error() -> str:
    """Whether a media child starts and judges a file; what went wrong."""
    engine = MediaEngine(Recipe(), threading.Event())
    try:
        engine.inspect(_Garbage(), _CLIP)
    except ClipsetError as error:
        is_judged = error.failure.reason in {Reason.DAMAGED_MEDIA, Reason.NO_VIDEO}
        return "" if is_judged else error.failure.detail
    finally:
        engine.close()
    return "it took garbage for a video"


def _sees(path: Path, token: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == token and os.access(path.parent, os.W_OK)
    except OSError:
        return False


def _can_bind(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
