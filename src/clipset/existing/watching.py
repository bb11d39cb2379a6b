"""What becomes of files, for whoever shows it."""

from enum import StrEnum
from typing import NamedTuple, Protocol


class Verdict(StrEnum):
    """What was found of a file; the values are what reports and events show."""

    VERIFIED = "verified"  # it is the clip of its name, and the ledger has it now
    ADOPTED = "adopted"
    EXPORTED = "exported"
    MERGED = "merged"
    SILENT = "silent"  # a clip without sound, of which sound is wanted
    KNOWN = "known"  # the clip is done already
    MISSING = "missing"  # a ledger has it, the disk does not
    DAMAGED = "damaged"
    SHORT = "short"  # less of the clip than --min-share
    OTHER = "other"  # intact, but another thing than the clip of its name
    AMBIGUOUS = "ambiguous"  # its name says which video, but not which of its clips
    UNKNOWN = "unknown"  # its name is no clip's, or none that is wanted
    UNREADABLE = "unreadable"


class Finding(NamedTuple):
    """`path` is relative to the folder that was looked through; `message` is '' where all is well."""

    path: str
    verdict: Verdict
    message: str = ""


class Watcher(Protocol):
    """Shows the work; every call comes from one thread."""

    def begin(self, files: int) -> None:
        """How many files there are to look at."""
        ...

    def found(self, finding: Finding) -> None:
        """What became of one of them."""
        ...
