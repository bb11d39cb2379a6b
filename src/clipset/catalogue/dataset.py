"""What is known of a dataset, from its TOML file; a figure that nobody has published is left out, never guessed."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from clipset.config import UserError

_Kind = TypeVar("_Kind")
_HEX_DIGITS: Final = frozenset("0123456789abcdef")
_TEXTS = ("title", "about", "homepage", "licence", "licence_url")
_COUNTS = ("classes", "clips", "videos", "mirror_bytes")


@dataclass(frozen=True, slots=True)
class AnnotationList:
    """One list of a dataset: a file of its own at `url`, or the `member` of an archive there (tar or zip).

    `split` is what its rows belong to where they do not say it themselves. `rows` is how many it was published with
    (clips with a label each) and `sha256` that of its bytes, where they are known. `columns` maps the names of
    `--column` for a table of no known form.
    """

    url: str
    member: str | None = None
    split: str | None = None
    rows: int | None = None
    sha256: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        return (self.member or urlsplit(self.url).path).rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as its authors publish it. Counts are of all splits together, None where they are not known.

    `clip_s` is the usual length of a clip, `mirror_bytes` what a published copy of the clips takes. `sources` says
    where a figure comes from, by its key.
    """

    name: str
    title: str
    lists: tuple[AnnotationList, ...]
    about: str = ""
    homepage: str = ""
    licence: str = ""
    licence_url: str = ""
    classes: int | None = None
    clips: int | None = None
    known_videos: int | None = None
    clip_s: float | None = None
    mirror_bytes: int | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def videos(self) -> int | None:
        """Different videos; where nobody counted them, the clips, which are at most as many."""
        return self.clips if self.known_videos is None else self.known_videos

    @property
    def splits(self) -> dict[str, int | None]:
        """Rows of each split, in the order of the lists; None where they are not known."""
        rows: dict[str, int | None] = {}
        for item in self.lists:
            split, known = item.split or "", item.rows
            before = rows.get(split, 0)
            rows[split] = None if known is None or before is None else before + known
        return rows


def parse(name: str, text: str, where: str) -> Dataset:
    """A dataset from its TOML text; `where` is the file, for messages. Raises UserError."""
    try:
        return _dataset(name, _Table(tomllib.loads(text)))
    except (tomllib.TOMLDecodeError, _FaultError) as error:
        raise UserError(f"{where} is no dataset description: {error}") from None


class _FaultError(Exception):
    """A key that is missing, unknown or of the wrong kind."""


class _Table:
    """A TOML table whose keys are taken one by one; what is left at the end was mistyped."""

    def __init__(self, found: dict[str, Any], place: str = "") -> None:
        self._found, self._place = dict(found), place

    def take(self, key: str, kind: type[_Kind]) -> _Kind | None:
        value = self._found.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, kind) or isinstance(value, bool):
            raise _FaultError(f"{self._place}{key} must be of the kind {kind.__name__}")
        return value

    def need(self, key: str, kind: type[_Kind]) -> _Kind:
        value = self.take(key, kind)
        if value is None or value in ("", []):
            raise _FaultError(f"{self._place}{key} is missing")
        return value

    def count(self, key: str) -> int | None:
        value = self.take(key, int)
        if value is not None and value < 0:
            raise _FaultError(f"{self._place}{key} must not be negative")
        return value

    def texts(self, key: str) -> dict[str, str]:
        found: dict[str, object] = self.take(key, dict) or {}
        if not all(isinstance(value, str) for value in found.values()):
            raise _FaultError(f"{self._place}{key} must hold text only")
        return {name: str(value) for name, value in found.items()}

    def done(self) -> None:
        if self._found:
            raise _FaultError(f"{self._place}{next(iter(self._found))} is not known")


def _dataset(name: str, table: _Table) -> Dataset:
    texts = {key: table.take(key, str) or "" for key in _TEXTS}
    counts = {key: table.count(key) for key in _COUNTS}
    clip_s = table.take("clip_s", int | float)  # type: ignore[arg-type] # a union is a kind too
    lists = tuple(_list(found, number) for number, found in enumerate(table.need("lists", list), 1))
    sources = table.texts("sources")
    table.done()
    return Dataset(
        name,
        texts.pop("title") or name,
        lists,
        classes=counts["classes"],
        clips=counts["clips"],
        known_videos=counts["videos"],
        clip_s=None if clip_s is None else float(clip_s),
        mirror_bytes=counts["mirror_bytes"],
        sources=sources,
        **texts,
    )


def _list(found: object, number: int) -> AnnotationList:
    if not isinstance(found, dict):
        raise _FaultError("lists must be tables: [[lists]]")
    table = _Table(found, f"lists[{number}].")
    url, sha256 = table.need("url", str), table.take("sha256", str)
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
        raise _FaultError(f"lists[{number}].url must begin with https:// or http://")
    if sha256 is not None and (len(sha256) != 64 or not set(sha256) <= _HEX_DIGITS):
        raise _FaultError(f"lists[{number}].sha256 must be 64 hex digits in lower case")
    item = AnnotationList(
        url, table.take("member", str), table.take("split", str), table.count("rows"), sha256, table.texts("columns")
    )
    table.done()
    if item.file_name in {"", ".", ".."} or ".." in (item.member or "").split("/") or (item.member or "")[:1] == "/":
        raise _FaultError(f"lists[{number}] names no file inside its archive")
    return item
