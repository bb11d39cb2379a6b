"""Where a dataset's clips go: what the option says, and what the ledger remembers of it."""

from pathlib import Path

from clipset.clock import SystemClock
from clipset.config import UserError
from clipset.ledger import Ledger, LedgerReader
from clipset.sinks import Place, checked_url

_CLIPS_TO = "clips_to"


def asked(clips_to: str | None) -> str | None:
    """The option's address in its one form. Raises UserError."""
    return None if clips_to is None else checked_url(clips_to)


def of_dataset(reader: LedgerReader, directory: Path) -> Place:
    """Where the clips of a dataset lie that is there. Raises UserError when what it takes to get at them is missing."""
    return Place(directory, asked(reader.get_meta(_CLIPS_TO)))


def chosen(reader: LedgerReader, directory: Path, url: str | None) -> Place:
    """Where they go on. `url` is that of `asked`. Raises UserError for another place than the dataset has."""
    known = of_dataset(reader, directory)
    if url in {None, known.url}:
        return known
    if known.url is not None:
        raise UserError(
            f"the clips of this dataset go to {known.url}, the option now asks for {url};"
            " leave --clips-to out, or use another --out"
        )
    if reader.status(SystemClock().now_us()).clips.done:
        raise UserError(f"the clips of this dataset lie in {directory}; leave --clips-to out, or use another --out")
    return Place(directory, url)


def remember(ledger: Ledger, place: Place) -> None:
    if place.url is not None:
        ledger.set_meta(_CLIPS_TO, place.url)


def elsewhere(reader: LedgerReader) -> str | None:
    """The address that the clips go to where that is not the dataset's directory."""
    return reader.get_meta(_CLIPS_TO)


def in_directory(reader: LedgerReader, directory: Path, verb: str, instead: str) -> None:
    """For verbs that work on files in the dataset's directory. Raises UserError where they lie elsewhere."""
    if url := elsewhere(reader):
        raise UserError(
            f"{verb} works on clips in the dataset's directory; those of {directory} go to {url}: {instead}"
        )
