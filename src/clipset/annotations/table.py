"""Any table with a header, once the user says which column is what: `--column youtube_id=vid --column start=from`."""

import difflib
from collections.abc import Iterator, Mapping
from typing import TextIO

from clipset.annotations import headed
from clipset.annotations.headed import Columns
from clipset.annotations.reader import AnnotationError, Tally
from clipset.types import Annotation, BadRow

KEYS = ("youtube_id", "start", "end", "duration", "label", "split")


def columns_of(named: Mapping[str, str]) -> Columns:
    """The plan that the user's names make. Raises AnnotationError."""
    for key in named:
        if key not in KEYS:
            close = difflib.get_close_matches(key, KEYS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(KEYS)}"
            raise AnnotationError(f"--column: {key!r} is nothing that a clip has; {hint}")
    missing = [key for key in ("youtube_id", "start") if key not in named]
    if missing or ("end" in named) == ("duration" in named):
        raise AnnotationError("--column: name youtube_id, start, and either end or duration")
    return Columns(
        named["youtube_id"],
        named["start"],
        named.get("end"),
        named.get("duration"),
        named.get("label"),
        named.get("split"),
    )


def read(text: TextIO, tally: Tally, named: Mapping[str, str]) -> Iterator[Annotation | BadRow]:
    """Yield every row of a CSV or TSV. Raises AnnotationError where a column is missing."""
    yield from headed.read(text, tally, columns_of(named))
