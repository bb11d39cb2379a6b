"""Which datasets there are: those of the package and those of the user, one TOML file each, named as the file."""

import difflib
import os
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from clipset.catalogue.dataset import Dataset, parse
from clipset.config import UserError

_SUFFIX = ".toml"


def user_folder() -> Path:
    """Where users put datasets of their own: `$XDG_CONFIG_HOME/clipset/datasets`, else under `~/.config`."""
    home = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(home) if home else Path.home() / ".config") / "clipset" / "datasets"


def names() -> list[str]:
    return list(_files())


def datasets() -> list[Dataset]:
    """All of them. Raises UserError for a user's file that is no description."""
    return [_read(name, file) for name, file in _files().items()]


def find(name: str) -> Dataset:
    """The dataset of this name, or the one that the file `name` (ending with .toml) describes. Raises UserError."""
    if name.endswith(_SUFFIX):
        return _read(Path(name).stem, Path(name))
    files = _files()
    if name not in files:
        raise UserError(_unknown(name))
    return _read(name, files[name])


def _unknown(name: str) -> str:
    known = names()
    folded = name.casefold().replace("_", "-").replace(" ", "")
    close = difflib.get_close_matches(folded, known, n=3, cutoff=0.6)
    if close:
        return f"there is no dataset {name!r}; did you mean {' or '.join(close)}?"
    return f"there is no dataset {name!r}; there are: {', '.join(known)}"


def _files() -> dict[str, Traversable]:
    """By name, sorted; a user's own stands in for a built-in one."""
    shipped = (resources.files("clipset.catalogue") / "datasets").iterdir()
    folder = user_folder()
    own: list[Traversable] = list(folder.iterdir()) if folder.is_dir() else []
    found = {file.name.removesuffix(_SUFFIX): file for file in (*shipped, *own) if file.name.endswith(_SUFFIX)}
    return dict(sorted(found.items()))


def _read(name: str, file: Traversable) -> Dataset:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return parse(name, text, str(file))
