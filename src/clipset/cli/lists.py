"""From options to plans in a ledger: which lists, which of their clips, made how."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.status import Status

from clipset.annotations import AnnotationError, read
from clipset.cli.options import ClipOptions, SelectionOptions
from clipset.config import UserError
from clipset.ledger import Folder, Ledger, PlanHeader, PlanSummary
from clipset.plan import Layout, Seen, Selection, SelectionError, check, parse_shard, select
from clipset.types import Annotation, BadRow, Precision, Recipe

_RECIPE = "recipe_id"
_MOST_BAD = 0.5  # share of a list's rows; above it is the wrong file, or a damaged one
_SHOWN_BAD_ROWS = 3
_LIST_SUFFIXES = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".gz", ".xz", ".zst"}


def recipe(options: ClipOptions) -> Recipe:
    """Raises UserError."""
    if not 0.0 < options.min_share <= 1.0:
        raise UserError(f"--min-share must be above 0 and at most 1, not {options.min_share:g}")
    for name, px in (("--max-height", options.max_height), ("--short-side", options.short_side)):
        if px is not None and not 16 <= px <= 8192:
            raise UserError(f"{name} must be between 16 and 8192 pixels, not {px}")
    return Recipe(
        precision=Precision(options.precision),
        max_height_px=options.max_height,
        short_side_px=options.short_side,
        audio=not options.no_audio,
        min_share=options.min_share,
    )


def selection(options: SelectionOptions) -> Selection:
    """Raises UserError."""
    labels = list(options.class_)
    if options.classes_file is not None:
        labels += _labels_in(options.classes_file)
    try:
        return Selection(
            splits=frozenset(options.split),
            labels=frozenset(labels) if options.class_ or options.classes_file else None,
            limit=options.limit,
            shard=parse_shard(options.shard) if options.shard is not None else None,
            only_cc=options.only_cc,
        )
    except ValueError as error:
        raise UserError(str(error)) from None


def _labels_in(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--classes-file: cannot read {path}: {error}") from None
    return [line.strip() for line in lines if line.strip()]


def spinner() -> Status:
    """Shown while a long list is read, on a terminal only."""
    return Console(stderr=True).status("Reading the lists …")


def load(ledger: Ledger, lists: Sequence[Path], chosen: Selection, how: Recipe) -> list[PlanSummary]:
    """Each list as a plan of its own in the ledger; one that is there already is not read again.

    Raises UserError, AnnotationError, LedgerError; then nothing of the list at hand is in the ledger.
    """
    _keep_recipe(ledger, how)
    layout = _layout(ledger)
    seen = Seen()
    summaries = []
    hashes = [_sha256(path) for path in lists]
    for number, path in enumerate(lists):
        header = _header(path, hashes[: number + 1], chosen, how)
        is_known = ledger.find_plan(header) is not None
        rows = _rows(path, chosen, seen, is_last=number == len(lists) - 1)
        if is_known and chosen.limit is not None and len(lists) > 1:
            for _ in rows:  # the next list's share of the limit depends on this one
                pass
        summaries.append(ledger.load(header, rows, layout.path, lambda: _folders(layout)))
    if not any(summary.clips for summary in summaries) and chosen.shard is None:
        raise UserError("the selection leaves no clip; loosen --split, --class or --limit")
    return summaries


def _rows(path: Path, chosen: Selection, seen: Seen, *, is_last: bool) -> Iterator[Annotation | BadRow]:
    """What is wrong with the list or the selection shows after the last row: inside the load, so that nothing stays."""
    before, first_bad = (seen.rows, seen.bad_rows), list[BadRow]()
    yield from select(_noting(read(path), first_bad), chosen, seen)
    rows, bad_rows = seen.rows - before[0], seen.bad_rows - before[1]
    if bad_rows > rows * _MOST_BAD:
        examples = "; ".join(f"line {bad.line}: {bad.message}" if bad.line else bad.message for bad in first_bad)
        raise AnnotationError(f"{path}: {bad_rows} of {rows} rows are bad, so nothing was taken over ({examples})")
    if is_last:
        try:
            check(chosen, seen)
        except SelectionError as error:
            raise UserError(str(error)) from None


def _noting(rows: Iterable[Annotation | BadRow], first_bad: list[BadRow]) -> Iterator[Annotation | BadRow]:
    """The rows as they are; the first bad ones are put into `first_bad`, whatever is selected."""
    for row in rows:
        if isinstance(row, BadRow) and len(first_bad) < _SHOWN_BAD_ROWS:
            first_bad.append(row)
        yield row


def _keep_recipe(ledger: Ledger, how: Recipe) -> None:
    known = ledger.get_meta(_RECIPE)
    if known is not None and known != how.id:
        raise UserError(
            f"this dataset is made with the recipe {known}, the options now ask for {how.id};"
            " use the same options, or another --out"
        )


def remember_recipe(ledger: Ledger, how: Recipe) -> None:
    ledger.set_meta(_RECIPE, how.id)


def _header(path: Path, hashes: list[str], chosen: Selection, how: Recipe) -> PlanHeader:
    described = {
        "splits": sorted(chosen.splits),
        "labels": sorted(chosen.labels) if chosen.labels is not None else None,
        "limit": chosen.limit,
        "shard": chosen.shard,
        # under a limit, what a list contributes depends on the lists before it
        "after": hashes[:-1] if chosen.limit is not None else [],
    }
    if chosen.only_cc:
        described["only_cc"] = True
    return PlanHeader(path.name, hashes[-1], json.dumps(described, sort_keys=True), how.id, dataset_name(path))


def dataset_name(path: Path) -> str:
    """`lists/kinetics400_val.csv.xz` -> `kinetics400_val`."""
    while path.suffix in _LIST_SUFFIXES:
        path = path.with_suffix("")
    return path.name


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise AnnotationError(f"{path}: there is no such file") from None
    except OSError as error:
        raise AnnotationError(f"{path}: cannot be read: {error.strerror}") from None


def _layout(ledger: Ledger) -> Layout:
    known = ledger.folders()
    labels = {folder.name: folder.folder for folder in known if folder.kind == "label"}
    splits = {folder.name: folder.folder for folder in known if folder.kind == "split"}
    return Layout(labels, splits)


def _folders(layout: Layout) -> Iterator[Folder]:
    yield from (Folder("label", name, folder) for name, folder in layout.labels.items())
    yield from (Folder("split", name, folder) for name, folder in layout.splits.items())
