"""Reading the lists of one command, one after the other, under one selection."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from clipset.annotations import AnnotationError, read
from clipset.cli.given import GivenList
from clipset.config import UserError
from clipset.ledger import PlanHeader
from clipset.plan import Seen, Selection, SelectionError, check, select
from clipset.progress.text import printable
from clipset.types import Annotation, BadRow, Recipe

_MOST_BAD = 0.5  # share of a list's rows; above it is the wrong file, or a damaged one


class Reading:
    """The lists of one command, in their order: hashed at once, read one after the other under one selection.

    Raises UserError for a list whose content is not the known one, unless `accept_changed`.
    """

    def __init__(self, chosen: Selection, lists: Sequence[GivenList], *, accept_changed: bool) -> None:
        self._chosen, self._lists, self._seen = chosen, lists, Seen()
        self._hashes = [_sha256(given.path) for given in lists]
        self._at = 0
        self.row_counts: dict[int, int] = {}
        """Rows by the place of the list, once it has been read; selected or not."""
        for given, found in zip(lists, self._hashes, strict=True):
            if given.sha256 not in {None, found} and not accept_changed:
                raise UserError(
                    f"{given.path} has the SHA-256 {found}, but {given.dataset} is known with {given.sha256};"
                    " remove the file to fetch it again, or take it as it is with --accept-changed-lists"
                )

    def shown(self) -> AbstractContextManager[object]:
        """Shows on a terminal which list is read and how many rows there were."""
        return Console(stderr=True).status(self)

    def __rich__(self) -> Text:
        """Asked a few times a second; the rows themselves are not slowed down."""
        given, lists = self._lists[self._at], len(self._lists)
        which = f" ({self._at + 1} of {lists})" if lists > 1 else ""
        return Text(f"Reading {printable(given.path.name, 40)}{which}: {self._seen.rows:,} rows …")

    def header(self, number: int, how: Recipe) -> PlanHeader:
        chosen, given = self._chosen, self._lists[number]
        described: dict[str, object] = {
            "splits": sorted(chosen.splits),
            "labels": sorted(chosen.labels) if chosen.labels is not None else None,
            "limit": chosen.limit,
            "shard": chosen.shard,
            # under a limit, what a list contributes depends on the lists before it
            "after": self._hashes[:number] if chosen.limit is not None else [],
        }
        if given.columns:
            described |= {"columns": dict(given.columns)}
        if chosen.only_cc:
            described |= {"only_cc": True}
        selection_json = json.dumps(described, sort_keys=True)
        return PlanHeader(given.path.name, self._hashes[number], selection_json, how.id, given.dataset)

    def rows(self, number: int) -> Iterator[Annotation | BadRow]:
        """What is wrong with the list or the selection shows after the last row: inside a load, so nothing stays."""
        given, seen = self._lists[number], self._seen
        self._at = number
        before, seen.first_bad = (seen.rows, seen.bad_rows), []
        rows = read(given.path, columns=given.columns)
        yield from select(rows if given.split is None else _with_split(rows, given.split), self._chosen, seen)
        count, bad_count = seen.rows - before[0], seen.bad_rows - before[1]
        self.row_counts[number] = count
        if bad_count > count * _MOST_BAD:
            examples = "; ".join(map(_placed, seen.first_bad))
            raise AnnotationError(
                f"{given.path}: {bad_count} of {count} rows are bad, so nothing was taken over ({examples})"
            )
        if number == len(self._lists) - 1:
            try:
                check(self._chosen, seen)
            except SelectionError as error:
                raise UserError(str(error)) from None


def _placed(bad: BadRow) -> str:
    return f"line {bad.line}: {bad.message}" if bad.line else bad.message


def _with_split(rows: Iterable[Annotation | BadRow], split: str) -> Iterator[Annotation | BadRow]:
    """Rows that name no split belong to that of their list."""
    for row in rows:
        yield row if isinstance(row, BadRow) or row.split is not None else row._replace(split=split)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise AnnotationError(f"{path}: there is no such file") from None
    except OSError as error:
        raise AnnotationError(f"{path}: cannot be read: {error.strerror}") from None
