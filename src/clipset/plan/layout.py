"""Where a clip lies: <split>/<label>/<clip id>.mp4, safe on every file system, no two labels in one folder. Pure.

The names are those of torchvision and mmaction2 (spaces become `_`), but parentheses, apostrophes and capitals stay.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from types import MappingProxyType

from clipset.types import Annotation, format_seconds

NO_SPLIT = "all"  # the folder of annotations without a split
SUFFIX = ".mp4"
MAX_FOLDER_BYTES = 200  # of the 255 that a name may have, so that a suffix of our own always fits
_HASH_CHARS = 8
_REPLACED = re.compile(r'[<>:"/\\|?*]')
_NOT_PRINTED = frozenset("CZ")  # Unicode categories: controls, surrogates, unassigned; every kind of space
_RESERVED = re.compile(r"(?i)(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|CLOCK\$|(?:COM|LPT)[0-9¹²³])(?=\.|$)")
_OUR_FILES = frozenset(("stats.csv", "failed.csv"))


def label_folder(label: str) -> str:
    """The folder name of a label, before two labels are told apart; the same name for a name that it made.

    NFC; everything that some file system refuses or hides becomes `_`; a name that Windows reserves gets `_` after its
    stem; more than 200 bytes of UTF-8 are cut, with `~` and 8 hex digits of the label's SHA-256.
    """
    text = _REPLACED.sub("_", "".join(map(_printed, unicodedata.normalize("NFC", label))))
    stem = text.lstrip(".")
    text = "_" * (len(text) - len(stem)) + stem
    body = text.rstrip(".")
    text = body + "_" * (len(text) - len(body))
    text = _RESERVED.sub(r"\1_", text, count=1) if _RESERVED.match(text) else text
    if text.casefold().endswith(SUFFIX):
        text += "_"  # a clip without a label has such a name
    return _shortened(text, label) if len(text.encode()) > MAX_FOLDER_BYTES else text or "_"


def split_folder(split: str) -> str:
    """As `label_folder`; the names of the tables that lie beside the splits are taken."""
    folder = label_folder(split)
    return folder + "_" if folder.casefold() in _OUR_FILES else folder


def _printed(char: str) -> str:
    return "_" if unicodedata.category(char)[0] in _NOT_PRINTED else char


def _shortened(text: str, label: str) -> str:
    kept_bytes = MAX_FOLDER_BYTES - 1 - _HASH_CHARS
    return f"{text.encode()[:kept_bytes].decode(errors='ignore')}~{_digest(label)[:_HASH_CHARS]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _folded(folder: str) -> str:
    """Equal for names that any case-insensitive or normalising file system may take for one."""
    folded = unicodedata.normalize("NFD", folder).casefold().upper().casefold()
    return unicodedata.normalize("NFD", folded)


class _Folders:
    """Names to folders, one to one: who comes first, or was known before, keeps the plain name."""

    def __init__(self, plain: Callable[[str], str], known: Mapping[str, str]) -> None:
        self._plain = plain
        self.of = dict(known)
        self._taken = {_folded(folder) for folder in known.values()}

    def __call__(self, name: str) -> str:
        folder = self.of.get(name)
        return self._assign(name) if folder is None else folder

    def keep(self, name: str, folder: str) -> str:
        """A folder given elsewhere stays, unless the name has one here or another name has that one."""
        if name not in self.of and _folded(folder) not in self._taken:
            self._taken.add(_folded(folder))
            self.of[name] = folder
        return self(name)

    def _assign(self, name: str) -> str:
        folder = next(folder for folder in self._candidates(name) if _folded(folder) not in self._taken)
        self._taken.add(_folded(folder))
        self.of[name] = folder
        return folder

    def _candidates(self, name: str) -> Iterator[str]:
        plain = self._plain(name)
        yield plain
        for zeros in count():  # a hostile list can name the folder that we would choose, but not all of them
            yield f"{plain}~{_digest(name + chr(0) * zeros)[:_HASH_CHARS]}"


class Layout:
    """Maps annotations to the relative paths of their clips, with `/`.

    `labels` and `splits` are what a ledger remembers (name to folder; the split "" stands for none), so that a folder
    once given stays. The same two attributes, read after planning, are what to remember.
    """

    def __init__(self, labels: Mapping[str, str] | None = None, splits: Mapping[str, str] | None = None) -> None:
        self._labels = _Folders(label_folder, labels or {})
        self._folders: dict[tuple[str | None, str | None], str] = {}
        self._splits = _Folders(lambda split: split_folder(split) if split else NO_SPLIT, splits or {})

    @property
    def labels(self) -> Mapping[str, str]:
        return MappingProxyType(self._labels.of)

    @property
    def splits(self) -> Mapping[str, str]:
        return MappingProxyType(self._splits.of)

    def keep_label(self, label: str, folder: str) -> str:
        """The folder here of a label that has `folder` in another dataset: the same one where it can be."""
        return self._labels.keep(label, folder)

    def keep_split(self, split: str, folder: str) -> str:
        """As `keep_label`."""
        return self._splits.keep(split, folder)

    def path(self, row: Annotation) -> str:
        """`<split>/<label>/<video id>_<start>_<end>.mp4`; without a label directly under the split."""
        folder = self._folders.get((row.split, row.label)) or self._folder(row.split, row.label)
        return f"{folder}{row.video_id}_{format_seconds(row.start_us)}_{format_seconds(row.end_us)}{SUFFIX}"

    def _folder(self, split: str | None, label: str | None) -> str:
        """With the last `/`; kept, since a list has 650,000 rows and a few thousand of these."""
        folder = f"{self._splits(split or '')}/" + (f"{self._labels(label)}/" if label else "")
        self._folders[split, label] = folder
        return folder
