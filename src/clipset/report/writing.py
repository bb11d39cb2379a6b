"""The files of a report. Each appears whole; the page, which names the others, comes last."""

import csv
import json
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from clipset import __version__
from clipset.drawing import drawn
from clipset.durable import plain_os_errors, write_whole
from clipset.ledger.tables import one_line
from clipset.report.findings import Findings
from clipset.report.page import files, page
from clipset.report.section import Section, Table


def as_json(found: Findings, sections: Sequence[Section]) -> dict[str, Any]:
    """Everything that the report says, for programs."""
    return {
        "name": found.name,
        "made_at": found.made_at,
        "clipset": __version__,
        "notes": found.notes,
        "numbers": {section.key: section.numbers for section in sections if section.numbers},
        "sections": [
            {
                "key": section.key,
                "title": section.title,
                "text": list(section.text),
                "files": files(section),
                "columns": list(section.table.columns) if section.table else [],
                "rows": [list(row) for row in section.table.rows] if section.table else [],
            }
            for section in sections
        ],
    }


def write(folder: Path, found: Findings, sections: Sequence[Section], doing: Callable[[str], None]) -> None:
    """`report.html`, `report.json`, `figures/` and `tables/`. Raises UserError, ClipsetError."""
    with plain_os_errors(folder):
        for made in (folder / "figures", folder / "tables"):
            made.mkdir(parents=True, exist_ok=True)
    for section in sections:
        doing(f"drawing {section.title.lower()}")
        for name in files(section):
            path = folder / name
            write_whole(path, csv_bytes(section.table) if path.suffix == ".csv" else drawn(section.chart, path.suffix))
    doing("writing the page")
    text = json.dumps(as_json(found, sections), indent=1, ensure_ascii=False)
    write_whole(folder / "report.json", text.encode("utf-8", "backslashreplace") + b"\n")
    write_whole(folder / "report.html", page(found, sections).encode("utf-8", "backslashreplace"))


def csv_bytes(table: Table | None) -> bytes:
    """Safe to open in a spreadsheet."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    if table is not None:
        rows.writerow(table.columns)
        rows.writerows([one_line(cell) if isinstance(cell, str) else cell for cell in row] for row in table.rows)
    return text.getvalue().encode("utf-8", "backslashreplace")
