"""Datasets that shards made by themselves, joined into one: each file by hard link or copy, then what is known of it.

The sources are only ever read, and may be in use: what they finish meanwhile comes with the next merge.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from clipset.config import UserError
from clipset.existing.egresses import joined
from clipset.existing.tree import shown
from clipset.existing.watching import Finding, Verdict, Watcher
from clipset.ledger import EgressRow, Folder, Ledger
from clipset.ledger.home import Home
from clipset.ledger.merging import Claim, Merging, Taken, copy_ledger
from clipset.plan import Layout
from clipset.sinks.folders import FolderSink, inside
from clipset.types import ClipsetError

CLIPS_TO = "clips_to"
"""In a ledger's meta: the address below which the clips lie, where that is not the dataset's own directory."""

_LINKS = 500
_WANTED = "it is wanted again"


@dataclass(frozen=True, slots=True)
class Merge:
    """`sources` are directories of datasets, in the order in which they are asked; `copies`: never link.

    `verifies`: compare the SHA-256 of each file, not only its size. `is_trial`: write nothing.
    """

    sources: Sequence[Path]
    directory: Path
    copies: bool = False
    verifies: bool = False
    is_trial: bool = False


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What came of a source. `verdicts` are those of the files that were new here."""

    source: Path
    taken: Taken
    verdicts: Counter[Verdict]


class Shows(Protocol):
    """Shows a merge; sources are numbered from 0, and every call comes from one thread."""

    def reading(self, number: int) -> AbstractContextManager[object]:
        """While the rows of a source are taken over."""
        ...

    def bringing(self, number: int) -> AbstractContextManager[Watcher]:
        """While its files are."""
        ...


@dataclass(frozen=True, slots=True)
class _Known:
    """What a ledger says of itself."""

    directory: Path
    meta: Mapping[str, str]
    egresses: Sequence[EgressRow]


def merge(order: Merge, shows: Shows) -> Iterator[SourceReport]:
    """Source by source. Interrupted, it goes on where it was when called again.

    Raises UserError and LedgerError before anything is written, ClipsetError when this machine cannot go on.
    """
    known = _checked(order)
    with _opened(order) as ledger:
        bringing = _Bringing(order, ledger, has_files=CLIPS_TO not in known[0].meta)
        try:
            ledger.replace_egresses(joined(row for each in known for row in each.egresses))
            again = 0
            for number, source in enumerate(order.sources):
                taken = bringing.take(number, shows)
                again = number if taken.overruled else again
                yield SourceReport(source, taken, bringing.run(number, taken, shows))
            for number in range(again):
                bringing.take(number, shows)
            bringing.link_further_names()
        finally:
            if not order.is_trial:
                ledger.write_tables()


def _checked(order: Merge) -> list[_Known]:
    """What the sources say, and the dataset that is there already. Raises UserError, LedgerError."""
    places = [source.resolve() for source in order.sources]
    if order.directory.resolve() in places:
        raise UserError(f"--out {order.directory} is one of the datasets to be merged; name another directory")
    if len(set(places)) < len(places):
        raise UserError("one dataset is named twice; name each once")
    known = [_known(source) for source in order.sources]
    if Home.database_of(order.directory).exists():
        known.append(_known(order.directory))
    recipes = [(each.directory, each.meta["recipe_id"]) for each in known if "recipe_id" in each.meta]  # else unfetched
    _require_alike(recipes, "made with the recipe")
    _require_alike([(each.directory, each.meta.get(CLIPS_TO, "its own directory")) for each in known], "kept in")
    return known


def _require_alike(found: Sequence[tuple[Path, str]], says: str) -> None:
    """Raises UserError where two say different things."""
    for directory, value in found[1:]:
        if value != found[0][1]:
            raise UserError(
                f"{found[0][0]} is {says} {found[0][1]}, {directory} is {says} {value};"
                " only datasets made alike can be merged"
            )


def _known(directory: Path) -> _Known:
    with Ledger.read(directory) as reader, reader.snapshot():
        meta = {str(name): str(value) for name, value in reader.select("SELECT name, value FROM meta")}
        return _Known(directory, meta, reader.egresses())


@contextmanager
def _opened(order: Merge) -> Iterator[Merging]:
    """The ledger to merge into; for a trial a copy that is gone afterwards."""
    if not order.is_trial:
        with Merging.open(order.directory) as ledger:
            yield ledger
        return
    with TemporaryDirectory(prefix="clipset-merge-") as scratch:
        if Home.database_of(order.directory).exists():
            copy_ledger(order.directory, Path(scratch))
        with Merging.open(Path(scratch)) as ledger:
            yield ledger


def _name_folders(ours: Sequence[Folder], theirs: Sequence[Folder]) -> list[Folder]:
    known = {kind: {row.name: row.folder for row in ours if row.kind == kind} for kind in ("label", "split")}
    layout = Layout(known["label"], known["split"])
    keep = {"label": layout.keep_label, "split": layout.keep_split}
    return [Folder(row.kind, row.name, keep[row.kind](row.name, row.folder)) for row in theirs]


class _Bringing:
    """Brings the files of claims, and tells the ledger. `has_files`: the clips lie in the datasets' directories."""

    def __init__(self, order: Merge, ledger: Merging, *, has_files: bool) -> None:
        self._order, self._ledger, self._has_files = order, ledger, has_files
        self._sink = FolderSink(order.directory) if has_files and not order.is_trial else None
        if self._sink is not None:
            self._sink.sweep()

    def take(self, number: int, shows: Shows) -> Taken:
        """What a source says, without its files."""
        with shows.reading(number):
            return self._ledger.take(self._order.sources[number], _name_folders, keeps_paths=not self._has_files)

    def run(self, number: int, taken: Taken, shows: Shows) -> Counter[Verdict]:
        """Bytes first, record second, some hundred clips at a time. Raises ClipsetError."""
        verdicts: Counter[Verdict] = Counter()
        if not self._has_files:
            self._ledger.keep(None)
            verdicts[Verdict.MERGED] = taken.claims
        elif taken.claims:
            with shows.bringing(number) as watcher:
                watcher.begin(taken.claims)
                for claims in self._ledger.claims():
                    findings = [self._bring(self._order.sources[number], claim, watcher) for claim in claims]
                    kept = [claim for claim, found in zip(claims, findings, strict=True) if found is Verdict.MERGED]
                    self._ledger.keep(kept)
                    verdicts.update(findings)
        return verdicts

    def _bring(self, source: Path, claim: Claim, watcher: Watcher) -> Verdict:
        finding = self._brought(source, claim)
        watcher.found(finding)
        return finding.verdict

    def _brought(self, source: Path, claim: Claim) -> Finding:
        name = shown(str(source / claim.path))
        try:
            file = _checked_file(source, claim, verifies=self._order.verifies)
            self._place(file, claim.paths)
        except FileNotFoundError:
            return Finding(name, Verdict.MISSING, f"its ledger has it; {_WANTED}")
        except _Unreadable as error:
            return Finding(name, Verdict.UNREADABLE, f"{error}; {_WANTED}")
        except ValueError as error:
            return Finding(name, Verdict.DAMAGED, f"{error}; {_WANTED}")
        return Finding(name, Verdict.MERGED)

    def _place(self, file: Path, paths: Sequence[str]) -> None:
        if self._sink is not None:
            self._sink.take(paths[0], file, copies=self._order.copies)
            for path in paths[1:]:
                self._sink.link(path, paths[0])

    def link_further_names(self) -> None:
        """Clips that were here before get the names that a source has for them."""
        if self._sink is None:
            return
        names = self._ledger.unlinked_anywhere()
        for start in range(0, len(names), _LINKS):
            linked = []
            for target, path in names[start : start + _LINKS]:
                with suppress(FileNotFoundError):  # a fetch or a rebuild says more of a file that somebody removed
                    self._sink.link(path, target)
                    linked.append(path)
            self._ledger.mark_linked(linked)


class _Unreadable(Exception):  # noqa: N818 - of a file
    """A source's file that this machine may not read."""


def _checked_file(source: Path, claim: Claim, *, verifies: bool) -> Path:
    """The file of a claim. Raises ValueError if it is not what its ledger knows, FileNotFoundError, _Unreadable."""
    try:
        file = inside(source.resolve(), claim.path)
        size_bytes = file.stat().st_size
        digest = _sha256(file) if verifies else claim.sha256
    except FileNotFoundError:
        raise
    except (OSError, ClipsetError) as error:
        raise _Unreadable(error.strerror if isinstance(error, OSError) else error.failure.detail) from error
    if size_bytes != claim.size_bytes:
        raise ValueError(f"it has {size_bytes:,} bytes, its ledger says {claim.size_bytes:,}")
    if digest != claim.sha256:
        raise ValueError("it has other bytes than its ledger says")
    return file


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
