"""The one page: everything inlined, nothing fetched. Its policy forbids the browser to load anything at all."""

import json
from collections.abc import Sequence
from importlib import resources
from typing import Any

from clipset import __version__
from clipset.config import UserError
from clipset.drawing import libraries
from clipset.progress.text import printable
from clipset.report.findings import Findings
from clipset.report.section import Cell, Section, Table

_CELL_LIMIT = 400


def page(found: Findings, sections: Sequence[Section]) -> str:
    """The HTML. Raises UserError where the libraries are not installed."""
    _, vl_convert = libraries()
    environment = templates()
    text = (resources.files("clipset.report") / "page.html.j2").read_text(encoding="utf-8")
    charts = {section.key: section.chart.to_dict() for section in sections if section.chart is not None}
    html: str = environment.from_string(text).render(
        name=printable(found.name),
        made_at=found.made_at,
        version=__version__,
        notes=found.notes,
        sections=sections,
        files=files,
        shown=shown,
        is_number=is_number,
        library=environment.filters["safe"](vl_convert.javascript_bundle()),
        charts=environment.filters["safe"](in_script(charts)),
    )
    return html


def templates() -> Any:
    """jinja2 with every value escaped. Raises UserError where it is not installed."""
    try:
        import jinja2  # noqa: PLC0415 - an extra
    except ImportError:
        raise UserError("the report needs jinja2: pip install 'clipset[report]'") from None
    return jinja2.Environment(autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)


def in_script(value: object) -> str:
    """JSON that cannot end the script it stands in."""
    return json.dumps(value).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def files(section: Section) -> list[str]:
    """The files that belong to a section, relative to the page."""
    pictures = [f"figures/{section.key}.svg", f"figures/{section.key}.png"] if section.chart is not None else []
    return [*pictures, *([f"tables/{section.key}.csv"] if section.table else [])]


def shown(cell: Cell) -> str:
    """A cell as people read it."""
    if isinstance(cell, str):
        return printable(cell, _CELL_LIMIT)
    return f"{cell:,}"


def is_number(table: Table, column: int) -> bool:
    """Whether a column is set flush right."""
    return bool(table.rows) and not isinstance(table.rows[0][column], str)
