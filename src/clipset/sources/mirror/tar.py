"""Tars read forwards, a member at a time.

The standard library's tarfile reads as much as a header says into memory (long names, pax records), and a header is a
stranger's word. Here a member costs memory only when it is read. Forms: POSIX ustar and pax, GNU long names, old v7.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from clipset.sources.mirror.unpacking import Unpacked, damaged

_BLOCK_BYTES = 512
_NAME_BYTES_MAX = 64 * 1024  # of a pax header or a GNU long name
_CHECKSUM = slice(148, 156)
_TYPE = slice(156, 157)
_USED = (b"path", b"size")  # of a pax header
_PAX_RECORD = re.compile(rb"\d+ ([^=]+)=(.*)\n", re.DOTALL)


class Kind(Enum):
    FILE = b"0\x007"
    FOLDER = b"5"
    LINK = b"12"
    DEVICE = b"346"
    OTHER = b""


@dataclass(frozen=True, slots=True)
class Member:
    """`name` as it stands in the tar; bytes that are no UTF-8 are surrogates."""

    name: str
    size_bytes: int
    kind: Kind


class TarStream:
    """Iterate for the members; `read` gives the bytes of the one at hand, what is not read is skipped.

    Raises ClipsetError (damaged_media) for what is no tar, is damaged, or ends before its end mark.
    """

    def __init__(self, data: Unpacked) -> None:
        self._data = data
        self._unread_bytes = 0
        self._padding_bytes = 0
        self._extended: dict[bytes, bytes] = {}
        self._seen_any = False

    def __iter__(self) -> Iterator[Member]:
        while any(block := self._data.take(_BLOCK_BYTES)):
            member = self._member(block)
            if member is not None:
                yield member
            self._data.skip(self._unread_bytes + self._padding_bytes)
        self._data.exhaust()

    def read(self) -> bytes:
        """The whole member: ask for its size first."""
        size_bytes, self._unread_bytes = self._unread_bytes, 0
        return self._data.take(size_bytes)

    def _member(self, block: bytes) -> Member | None:
        """None for a header that only says something of the next one."""
        self._check(block)
        kind = next((kind for kind in Kind if block[_TYPE] in kind.value), Kind.OTHER)
        size_bytes = _number(block[124:136])
        if block[_TYPE] in b"LKxg":
            self._expect(0)
            self._note(block[_TYPE], size_bytes)
            return None
        extended, self._extended = self._extended, {}
        if b"size" in extended:
            size_bytes = _count(extended[b"size"], 10)
        self._expect(size_bytes if kind in (Kind.FILE, Kind.OTHER) else 0)
        name = extended.get(b"path") or _name(block)
        return Member(name.decode("utf-8", "surrogateescape"), self._unread_bytes, kind)

    def _expect(self, size_bytes: int) -> None:
        self._unread_bytes, self._padding_bytes = size_bytes, -size_bytes % _BLOCK_BYTES

    def _note(self, kind: bytes, size_bytes: int) -> None:
        """Long names and pax records, for the member that follows; global records hold none of its own."""
        if size_bytes > _NAME_BYTES_MAX:
            raise damaged("a name in it is longer than names are")
        text = self._data.take(size_bytes)
        self._data.skip(-size_bytes % _BLOCK_BYTES)
        if kind == b"L":
            self._extended[b"path"] = text.rstrip(b"\0")
        elif kind == b"x":
            self._extended.update((key, value) for key, value in _pax_records(text) if key in _USED)

    def _check(self, block: bytes) -> None:
        """The first block decides whether this is a tar at all."""
        plain = bytearray(block)
        plain[_CHECKSUM] = b" " * 8
        try:
            is_good = int(block[_CHECKSUM].strip(b" \0") or b"x", 8) == sum(plain)
        except ValueError:
            is_good = False
        if not is_good:
            raise damaged("a member's header is damaged" if self._seen_any else "it is no tar")
        self._seen_any = True


def _name(block: bytes) -> bytes:
    name, prefix = block[:100].partition(b"\0")[0], block[345:500].partition(b"\0")[0]
    return prefix + b"/" + name if prefix and block[257:263] == b"ustar\0" else name


def _number(field: bytes) -> int:
    """Octal text, or GNU's binary for what is too large for it."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    return _count(field.strip(b" \0") or b"0", 8)


def _count(text: bytes, base: int) -> int:
    try:
        if text.isdigit():
            return int(text[:20], base)
    except ValueError:
        pass
    raise damaged("a member's size makes no sense")


def _pax_records(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    while text:
        length = text.partition(b" ")[0]
        size = int(length) if length.isdigit() and len(length) < 6 else 0
        record = _PAX_RECORD.fullmatch(text[:size])
        if record is None:
            raise damaged("a member's extended header is damaged")
        yield record[1], record[2]
        text = text[size:]
