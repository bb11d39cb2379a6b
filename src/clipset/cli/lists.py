"""From options to plans in a ledger: which lists, which of their clips, made how."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from clipset.cli.categories import labels_of
from clipset.cli.given import GivenList
from clipset.cli.options import ClipOptions, SelectionOptions
from clipset.cli.outcome import say
from clipset.cli.reading import Reading
from clipset.config import UserError
from clipset.ledger import Ahead, Folder, Ledger, LedgerReader, PlanSummary, Totals
from clipset.plan import Layout, Selection, parse_shard
from clipset.types import Precision, Recipe

_RECIPE = "recipe_id"
_ROWS = "rows:"  # and the SHA-256 of a list: how many rows it has


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
    with reading.shown():
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
    with reading.shown():
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


def _layout(ledger: Ledger) -> Layout:
    known = ledger.folders()
    labels = {folder.name: folder.folder for folder in known if folder.kind == "label"}
    splits = {folder.name: folder.folder for folder in known if folder.kind == "split"}
    return Layout(labels, splits)


def _folders(layout: Layout) -> Iterator[Folder]:
    yield from (Folder("label", name, folder) for name, folder in layout.labels.items())
    yield from (Folder("split", name, folder) for name, folder in layout.splits.items())
