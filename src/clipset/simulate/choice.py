"""Which world and which policy a user means: a name or a file. A mistake is a UserError of one line."""

import difflib
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from clipset.config import UserError
from clipset.simulate.policies import asker
from clipset.simulate.world import Change, Errors, Limits, World, shipped_worlds

POLICIES = ("documented", "auto", "unlimited", "none", "aimd", "reference", "fixed:N")
DEFAULT_POLICY = POLICIES[0]
MOST_EGRESSES = 100_000

_WORLD_KEYS = {field.name for kind in (World, Limits) for field in fields(kind)} - {"name", "limits"} | {"egresses"}
_TABLE_KEYS = {"egresses": Limits, "changes": Change, "errors": Errors}


def find_world(word: str) -> World:
    """The TOML file, otherwise the shipped world of that name. Raises UserError."""
    shipped = {world.name: world for world in shipped_worlds()}
    path = Path(word)
    if word in shipped and not path.is_file():
        return shipped[word]
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if path.suffix == ".toml":
            raise UserError(f"{word}: there is no such file") from None
        names = ", ".join(shipped)
        raise UserError(
            f"no world is called {word!r}{_meant(word, shipped)}; there are {names}, or a .toml file"
        ) from None
    except UnicodeDecodeError:
        raise UserError(f"{word} is no text in UTF-8") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{word} cannot be read: {getattr(error, 'strerror', error)}") from None
    return _world(text, path.stem, word)


def check_policies(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once; `documented` where there is none. Raises UserError."""
    wanted = tuple(dict.fromkeys(names)) or (DEFAULT_POLICY,)
    for name in wanted:
        _check_policy(name)
    return wanted


def _check_policy(name: str) -> None:
    try:
        asker(name, workers=1)
    except ValueError as error:
        if name.startswith("fixed:"):
            raise UserError(f"--policy {name}: N of fixed:N is a number of videos an hour ({error})") from None
        known = ", ".join(POLICIES)
        raise UserError(f"no policy is called {name!r}{_meant(name, POLICIES)}; there are {known}") from None


def _world(text: str, name: str, source: str) -> World:
    try:
        _check_shape(tomllib.loads(text))
        return World.from_toml(text, name)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source} is no TOML: {error}") from None
    except RecursionError:
        raise UserError(f"{source} is no world: nested too deeply") from None
    except ValueError as error:
        raise UserError(f"{source} is no world: {str(error).removeprefix(f'{name}: ')}") from None


def _check_shape(table: Mapping[str, Any]) -> None:
    """What `World.from_toml` takes for granted. Raises ValueError."""
    _check_keys(table, _WORLD_KEYS, "of a world")
    for key, kind in _TABLE_KEYS.items():
        value = table.get(key, [])
        if key == "egresses" and not isinstance(value, list):
            if isinstance(value, int | float) and value > MOST_EGRESSES:
                raise ValueError(f"egresses is at most {MOST_EGRESSES:,}, not {value:,.0f}")
            continue
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise ValueError(f"{key} is a list of tables, such as {key} = [{{ … }}] or [[{key}]]")
        for item in value:
            _check_keys(item, {field.name for field in fields(kind)}, f"of {key}")
            if kind is Errors and not {"every_h", "for_s"} <= item.keys():
                raise ValueError("each of errors has every_h and for_s, and perhaps share")


def _check_keys(table: Mapping[str, Any], known: Collection[str], of_what: str) -> None:
    for key in table:
        if key not in known:
            raise ValueError(f"no key {of_what} is called {key!r}{_meant(key, known)}")


def _meant(word: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""
