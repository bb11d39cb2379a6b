"""From what stands on the command line to the lists: files, names of the catalogue, descriptions of datasets."""

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clipset import catalogue
from clipset.annotations import AnnotationError
from clipset.catalogue.download import ListCache, cache_folder
from clipset.cli.options import ListOptions
from clipset.clock import SystemClock
from clipset.config import UserError
from clipset.progress.download import DownloadProgress
from clipset.web import Web

_LIST_SUFFIXES = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".gz", ".xz", ".zst"}


@dataclass(frozen=True, slots=True)
class GivenList:
    """A list to read. `split` is for rows that name none, `sha256` what its bytes must have where that is known."""

    path: Path
    dataset: str
    split: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    sha256: str | None = None
    published_rows: int | None = None


def lists(annotations: Sequence[Path], options: ListOptions, ca_file: Path | None = None) -> list[GivenList]:
    """The lists in their order; those of a catalogue name are fetched first, unless they are in the cache.

    A file wins over a dataset of the same name, `./NAME` is always a file. Raises UserError, AnnotationError, and
    ClipsetError for a download.
    """
    columns = column_names(options.column)
    found: list[GivenList | catalogue.Dataset] = [_found(path, columns) for path in annotations]
    if all(isinstance(item, GivenList) for item in found):
        return [item for item in found if isinstance(item, GivenList)]
    web = Web(threading.Event(), options.annotations_origin, ca_file)
    with DownloadProgress(SystemClock(), sys.stderr) as watch:
        cache = ListCache(cache_folder(), web, options.annotations_origin, watch)
        return [given for item in found for given in ([item] if isinstance(item, GivenList) else _of(item, cache))]


def _found(path: Path, columns: Mapping[str, str]) -> GivenList | catalogue.Dataset:
    if path.suffix == ".toml":
        return catalogue.find(str(path))
    if path.is_file():
        return GivenList(path, dataset_name(path), columns=columns)
    if str(path) in catalogue.names():
        return catalogue.find(str(path))
    if path.suffix or len(path.parts) != 1 or path.exists():
        fault = "is not a regular file; give the path of a list" if path.exists() else "there is no such file"
        raise AnnotationError(f"{path}: {fault}")
    try:
        return catalogue.find(str(path))
    except UserError as error:
        raise UserError(f"there is no such file, and {error}") from None


def _of(dataset: catalogue.Dataset, cache: ListCache) -> Iterator[GivenList]:
    for item, path in zip(dataset.lists, cache.lists(dataset), strict=True):
        yield GivenList(path, dataset.name, item.split, item.columns, item.sha256, item.rows)


def column_names(written: Sequence[str]) -> dict[str, str]:
    """`youtube_id=vid` as a pair. Raises UserError; whether the names make sense is known to annotations.table."""
    found = dict[str, str]()
    for text in written:
        key, equals, name = text.partition("=")
        if not equals or not key or not name:
            raise UserError(f"--column: {text!r} is no pair; write for example --column youtube_id=video")
        found[key] = name
    return found


def dataset_name(path: Path) -> str:
    """`lists/kinetics400_val.csv.xz` -> `kinetics400_val`."""
    while path.suffix in _LIST_SUFFIXES:
        path = path.with_suffix("")
    return path.name
