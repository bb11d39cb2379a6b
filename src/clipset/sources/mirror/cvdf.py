"""Which tars CVDF's copy of Kinetics has, and which of them can hold a clip: `cvdf` of `--source`.

List files name the tars of a version's split. Those of Kinetics-600 (train, val) hold a class each and are named after
it; those of Kinetics-700-2020 (train, val) hold a class each and count the sorted classes from 1; others mix classes.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

from clipset.config import UserError
from clipset.reasons import Reason
from clipset.types import ClipsetError, Failure, Stage
from clipset.web import Web

HOST = "s3.amazonaws.com"
ROOT = f"https://{HOST}/kinetics"
SPLITS = ("train", "val", "test")
VERSIONS = ("400", "600", "700_2020")
REPLACEMENT = f"{ROOT}/400/replacement_for_corrupted_k400.tgz"
"""1,393 files of train that do not play in their tars."""

_LIST_BYTES_MAX = 32 << 20  # the longest, a CSV of 34,000 rows, has 2 MB
_ARCHIVE = re.compile(r"/([^/]+)\.(?:tar\.gz|tgz|tar)")
_OF_MIXED_CLASSES = re.compile(r"part_\d+")
_NUMBERED = re.compile(r"k700_(?:train|val)_(\d{1,6})")
_NAMED_AFTER = {"700": "700_2020"}  # the clips of 2019 are nearly those of 2020
_VERSION_IN_NAME = re.compile(r"(?<![a-z])(?:kinetics|k)[-_ ]*([467]00)(?:[-_ ]*2020)?(?!\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Tar:
    """`label` is folded; None where classes are mixed. `goes_first`: what it holds stands in for other tars' files."""

    url: str
    version: str
    split: str
    label: str | None = None
    goes_first: bool = False

    @property
    def name(self) -> str:
        """`400/val/part_0.tar.gz`"""
        return unquote(urlsplit(self.url).path).removeprefix("/kinetics/")

    def may_hold(self, versions: tuple[str, ...], split: str, label: str) -> bool:
        """Clips that a list puts in this split ('' for none) and under this label ('' for none)."""
        if self.version not in versions or mirror_split(split) not in ("", self.split):
            return False
        return self.label is None or not label or folded(label) == self.label


def folded(label: str) -> str:
    """Equal for the spellings of one class: `Playing_guitar` is `playing guitar`."""
    return " ".join(label.casefold().replace("_", " ").split())


def mirror_split(split: str) -> str:
    """The mirror's name of a list's split; '' for one that may be any."""
    plain = split.casefold()
    if plain in {"validate", "validation"}:
        return "val"
    return next((name for name in SPLITS if name in re.split(r"[^a-z]+", plain)), "")


def names_a_version(dataset: str) -> bool:
    """`kinetics400_val`, `k600`, `Kinetics-700-2020`"""
    return _VERSION_IN_NAME.search(dataset) is not None


def versions_of(dataset: str) -> tuple[str, ...]:
    """Where the clips of a dataset are looked for: in the version that its name names, otherwise in all."""
    found = _VERSION_IN_NAME.search(dataset)
    return VERSIONS if found is None else (_NAMED_AFTER.get(found[1], found[1]),)


def parse_versions(argument: str) -> tuple[str, ...]:
    """What follows the colon of `cvdf:400,600`; () for nothing. Raises UserError."""
    wanted = [_NAMED_AFTER.get(name, name).replace("-", "_") for name in filter(None, argument.split(","))]
    unknown = [name for name in wanted if name not in VERSIONS]
    if unknown:
        known = ", ".join(VERSIONS)
        raise UserError(
            f"--source cvdf: there is no version {unknown[0]!r}; there are {known} (cvdf:400,600 names two)"
        )
    return tuple(dict.fromkeys(wanted))


class Cvdf:
    """The mirror's lists. Raises ClipsetError from every method when they cannot be had."""

    name = "cvdf"

    def __init__(self, web: Web) -> None:
        self._web = web
        self._classes: list[str] | None = None

    def tars(self, version: str, split: str) -> list[Tar]:
        """In the order of the list. Raises ClipsetError (not_found too, for a list that names no tar), Interrupted."""
        url = f"{ROOT}/{version}/{split}/k{version}_{split}_path.txt"
        urls = [address for line in self._lines(url) if (address := _tar_url(url, line))]
        if not urls:
            raise ClipsetError(Failure(Reason.NOT_FOUND, f"the list {url} names no tar", Stage.RESOLVE))
        label_of = self._labels(version, split, urls)
        found = [Tar(address, version, split, label_of(address)) for address in dict.fromkeys(urls)]
        if (version, split) == ("400", "train"):
            found.insert(0, Tar(REPLACEMENT, version, split, goes_first=True))
        return found

    def _labels(self, version: str, split: str, urls: list[str]) -> Callable[[str], str | None]:
        if version == "600" and split != "test":
            return lambda url: None if _OF_MIXED_CLASSES.fullmatch(_stem(url)) else folded(_stem(url))
        if version == "700_2020" and split != "test":
            classes = self._sorted_classes()
            if len(classes) == len(urls):
                return lambda url: _numbered(url, classes)
        return lambda _: None

    def _sorted_classes(self) -> list[str]:
        """Those of Kinetics-700-2020, from the mirror's own annotations; [] where it has none."""
        if self._classes is None:
            try:
                rows = csv.DictReader(self._lines(f"{ROOT}/700_2020/annotations/val.csv"))
                self._classes = sorted({row["label"] for row in rows if row.get("label")})
            except (ClipsetError, csv.Error) as error:
                if isinstance(error, ClipsetError) and error.failure.reason is not Reason.NOT_FOUND:
                    raise
                self._classes = []
        return self._classes

    def _lines(self, url: str) -> Iterator[str]:
        text = bytearray()
        with self._web.open(url) as file:
            for piece in file:
                text += piece
                if len(text) > _LIST_BYTES_MAX:
                    raise ClipsetError(Failure(Reason.NOT_FOUND, f"{url} is no list: it is too long", Stage.RESOLVE))
        yield from text.decode("utf-8", "replace").splitlines()


def _tar_url(base: str, line: str) -> str | None:
    url = urljoin(base, line.strip())
    is_tar = urlsplit(url).scheme in {"http", "https"} and _ARCHIVE.search(urlsplit(url).path)
    return url if is_tar and line.strip() else None


def _stem(url: str) -> str:
    found = _ARCHIVE.search(unquote(urlsplit(url).path))
    return found[1] if found else ""


def _numbered(url: str, classes: list[str]) -> str | None:
    found = _NUMBERED.fullmatch(_stem(url))
    number = int(found[1]) if found else 0
    return folded(classes[number - 1]) if 1 <= number <= len(classes) else None
