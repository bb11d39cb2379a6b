"""Pages as HTML: every value is escaped, and hostile text is one line without control characters."""

from datetime import UTC, datetime
from importlib import resources
from typing import Any
from urllib.parse import urlencode

import jinja2

from clipset import __version__
from clipset.explore.asked import NO_SPLIT
from clipset.progress.text import human_bytes, human_duration, printable

_LABEL_CHARS, _MESSAGE_CHARS = 200, 600


class Shown:
    """The templates of this package."""

    def __init__(self, name: str) -> None:
        folder = resources.files("clipset.explore") / "templates"
        sources = {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.is_file()}
        self._environment = jinja2.Environment(
            loader=jinja2.DictLoader(sources),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self._environment.filters |= {
            "count": lambda value: f"{value:,}",
            "size": human_bytes,
            "lasting": human_duration,
            "label": lambda text: printable(text, _LABEL_CHARS) or "no label",
            "split": lambda text: printable(text, _LABEL_CHARS) or "no split",
            "line": lambda text: printable(text or "", _MESSAGE_CHARS),
            "lines": _lines,
            "words": lambda text: str(text).replace("_", " "),
            "when": _when,
            "percent": lambda part, whole: f"{100 * part / whole:.2f} %" if whole else "",
            "seconds": lambda value: f"{value:,.3f}".rstrip("0").rstrip("."),
            "query": urlencode,
        }
        self._environment.globals |= {"name": name, "version": __version__, "no_split": NO_SPLIT}
        for template in sources:
            self._environment.get_template(template)

    def page(self, template: str, found: dict[str, Any], json_url: str) -> str:
        return self._environment.get_template(template).render(found, json_url=json_url)

    def fragment(self, template: str, found: dict[str, Any]) -> str:
        return self._environment.get_template(template).render(found)


def _lines(text: str | None) -> str:
    """A raw text with its line ends."""
    return "\n".join(printable(line, 4000) for line in (text or "").splitlines())


def _when(at: str | None) -> str:
    """ISO 8601 as people read it."""
    if at is None:
        return ""
    return datetime.fromisoformat(at).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
