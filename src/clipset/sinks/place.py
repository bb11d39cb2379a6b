"""Where the clips of a dataset lie: in its own directory, in another folder, or in an object store."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from clipset.config import UserError
from clipset.sinks.folders import FolderSink
from clipset.sinks.objects import ObjectSink
from clipset.sinks.stores import open_store
from clipset.space import TemporarySpace
from clipset.types import Sink

PROBE_S = 15.0
"""How long a store is tried for before a run begins: a mistake in its address should not take ten minutes to show."""

_FILE = "file"
_DAY_S = 86_400.0
_LIBRARIES: Mapping[str, tuple[str, str]] = {
    "s3": ("s3fs", "clipset[s3]"),
    "s3a": ("s3fs", "clipset[s3]"),
    "gs": ("gcsfs", "gcsfs"),
    "gcs": ("gcsfs", "gcsfs"),
    "az": ("adlfs", "adlfs"),
    "abfs": ("adlfs", "adlfs"),
}
"""Protocols whose libraries put an object whole or not at all, with what to install for each."""


@dataclass(frozen=True, slots=True)
class Place:
    """`url` as `checked_url` gives it; None: the clips lie in the dataset's directory. Plain values: can be sent."""

    directory: Path
    url: str | None = None

    @property
    def is_store(self) -> bool:
        return self.url is not None and not self.url.startswith(f"{_FILE}:")

    @property
    def folder(self) -> Path:
        """Where the files are, for a place that is no store."""
        return self.directory if self.url is None else Path(self.url.removeprefix(f"{_FILE}://"))

    def open(self, abort: threading.Event, space: TemporarySpace | None = None) -> Sink:
        """Waits end with `abort`; `space` is told of what lies on disk for a while. Raises UserError."""
        return self._objects(abort) if self.is_store else FolderSink(self.folder, space)

    def prepare(self, abort: threading.Event) -> None:
        """What comes before the first clip: a store is tried, and what a crash left of files is cleared away.

        Raises UserError, Interrupted, ClipsetError (no_permission, store_unavailable).
        """
        if self.is_store:
            try:
                self._objects(abort, PROBE_S).probe()
            except TypeError as error:  # the library looks at its settings when it is first used
                raise UserError(f"the settings of fsspec for {self.url} make no sense: {error}") from None
        else:
            # into a folder that is not the dataset's own others may be writing now
            FolderSink(self.folder).sweep(None if self.url is None else _DAY_S)

    def _objects(self, abort: threading.Event, patience_s: float | None = None) -> ObjectSink:
        assert self.url is not None  # noqa: S101 - what a store is
        protocol, _, root = self.url.partition("://")
        return ObjectSink(open_store(protocol, abort), root, self.url, abort, patience_s=patience_s)


def checked_url(text: str) -> str:
    """An address in its one form, without / at its end. Raises UserError; asks nobody."""
    scheme, separator, rest = text.strip().partition("://")
    scheme, rest = scheme.lower(), rest.rstrip("/")
    if not separator or not scheme:
        raise UserError("--clips-to is an address such as s3://bucket/prefix; a directory is given as --out")
    # what could be a secret is not repeated
    if "@" in rest or "?" in rest or "#" in rest:
        raise UserError(
            f"--clips-to: no user, password or query in the address; {scheme}:// takes its credentials"
            " from the environment or its own files"
        )
    if scheme == _FILE:
        return _file_url(rest)
    if scheme not in _LIBRARIES:
        raise UserError(f"--clips-to knows {', '.join(_LIBRARIES)} and {_FILE}, not {scheme}://")
    if not all(rest.split("/")) or {".", ".."} & set(rest.split("/")) or not rest.isprintable():
        raise UserError(
            f"--clips-to: {scheme}:// is followed by a bucket and perhaps a prefix, as in s3://bucket/prefix"
        )
    module, package = _LIBRARIES[scheme]
    if find_spec(module) is None:
        raise UserError(f"clips in {scheme}:// need {module}, which is not installed: pip install '{package}'")
    return f"{scheme}://{rest}"


def _file_url(path: str) -> str:
    if not path.startswith("/") or ".." in path.split("/") or not path.isprintable():
        raise UserError("--clips-to: file:// is followed by a path from the root, as in file:///srv/clips")
    return f"{_FILE}://{path}"
