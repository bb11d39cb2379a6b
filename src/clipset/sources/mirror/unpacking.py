"""The bytes of an archive in their order, gunzipped if they are gzip, whatever the file's name says."""

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from clipset.reasons import Reason
from clipset.types import ClipsetError, Failure, Stage

UNPACKED_BYTES_MAX = 64 << 30
"""Of one archive; the largest of CVDF's have 3 GB. What goes on beyond is a decompression bomb."""

_CHUNK_BYTES = 1 << 20  # one step of gunzip gives no more, however well its input was compressed
_GZIP_MAGIC = b"\x1f\x8b"
_AS_GZIP = 31  # zlib's window bits for a gzip header and the largest window


class Unpacked:
    """Reads forwards, holding one piece and what it expands to."""

    def __init__(self, pieces: Iterable[bytes], most_bytes: int = UNPACKED_BYTES_MAX) -> None:
        self._chunks = _unpacked(iter(pieces))
        self._chunk = memoryview(b"")
        self._left_bytes = most_bytes

    def take(self, size_bytes: int) -> bytes:
        """Exactly so many. Raises ClipsetError (damaged_media) where the archive ends, and what reading raises."""
        return b"".join(self._pieces(size_bytes))

    def skip(self, size_bytes: int) -> None:
        """Raises as `take`."""
        for _ in self._pieces(size_bytes):
            pass

    def exhaust(self) -> None:
        """Read what is left, so that a damaged end is found. Raises as `take`."""
        for chunk in self._chunks:
            self._count(len(chunk))

    def _pieces(self, size_bytes: int) -> Iterator[memoryview]:
        while size_bytes:
            if not self._chunk:
                chunk = next(self._chunks, None)
                if chunk is None:
                    raise damaged("it ends early")
                self._count(len(chunk))
                self._chunk = memoryview(chunk)
            piece, self._chunk = self._chunk[:size_bytes], self._chunk[size_bytes:]
            size_bytes -= len(piece)
            yield piece

    def _count(self, size_bytes: int) -> None:
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            raise damaged("it unpacks to more than any archive of clips has")


def damaged(detail: str) -> ClipsetError:
    """What is wrong with an archive; who reads it says which."""
    return ClipsetError(Failure(Reason.DAMAGED_MEDIA, detail, Stage.FETCH))


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    head = b""
    while len(head) < len(_GZIP_MAGIC) and (piece := next(pieces, None)) is not None:
        head += piece
    whole = chain((head,), pieces)
    return _gunzipped(whole) if head.startswith(_GZIP_MAGIC) else whole


def _gunzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """One gzip member after the other, as gunzip does; what follows the last and is no gzip is left alone."""
    inflater, is_first, is_fed = zlib.decompressobj(wbits=_AS_GZIP), True, False
    for piece in pieces:
        rest = piece
        while rest:
            is_fed = True
            try:
                yield from _inflated(inflater, rest)
            except zlib.error as error:
                if is_first:
                    raise damaged("the compressed data are damaged") from error
                return
            if not inflater.eof:
                break
            rest = inflater.unused_data.lstrip(b"\0")
            inflater, is_first, is_fed = zlib.decompressobj(wbits=_AS_GZIP), False, False
    if is_fed or is_first:
        raise damaged("it ends early")


def _inflated(inflater: "zlib._Decompress", piece: bytes) -> Iterator[bytes]:
    """In chunks, so that a bomb is not expanded at once."""
    while True:
        chunk = inflater.decompress(piece, _CHUNK_BYTES)
        if chunk:
            yield chunk
        piece = inflater.unconsumed_tail
        if inflater.eof or (not piece and len(chunk) < _CHUNK_BYTES):
            return
