"""Lists on disk: plain or gz, xz, zst, recognised by their first bytes; UTF-8, UTF-16 with a mark, or Windows-1252."""

import codecs
import gzip
import io
import lzma
import os
import secrets
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from clipset.annotations.reader import AnnotationError
from clipset.durable import sync_folder

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_WINDOWS_1252 = "clipset-windows-1252"  # the name of our decoding rule for bytes that are not UTF-8
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
BROKEN_ARCHIVE = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zstd.ZstdError)


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Labels of an old spreadsheet stay readable; ids and times are ASCII, where such bytes fail the checks."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_WINDOWS_1252, _as_windows_1252)


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Every failure of reading `path` as an AnnotationError that names it."""
    try:
        yield
    except AnnotationError as error:
        raise AnnotationError(f"{path}: {error}") from error
    except BROKEN_ARCHIVE as error:
        raise AnnotationError(f"{path}: the archive is cut off or damaged ({error}); fetch it again") from error
    except OSError as error:
        raise AnnotationError(f"{path}: cannot be read: {error.strerror or error}") from error


def open_text(path: Path) -> TextIO:
    """The list as text, lines as they are (only `\\n` ends one).

    A byte-order mark is dropped. Bytes that are not UTF-8 are read as Windows-1252, the few that it leaves undefined
    as U+FFFD; the text never holds a surrogate. Raises AnnotationError, OSError.
    """
    if path.exists() and not path.is_file():
        raise AnnotationError("is not a regular file; give the path of a list")
    stream = _open_bytes(path)
    mark = stream.read(2)
    stream.seek(0)
    if mark in _UTF16_MARKS:
        return io.TextIOWrapper(stream, "utf-16", errors="replace", newline="\n")
    return io.TextIOWrapper(stream, "utf-8-sig", errors=_WINDOWS_1252, newline="\n")


def _open_bytes(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        magic = file.read(6)
    if magic.startswith(b"\x1f\x8b"):
        return cast("BinaryIO", gzip.open(path))
    if magic == b"\xfd7zXZ\x00":
        return cast("BinaryIO", lzma.open(path))
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        return cast("BinaryIO", zstd.open(path))
    return path.open("rb")


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Text that becomes the file `path` when the block ends well, compressed as its last suffix says.

    Written beside its target, synced, then renamed over it; after a failure nothing is left.
    """
    temporary = path.with_name(f".clipset-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            with _compressed(file, path.suffix) as stream, io.TextIOWrapper(stream, "utf-8", newline="") as text:
                yield text
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _compressed(file: BinaryIO, suffix: str) -> BinaryIO:
    if suffix == ".gz":
        # no name and no time inside: the same list gives the same bytes
        return cast("BinaryIO", gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0))
    if suffix == ".xz":
        return cast("BinaryIO", lzma.open(file, "wb"))
    if suffix == ".zst":
        return cast("BinaryIO", zstd.open(file, "wb"))
    return os.fdopen(os.dup(file.fileno()), "wb")  # closed like the others, while `file` stays open to be synced
