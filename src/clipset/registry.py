"""Finds parts by name. Built-in parts and those of other packages come through the same door: entry points."""

from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Any

from clipset.config import UserError


def load(group: str, name: str, also: Iterable[str] = ()) -> Any:
    """What `name` stands for in `clipset.<group>`. Raises UserError that lists the names there are, and `also`."""
    found = {entry.name: entry for entry in entry_points(group=f"clipset.{group}")}
    if name not in found:
        known = ", ".join(sorted({*found, *also}))
        raise UserError(f"there is no {group.rstrip('s')} called {name!r}; there are: {known}")
    return found[name].load()
