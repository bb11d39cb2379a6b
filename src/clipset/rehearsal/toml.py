"""Reads frozen dataclasses from TOML, naming the key that is wrong. Pure but for reading the file."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def read_toml(kind: type[T], path: Path) -> T:
    """Raises ValueError naming file and key, OSError."""
    try:
        with path.open("rb") as file:
            value = _convert(kind, tomllib.load(file), "")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    assert isinstance(value, kind)  # noqa: S101 - narrows the type for mypy
    return value


def _convert(kind: Any, value: object, key: str) -> Any:
    for applies, convert in _CONVERTERS:
        if applies(kind):
            return convert(kind, value, key)
    return _plain(kind, value, key)


def _dataclass(kind: Any, value: object, key: str) -> Any:
    table = _expect(dict, value, key)
    hints = get_type_hints(kind)
    known = {item.name for item in fields(kind)}
    if unknown := set(table) - known:
        raise ValueError(f"{_at(key)}unknown key {min(unknown)!r}; known are {', '.join(sorted(known))}")
    values = {name: _convert(hints[name], item, f"{key}.{name}".lstrip(".")) for name, item in table.items()}
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{_at(key)}{error}") from error


def _tuple(kind: Any, value: object, key: str) -> tuple[Any, ...]:
    item_kind = get_args(kind)[0]
    return tuple(_convert(item_kind, item, f"{key}[{i}]") for i, item in enumerate(_expect(list, value, key)))


def _mapping(kind: Any, value: object, key: str) -> dict[str, Any]:
    item_kind = get_args(kind)[1]
    table = _expect(dict, value, key)
    return {name: _convert(item_kind, item, f'{key}."{name}"') for name, item in table.items()}


def _optional(kind: Any, value: object, key: str) -> Any:
    """TOML has no null: a key that is there has the other type."""
    return _convert(next(item for item in get_args(kind) if item is not NoneType), value, key)


def _plain(kind: Any, value: object, key: str) -> Any:
    if kind is Fraction or issubclass(kind, Enum):
        try:
            return kind(value)
        except (TypeError, ValueError, ZeroDivisionError) as error:
            raise ValueError(f"{_at(key)}{error}") from error
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return _expect(kind, value, key)


def _expect(kind: type[T], value: object, key: str) -> T:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{_at(key)}expected {kind.__name__}, not {value!r}")
    return value


def _at(key: str) -> str:
    return f"{key}: " if key else ""


_CONVERTERS: tuple[tuple[Callable[[Any], bool], Callable[[Any, object, str], Any]], ...] = (
    (is_dataclass, _dataclass),
    (lambda kind: get_origin(kind) is tuple, _tuple),
    (lambda kind: get_origin(kind) is Mapping, _mapping),
    (lambda kind: get_origin(kind) is UnionType, _optional),
)
