"""What a user may decide about pace: `--rate`. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum

GUEST_PER_H = 300.0
ACCOUNT_PER_H = 2000.0
"""Videos an hour that YouTube tolerates from a guest and from an account: yt-dlp's wiki, «Extractors», April 2026."""

_FIXED = re.compile(r"(\d+(?:\.\d+)?) ?/ ?h(?:our)?", re.ASCII)


class Mode(StrEnum):
    DOCUMENTED = "documented"  # never faster than the documented limit, learns downwards
    AUTO = "auto"  # also explores upwards, carefully
    FIXED = "fixed"  # a rate of the user's choice; only the breaker works
    UNLIMITED = "unlimited"  # no pace; only the breaker works


@dataclass(frozen=True, slots=True)
class Policy:
    """`limit_per_h` is the documented limit, or the fixed rate; it says nothing with `unlimited`."""

    mode: Mode = Mode.DOCUMENTED
    limit_per_h: float = GUEST_PER_H

    def __post_init__(self) -> None:
        if not 0.1 <= self.limit_per_h <= 1e6:
            raise ValueError(f"a rate is between 0.1/h and 1000000/h, not {self.limit_per_h:g}/h")

    @property
    def learns(self) -> bool:
        return self.mode in {Mode.DOCUMENTED, Mode.AUTO}

    @classmethod
    def parse(cls, text: str, *, cookies: bool = False) -> "Policy":
        """`documented`, `auto`, `unlimited` or a number such as `250/h`. Raises ValueError.

        With cookies the documented limit is that of an account.
        """
        limit_per_h = ACCOUNT_PER_H if cookies else GUEST_PER_H
        if text in {Mode.DOCUMENTED, Mode.AUTO, Mode.UNLIMITED}:
            return cls(Mode(text), limit_per_h)
        if fixed := _FIXED.fullmatch(text.strip()):
            return cls(Mode.FIXED, float(fixed[1]))
        raise ValueError(f"the rate {text!r} is not known: use documented, auto, unlimited or a number such as 250/h")
