"""From options to plans in a ledger: which lists, which of their clips, made how."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.status import Status

from clipset.annotations import AnnotationError, read
from clipset.cli.categories import labels_of
from clipset.cli.given import GivenList
from clipset.cli.options import ClipOptions, SelectionOptions
from clipset.cli.outcome import say
from clipset.config import UserError
from clipset.ledger import Ahead, Folder, Ledger, LedgerReader, PlanHeader, PlanSummary, Totals
from clipset.plan import Layout, Seen, Selection, SelectionError, check, parse_shard, select
from clipset.types import Annotation, BadRow, Precision, Recipe

_RECIPE = "recipe_id"
_ROWS = "rows:"  # and the SHA-256 of a list: how many rows it has
_MOST_BAD = 0.5  # share of a list's rows; above it is the wrong file, or a damaged one


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
    labels += labels_of(options.category, options.categories)
    try:
        return Selection(
            splits=frozenset(options.split),
            labels=frozenset(labels) if options.class_ or options.classes_file or options.category else None,
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


def load(
    ledger: Ledger, lists: Sequence[GivenList], chosen: Selection, how: Recipe, *, accept_changed: bool = False
) -> list[PlanSummary]:
    """Each list as a plan of its own in the ledger; one that is there already is not read again.

    Raises UserError, AnnotationError, LedgerError; then nothing of the list at hand is in the ledger.
    """
    _keep_recipe(ledger, how)
    layout = _layout(ledger)
    reading = Reading(chosen, lists, accept_changed=accept_changed)
    headers = [reading.header(number, how) for number in range(len(lists))]
    before = [ledger.earlier(header) for header in headers]
    summaries = []
    for number, (given, header) in enumerate(zip(lists, headers, strict=True)):
        is_known = ledger.find_plan(header) is not None
        rows = reading.rows(number)
        if is_known and chosen.limit is not None and len(lists) > 1:
            for _ in rows:  # the next list's share of the limit depends on this one
                pass
        summaries.append(ledger.load(header, rows, layout.path, lambda: _folders(layout)))
        if not is_known:
            ledger.set_meta(_ROWS + header.sha256, str(reading.row_counts[number]))
            _report_drift(ledger, given, before[number], reading.row_counts[number])
    _require_clips(any(summary.clips for summary in summaries), chosen)
    return summaries


def look_ahead(
    ahead: Ahead, lists: Sequence[GivenList], chosen: Selection, how: Recipe, *, accept_changed: bool = False
) -> tuple[list[PlanSummary], Totals]:
    """What `load` would make of the lists, and all of them together. Raises as it does; nothing is written."""
    if ahead.reader is not None:
        _keep_recipe(ahead.reader, how)
    reading = Reading(chosen, lists, accept_changed=accept_changed)
    for number, given in enumerate(lists):
        ahead.add(reading.rows(number))
        if ahead.reader is not None:
            header = reading.header(number, how)
            before = ahead.reader.earlier(header) if ahead.reader.find_plan(header) is None else None
            _report_drift(ahead.reader, given, before, reading.row_counts[number])
        elif given.published_rows is not None:
            _report_published(given, reading.row_counts[number])
    plans, totals = ahead.count()
    _require_clips(totals.clips > 0, chosen)
    return plans, totals


def _require_clips(found: bool, chosen: Selection) -> None:
    if not found and chosen.shard is None:
        raise UserError("the selection leaves no clip; loosen --split, --class or --limit")


class Reading:
    """The lists of one command, in their order: hashed at once, read one after the other under one selection.

    Raises UserError for a list whose content is not the known one, unless `accept_changed`.
    """

    def __init__(self, chosen: Selection, lists: Sequence[GivenList], *, accept_changed: bool) -> None:
        self._chosen, self._lists, self._seen = chosen, lists, Seen()
        self._hashes = [_sha256(given.path) for given in lists]
        self.row_counts: dict[int, int] = {}
        """Rows by the place of the list, once it has been read; selected or not."""
        for given, found in zip(lists, self._hashes, strict=True):
            if given.sha256 not in {None, found} and not accept_changed:
                raise UserError(
                    f"{given.path} has the SHA-256 {found}, but {given.dataset} is known with {given.sha256};"
                    " remove the file to fetch it again, or take it as it is with --accept-changed-lists"
                )

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


def _report_drift(reader: LedgerReader, given: GivenList, before: str | None, count: int) -> None:
    """Say so when the dataset was planned from a list of this name with another content."""
    if before is not None:
        had = reader.get_meta(_ROWS + before)
        compared = f" had {int(had):,}" if had is not None else f" was another one (SHA-256 {before[:12]}…)"
        what = f"{given.dataset}, {given.path.name}"
        say(f"{what}: this list has {count:,} rows, the one this dataset was planned from{compared}")
    elif given.published_rows is not None:
        _report_published(given, count)


def _report_published(given: GivenList, count: int) -> None:
    if given.published_rows not in {None, count}:
        what = f"{given.dataset}, {given.path.name}"
        say(f"{what}: this list has {count:,} rows, the published one {given.published_rows:,}")


def _keep_recipe(ledger: LedgerReader, how: Recipe) -> None:
    known = ledger.get_meta(_RECIPE)
    if known is not None and known != how.id:
        raise UserError(
            f"this dataset is made with the recipe {known}, the options now ask for {how.id};"
            " use the same options, or another --out"
        )


def remember_recipe(ledger: Ledger, how: Recipe) -> None:
    ledger.set_meta(_RECIPE, how.id)


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
