"""Categories of classes: a JSON file {category: [labels]}, as the downloaders of 2019 have it."""

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from clipset.config import UserError

Categories = Mapping[str, tuple[str, ...]]


def read_categories(path: Path) -> Categories:
    """In the order of the file. Raises UserError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"--categories: cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if not isinstance(found, dict) or not all(_are_labels(labels) for labels in found.values()):
        raise UserError(f'--categories: {path} must hold an object such as {{"dancing": ["salsa dancing", "tango"]}}')
    return {category: tuple(labels) for category, labels in found.items()}


def _are_labels(found: object) -> bool:
    return isinstance(found, list) and all(isinstance(label, str) for label in found)


def labels_of(names: Sequence[str], path: Path | None) -> list[str]:
    """The labels of the categories `names`. Raises UserError."""
    if names and path is None:
        raise UserError("--category needs --categories FILE, which says what the categories are")
    categories = read_categories(path) if names and path is not None else {}
    for name in names:
        if name not in categories:
            close = difflib.get_close_matches(name, categories, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(map(repr, categories)) or 'none'}"
            raise UserError(f"no category {name!r} in {path}; {hint}")
    return [label for name in names for label in categories[name]]
