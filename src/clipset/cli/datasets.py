"""`clipset datasets`: what can be given by name, and what is known of it."""

import json
import re
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clipset import catalogue
from clipset.catalogue import Dataset
from clipset.cli.outcome import Exit, say
from clipset.plan.forecast import REFERENCE_HEIGHT_PX, clip_bytes
from clipset.progress.text import human_bytes, printable
from clipset.types import US_PER_S


def print_datasets(name: str | None, *, as_json: bool) -> Exit:
    """All datasets, or one with everything that is known of it. Raises UserError."""
    found = catalogue.datasets() if name is None else [catalogue.find(name)]
    if as_json:
        described = [_as_json(dataset) for dataset in found]
        print(json.dumps(described if name is None else described[0]))
    elif name is None:
        Console(highlight=False).print(_overview(found))
        say(f"Datasets of your own: one NAME.toml each in {catalogue.user_folder()}")
    else:
        Console(highlight=False).print(_details(found[0]))
    return Exit.OK


def expected_bytes(dataset: Dataset) -> int | None:
    """What its clips take at 360p; None where their number or length is not known."""
    if dataset.clips is None or dataset.clip_s is None:
        return None
    return clip_bytes(round(dataset.clips * dataset.clip_s * US_PER_S), REFERENCE_HEIGHT_PX)


def _as_json(dataset: Dataset) -> dict[str, Any]:
    found = asdict(dataset)
    found["videos"] = found.pop("known_videos")
    return found | {"splits": dataset.splits, "expected_bytes": expected_bytes(dataset)}


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _size(value: int | None) -> str:
    return "?" if value is None else human_bytes(value)


def _overview(found: list[Dataset]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("name")
    for heading in ("classes", "clips", "videos", "size at 360p"):
        table.add_column(heading, justify="right")
    table.add_column("splits")
    table.add_column("licence")
    table.add_column("lists from")
    for dataset in found:
        counts = (_number(count) for count in (dataset.classes, dataset.clips, dataset.known_videos))
        splits = ", ".join(split for split in dataset.splits if split)
        cells = (
            dataset.name,
            *counts,
            _size(expected_bytes(dataset)),
            splits or "in the list",
            re.split(" for|;", dataset.licence)[0] or "?",
            ", ".join(sorted({urlsplit(item.url).hostname or "" for item in dataset.lists})),
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def _details(dataset: Dataset) -> Table:
    table = Table.grid(padding=(0, 2))

    def row(name: str, value: str) -> None:
        if value:
            table.add_row(name, Text(printable(value, 1000), overflow="fold"))

    def sourced(name: str, key: str, value: str) -> None:
        row(name, f"{value}  ({dataset.sources[key]})" if key in dataset.sources and value != "?" else value)

    row("name", dataset.name)
    row("title", dataset.title)
    row("about", dataset.about)
    row("homepage", dataset.homepage)
    sourced("licence", "licence", dataset.licence or "not known; see the homepage")
    row("", dataset.licence_url)
    sourced("classes", "classes", _number(dataset.classes))
    sourced("clips", "clips", _number(dataset.clips))
    sourced("videos", "videos", _number(dataset.known_videos))
    row("size at 360p", f"{_size(expected_bytes(dataset))}, estimated")
    if dataset.mirror_bytes is not None:
        sourced("a published copy", "mirror_bytes", human_bytes(dataset.mirror_bytes))
    for item in dataset.lists:
        rows = "" if item.rows is None else f"{item.rows:,} rows, "
        row(item.split or "list", f"{rows}{item.member + ' of ' if item.member else ''}{item.url}")
    return table
