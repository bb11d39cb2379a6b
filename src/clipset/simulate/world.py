"""A world to simulate: the limiters of its egresses and what happens to them, read from TOML."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from importlib import resources
from typing import Any

from clipset.reasons import Reason, classify

ANSWERS: dict[str, tuple[int | None, str]] = {
    "429": (429, "HTTP Error 429: Too Many Requests"),
    "retry_after": (429, "HTTP Error 429: Too Many Requests"),  # and Retry-After tells the rest of the block
    "402": (402, "HTTP Error 402: Payment Required"),
    "403": (403, "Unable to download API page: HTTP Error 403: Forbidden"),
    "unavailable": (None, "Video unavailable. This content isn't available, try again later."),
    "bot": (None, "Sign in to confirm you\N{RIGHT SINGLE QUOTATION MARK}re not a bot."),
    "captcha": (None, "Video unavailable. YouTube is requiring a captcha challenge before playback"),
}
ANSWERS |= {"rate_limit": ANSWERS["unavailable"], "bot_check": ANSWERS["bot"], "media_403": ANSWERS["403"]}
"""How a limiter says no, HTTP status and text; also by the names that the rehearsal has for it."""

Draw = tuple[float, float]
"""Lowest and highest value of a uniform draw; equal for a fixed number."""


@dataclass(frozen=True, slots=True)
class Change:
    """From `at_h` on, the limiters have this limit and block; None leaves them."""

    at_h: float
    limit: Draw | None = None
    block_s: Draw | None = None


@dataclass(frozen=True, slots=True)
class Errors:
    """Every `every_h` hours, for `for_s` seconds, this share of the requests is answered with a 503."""

    every_h: float
    for_s: float
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """An egress tolerates `limit` requests in any `window_s`; one more is refused and blocks it for `block_s`.

    With a range each block draws anew. A refused request does not count, but with `extend_block` a request while
    blocked starts the block again.
    """

    limit: Draw
    window_s: float
    block_s: Draw


@dataclass(frozen=True, slots=True)
class World:
    """`service_s` is what a video takes, give or take the share `jitter`; each egress serves `workers` at a time."""

    name: str
    limits: tuple[Limits, ...]
    extend_block: bool = False
    answer: str = "429"
    service_s: float = 10.0
    jitter: float = 0.2
    videos: int = 10_000_000
    horizon_h: float = 336.0
    workers: int = 16
    changes: tuple[Change, ...] = ()
    errors: tuple[Errors, ...] = ()
    seed: int = 0

    def seeded(self, seed: int) -> "World":
        return replace(self, seed=seed)

    @classmethod
    def from_toml(cls, text: str, name: str = "world") -> "World":
        """Raises ValueError that says which key is wrong."""
        try:
            return _world(tomllib.loads(text), name)
        except (tomllib.TOMLDecodeError, TypeError, ValueError) as error:
            raise ValueError(f"{name}: {error}") from None


def shipped_worlds() -> Iterator[World]:
    """The worlds of the package, by name."""
    folder = resources.files("clipset.simulate") / "worlds"
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        yield World.from_toml(file.read_text("utf-8"), file.name.removesuffix(".toml"))


_LIMIT_KEYS = ("limit", "window_s", "block_s")
_PLAIN_KEYS = ("answer", "extend_block", "horizon_h", "jitter", "seed", "service_s", "videos", "workers")


def _world(table: Mapping[str, Any], name: str) -> World:
    if unknown := table.keys() - {*_LIMIT_KEYS, *_PLAIN_KEYS, "egresses", "changes", "errors"}:
        raise ValueError(f"no key of a world is called {', '.join(sorted(unknown))}")
    plain = {key: _plain(key, table[key]) for key in _PLAIN_KEYS if key in table}
    answer = plain.get("answer", "429")
    if answer not in ANSWERS and classify(answer) is not Reason.THROTTLED:
        raise ValueError(f"answer is one of {', '.join(ANSWERS)}, or the text of a refusal")
    return World(
        name=name,
        limits=_egresses(table),
        changes=tuple(sorted((_change(item) for item in table.get("changes", ())), key=lambda item: item.at_h)),
        errors=tuple(Errors(**{key: _number(key, item[key]) for key in item}) for item in table.get("errors", ())),
        **plain,
    )


def _egresses(table: Mapping[str, Any]) -> tuple[Limits, ...]:
    egresses = table.get("egresses", 1)
    if isinstance(egresses, int | float) and not isinstance(egresses, bool) and egresses >= 1 and egresses % 1 == 0:
        egresses = [{}] * int(egresses)
    if not isinstance(egresses, list) or not egresses:
        raise ValueError("egresses is a number from 1 or a list of tables")
    return tuple(_limits({**{key: table[key] for key in _LIMIT_KEYS if key in table}, **item}) for item in egresses)


def _limits(table: Mapping[str, Any]) -> Limits:
    if unknown := table.keys() - set(_LIMIT_KEYS):
        raise ValueError(f"an egress overrides limit, window_s or block_s, not {', '.join(sorted(unknown))}")
    return Limits(
        limit=_draw("limit", table.get("limit", 300)),
        window_s=_number("window_s", table.get("window_s", 3600)),
        block_s=_draw("block_s", table.get("block_s", 3600)),
    )


def _change(table: Mapping[str, Any]) -> Change:
    if "at_h" not in table or table.keys() - {item.name for item in fields(Change)}:
        raise ValueError("a change has at_h, and limit or block_s")
    draws = {key: _draw(key, table[key]) for key in ("limit", "block_s") if key in table}
    return Change(_number("at_h", table["at_h"]), **draws)


def _draw(key: str, value: Any) -> Draw:
    low, high = value if isinstance(value, list) and len(value) == 2 else (value, value)
    low, high = _number(key, low), _number(key, high)
    if low > high:
        raise ValueError(f"{key} goes from low to high")
    return low, high


_LEAST = {"limit": 1, "window_s": 1, "service_s": 0.01, "horizon_h": 0.1, "videos": 1, "workers": 1, "every_h": 0.01}
_MOST = {"jitter": 1, "share": 1, "workers": 10_000, "horizon_h": 100_000}


def _number(key: str, value: Any) -> float:
    least, most = _LEAST.get(key, -1e12 if key == "seed" else 0), _MOST.get(key, 1e12)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise ValueError(f"{key} is a number from {least:g} to {most:g}, not {value!r}")
    return float(value)


def _plain(key: str, value: Any) -> Any:
    if key in {"answer", "extend_block"}:
        if key == "answer" and type(value) is int:
            return str(value)  # an HTTP status
        if not isinstance(value, str if key == "answer" else bool):
            raise ValueError(f"{key} is {'a text' if key == 'answer' else 'true or false'}, not {value!r}")
        return value
    number = _number(key, value)
    return int(number) if key in {"videos", "workers", "seed"} else number
