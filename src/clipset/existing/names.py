"""Which clip a file of somebody else's tree is, by its path alone. Pure.

A clip is known by its id and its times, never by its folder: labels differ between tools (spaces, underscores, lost
characters) and between versions of a dataset. The folders only tell which tool made the tree.
"""

import re
from decimal import Decimal
from typing import NamedTuple

from clipset.types import US_PER_S, Span

SUFFIXES = frozenset({".mp4", ".mkv", ".webm", ".avi"})
_ID = r"(?P<id>[A-Za-z0-9_-]{11})"
_TIME = r"\d{1,9}(?:\.\d{1,6})?"
_CLIP = rf"{_ID}_(?P<start>{_TIME})_(?P<end>{_TIME})"


class TreeLayout(NamedTuple):
    """How a tool lays out its files: `path` fits the whole relative path without its suffix."""

    name: str
    path: re.Pattern[str]


class FoundName(NamedTuple):
    """`span` is None where a name has no times: then it is the one clip of its video, if it has one only."""

    layout: str
    video_id: str
    span: Span | None


def _layout(name: str, folders: str, file: str) -> TreeLayout:
    return TreeLayout(name, re.compile(folders + file, re.ASCII | re.DOTALL))


LAYOUTS = (  # the first that fits
    _layout("mmaction2", r"(?:.*/)?videos_(?:train|val|test)/[^/]+/", _CLIP),  # labels_with_underscores
    _layout("torchvision", r"(?:.*/)?(?:train|val|test)/[^/]+/", _CLIP),
    _layout("crawler", r"[^/]+/", _CLIP),  # ActivityNet's: label/ID_000010_000020
    _layout("archive", r"(?:.*/)?", _CLIP),  # CVDF's tars unpacked: flat or in folders that mean nothing
    _layout("downloader", r"(?:.*/)?(?:train|valid|val|test)/[^/]+/", _ID),  # those of 2019: no times
    _layout("bare", r"(?:.*/)?", _ID),
)


def is_candidate(path: str) -> bool:
    """Whether a file is looked at at all: a video by its suffix, and not a Mac's `._` companion of one."""
    name = path.rpartition("/")[2]
    return not name.startswith("._") and _split(name)[1].lower() in SUFFIXES


def read_name(path: str) -> FoundName | None:
    """What a relative path (with `/`) says; None if it names no video."""
    stem = _split(path)[0]
    for layout in LAYOUTS:
        found = layout.path.fullmatch(stem)
        if found is not None:
            return _named(layout.name, found.groupdict())
    return None


def _split(name: str) -> tuple[str, str]:
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if dot else (name, "")


def _named(layout: str, parts: dict[str, str]) -> FoundName | None:
    if "start" not in parts:
        return FoundName(layout, parts["id"], None)
    start_us, end_us = (int(Decimal(parts[name]) * US_PER_S) for name in ("start", "end"))
    return FoundName(layout, parts["id"], Span(start_us, end_us)) if start_us < end_us else None
