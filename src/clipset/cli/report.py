"""`clipset report`: what became of a dataset, as a page with figures and tables."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from clipset.cli.outcome import Exit, say
from clipset.clock import SystemClock
from clipset.config import UserError
from clipset.drawing import libraries
from clipset.ledger import Ledger
from clipset.progress.patience import Patience
from clipset.report import Findings, sections
from clipset.report.from_ledger import from_ledger
from clipset.report.from_logs import Logs, from_logs
from clipset.report.page import templates
from clipset.report.writing import as_json, write

_DRAWING_S, _PAGE_S = 0.5, 10.0  # a section with its figure twice; the page with its libraries


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """A report as the user asked for it: of a dataset or of logs."""

    dataset: Path | None
    out: Path | None
    logs: Logs | None


def report(order: ReportOrder, *, json_too: bool) -> Exit:
    """Raises UserError, AnnotationError, LedgerError, ClipsetError."""
    read, folder = _reading(order)
    libraries()
    templates()
    clock = SystemClock()
    with Patience(clock, Console(stderr=True)) as patience:
        found = read(clock.now_us(), lambda what: patience.doing(what, 0))
        parts = sections(found)
        left_s = _PAGE_S + _DRAWING_S * len(parts)

        def doing(what: str) -> None:
            nonlocal left_s
            left_s = max(1.0, left_s - _DRAWING_S)
            patience.doing(what, left_s)

        write(folder, found, parts, doing)
    if json_too:
        print(json.dumps(as_json(found, parts)))
        return Exit.OK
    for part in parts:
        if part.key != "availability":
            say("  ".join((part.title + ":", *part.text)))
    for note in found.notes:
        say(f"Note: {note}")
    say(f"The report is {folder / 'report.html'}")
    return Exit.OK


_Read = Callable[[int, Callable[[str], None]], Findings]


def _reading(order: ReportOrder) -> tuple[_Read, Path]:
    """How the findings are come by, and where the report goes."""
    logs, dataset = order.logs, order.dataset
    if (logs is None) == (dataset is None):
        raise UserError("name the directory of a dataset, or --from-stats FILE with --out FOLDER, and not both")
    if logs is not None:
        if order.out is None:
            raise UserError("--from-stats needs --out FOLDER, where the report goes")
        return lambda now_us, _doing: from_logs(logs, now_us), order.out
    assert dataset is not None  # noqa: S101 - one of them is
    return lambda now_us, doing: _of_dataset(dataset, now_us, doing), order.out or dataset / "report"


def _of_dataset(dataset: Path, now_us: int, doing: Callable[[str], None]) -> Findings:
    with Ledger.read(dataset) as ledger:
        return from_ledger(ledger, dataset.resolve().name, now_us, doing)
