"""What lists and the catalogue hold."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from clipset.annotations.conversion import convert as convert_list
from clipset.cli.classes import print_classes
from clipset.cli.datasets import print_datasets
from clipset.cli.leaks import print_leaks
from clipset.cli.options import (
    ListOptions,
)
from clipset.cli.outcome import Exit, say
from clipset.cli.verbs.parameters import LISTS, PLACE, some


def convert(a: Annotated[Path, PLACE], b: Annotated[Path, PLACE], /) -> Exit:
    """Convert a list between CSV, TSV, JSON and JSON Lines without losing anything.

    Parameters
    ----------
    a
        The list to read.
    b
        The list to write; its suffix says how (.csv, .tsv, .json, .jsonl, and then perhaps .gz, .xz, .zst).
    """
    summary = convert_list(a, b)
    say(f"{b}: {summary.rows:,} clips, from {summary.source}")
    return Exit.OK


def datasets(
    name: Annotated[str | None, PLACE] = None, /, *, json: Annotated[bool, Parameter(negative=())] = False
) -> Exit:
    """List the datasets that can be given by name, or show one: splits, classes, clips, size, licence, where from.

    Parameters
    ----------
    name
        Only this dataset, with the source of each figure.
    json
        Print JSON: a list, or one object.
    """
    return print_datasets(name, as_json=json)


def leaks(
    annotations: Annotated[tuple[Path, ...], LISTS],
    /,
    *,
    lists: ListOptions = ListOptions(),  # noqa: B008 - frozen
    csv: Annotated[Path | None, PLACE] = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> Exit:
    """Say which clips and videos the splits of datasets share, and which clips they call by other names.

    Parameters
    ----------
    annotations
        Lists of clips, files (also .gz, .xz, .zst) or names such as kinetics400; see clipset datasets.
    csv
        Write what is shared to this table, a row a clip or video.
    json
        Print one JSON object.
    """
    return print_leaks(some(annotations), lists, as_json=json, table=csv)


def classes(
    places: Annotated[tuple[Path, ...], LISTS],
    /,
    *,
    lists: ListOptions = ListOptions(),  # noqa: B008 - frozen
    categories: Annotated[Path | None, PLACE] = None,
    csv: Annotated[Path | None, PLACE] = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> Exit:
    """List the classes of lists with their clips by split; of a dataset, what became of the clips of each class.

    Parameters
    ----------
    places
        Lists of clips, files or names such as kinetics400; or the directory of one dataset.
    categories
        A JSON file {category: [labels]}: count by category instead of by class.
    csv
        Write the same as a table.
    json
        Print JSON: an object a class.
    """
    return print_classes(some(places), lists, categories, as_json=json, table=csv)
