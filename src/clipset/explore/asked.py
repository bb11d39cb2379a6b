"""What a URL asks for: filters and the page, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from clipset.ledger.browsing import Chosen

NO_SPLIT = "(none)"
"""The split '' in a URL: an empty parameter asks for all splits."""
_PLAIN = ("split", "state", "reason", "disposition", "sort")
_TEXT_LIMIT = 300
_PAGES_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """`number` counts pages from 1. What is not in the URL is ''; `label` None is not in it either."""

    path: str
    label: str | None
    split: str
    state: str
    reason: str
    disposition: str
    text: str
    sort: str
    number: int

    @classmethod
    def of(cls, path: str, query: Mapping[str, str]) -> "Asked":
        plain = {name: query.get(name, "")[:_TEXT_LIMIT] for name in _PLAIN}
        text = query.get("q", "").strip()[:_TEXT_LIMIT]
        label = query.get("label")
        if path == "/failures":
            label = label or None  # a field left empty
        return cls(path, label, text=text, number=_number(query.get("page", "")), **plain)

    def chosen(self) -> Chosen:
        return Chosen(
            self.label,
            {"": None, NO_SPLIT: ""}.get(self.split, self.split),
            self.state,
            self.reason,
            self.disposition,
            self.text,
        )

    def to_json(self) -> dict[str, str | int]:
        """Only what is asked for."""
        named = {"label": self.label, "split": self.split, "state": self.state, "reason": self.reason}
        named |= {"disposition": self.disposition, "q": self.text, "sort": self.sort}
        found: dict[str, str | int] = {name: value for name, value in named.items() if value}
        if self.label == "":
            found["label"] = ""
        return found | ({"page": self.number} if self.number > 1 else {})

    def url(self, **other: str | int | None) -> str:
        """The same page with some parameters changed, back on its first page unless `page` says otherwise."""
        merged = {**self.to_json(), "page": None, **other}
        query = urlencode({name: value for name, value in merged.items() if value is not None})
        return f"{self.path}?{query}" if query else self.path


def _number(text: str) -> int:
    return min(int(text), _PAGES_MAX) or 1 if text.isascii() and text.isdigit() and len(text) < 9 else 1


def pages(asked: Asked, total: int, size: int) -> tuple[int, dict[str, int | str | None]]:
    """The number of the first thing on this page; and which page it is of how many, with the ways to its neighbours."""
    last = max(1, -(-total // size))
    number = min(asked.number, last)
    return (number - 1) * size, {
        "page": number,
        "pages": last,
        "previous": asked.url(page=number - 1) if number > 1 else None,
        "next": asked.url(page=number + 1) if number < last else None,
    }
