"""The door of the annotation formats: what a reader is, what it may raise, what it counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TextIO

from clipset.types import Annotation, BadRow

OWN_KEY = "clipset"  # the one column or key that is ours: what convert keeps because the other form cannot say it


class AnnotationError(Exception):
    """The list as a whole makes no sense, or its conversion cannot be done: a user error, exit status 2."""


class FieldError(Exception):
    """One row names no clip; the reader turns it into a BadRow."""


@dataclass(slots=True)
class Tally:
    """What a reader passed over because it is no data; written by the reader, one per list."""

    repeated_headers: int = 0


class Reader(Protocol):
    """One format. A module with these two functions is a reader; `formats.READERS` lists them."""

    def sniff(self, head: str) -> bool:
        """Whether the list that begins with `head` (up to 65,536 characters) is of this format. Never raises."""
        ...

    def read(self, text: TextIO, tally: Tally) -> Iterator[Annotation | BadRow]:
        """Yield the rows in their order, in constant memory.

        Raises AnnotationError when the list as a whole cannot be used; a bad row is yielded, never raised.
        """
        ...
