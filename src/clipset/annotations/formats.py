"""The table of formats, and the one function that reads them all. A new format is one module and one entry here."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TextIO

from clipset.annotations import (
    activitynet,
    audioset,
    audioset_strong,
    ava,
    countix,
    hacs,
    kinetics_csv,
    kinetics_json,
    kinetics_jsonl,
    mmaction,
    table,
    vggsound,
)
from clipset.annotations.archive import BROKEN_ARCHIVE, named, open_text
from clipset.annotations.fields import shown
from clipset.annotations.reader import AnnotationError, Reader, Tally
from clipset.types import Annotation, BadRow

READERS: Final[dict[str, Reader]] = {  # asked in this order
    "ActivityNet JSON": activitynet,
    "kinetics JSON Lines": kinetics_jsonl,
    "kinetics JSON": kinetics_json,
    "AudioSet CSV": audioset,
    "AudioSet strong TSV": audioset_strong,
    "Countix CSV": countix,
    "HACS CSV": hacs,
    "kinetics CSV": kinetics_csv,  # any known column: after those that have one of them
    "VGG-Sound CSV": vggsound,
    "AVA CSV": ava,
    "list of clip files": mmaction,
}
HEAD_CHARS = 65_536
_LOOKED_AT_CHARS = 1024
_TAR_MARK_AT = 257
_KNOWN = (
    "clipset reads the lists of Kinetics, ActivityNet, AudioSet, VGG-Sound, AVA, Countix, HACS and mmaction2, plain "
    "or as .gz, .xz, .zst, and any table with a header whose columns --column names"
)


def read(
    path: Path, tally: Tally | None = None, columns: Mapping[str, str] | None = None
) -> Iterator[Annotation | BadRow]:
    """Yield the annotations of a list lazily, in its order and constant memory; the format is known by its content.

    With `columns` (see table.KEYS) it is a table with a header that has these columns, whatever it looks like.

    A row that names no clip is yielded as BadRow. Headers repeated inside the list are counted in `tally`.
    Raises AnnotationError, at the first row or where an archive breaks off, when the list as a whole cannot be used:
    no such file, not a list, missing columns, empty, no row in it, cut off, damaged.
    """
    with named(path), open_text(path) as text:
        tally = tally or Tally()
        rows = table.read(text, tally, columns) if columns else READERS[recognise(text)].read(text, tally)
        first = next(rows, None)
        if first is None:
            raise AnnotationError("holds no annotation")
        yield first
        yield from rows


def check(path: Path, columns: Mapping[str, str] | None = None) -> None:
    """Raises AnnotationError, without the path in it, unless the file begins as a list does."""
    try:
        with open_text(path) as text:
            if columns:
                next(table.read(text, Tally(), columns), None)
            else:
                recognise(text)
    except BROKEN_ARCHIVE as error:
        raise AnnotationError(f"is cut off or damaged ({error})") from error


def recognise(text: TextIO) -> str:
    """The name, in READERS, of this list's format; the list stays at its beginning. Raises AnnotationError."""
    head = text.read(HEAD_CHARS)
    text.seek(0)
    name = next((name for name, reader in READERS.items() if reader.sniff(head)), None)
    if name is None:
        raise AnnotationError(_why_not(head))
    return name


def _why_not(head: str) -> str:
    if not head.strip():
        return "is empty"
    start = head.lstrip()
    if start[:1] == "<":
        return "is a web page, not a list; fetch it again"
    if head.startswith("PK\x03\x04"):
        return "is a zip archive or a workbook; save the sheet as CSV (ids of type text) and give that"
    if head.startswith("ustar", _TAR_MARK_AT):
        return "is a tar archive; unpack it and give one of its lists"
    first_line = start.partition("\n")[0].rstrip("\r")
    if any(char < " " and char not in "\t\r\n" for char in head[:_LOOKED_AT_CHARS]):
        return f"is no CSV or JSON; {_KNOWN}"
    return f"has no known column in its first line ({shown(first_line)!r}); {_KNOWN}"
