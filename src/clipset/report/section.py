"""A part of the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Cell = str | int | float
Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """`shown` rows stand on the page, all of them in the CSV."""

    columns: tuple[str, ...]
    rows: Sequence[Row]
    shown: int = 40


@dataclass(frozen=True, slots=True)
class Section:
    """`key` names the files. `numbers` are for programs, the same ones that the sentences say."""

    key: str
    title: str
    text: tuple[str, ...] = ()
    chart: Any = None
    table: Table | None = None
    numbers: Mapping[str, float | int | str | None] = field(default_factory=dict)
