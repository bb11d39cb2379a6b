"""Times as people write them: a time of day, an age."""

import re
from datetime import datetime, timedelta

from clipset.config import UserError
from clipset.types import US_PER_S

_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_AGE = re.compile(r"(\d{1,6})([hdw])", re.ASCII)
_AGE_S = {"h": 3600, "d": 86_400, "w": 7 * 86_400}


def next_us(text: str, now_us: int) -> int:
    """`07:30`: the next time that a clock on this machine shows it, wall clock. Raises UserError."""
    found = _TIME_OF_DAY.fullmatch(text)
    if found is None:
        raise UserError(f"--until is a time of day such as 07:30, not {text!r}")
    now = datetime.fromtimestamp(now_us / US_PER_S)  # noqa: DTZ006 - the user's own clock
    at = now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
    return round((at if at > now else at + timedelta(days=1)).timestamp()) * US_PER_S


def age_us(text: str) -> int:
    """`12h`, `30d`, `2w`. Raises UserError."""
    found = _AGE.fullmatch(text)
    if found is None:
        raise UserError(f"--older-than is a number of hours, days or weeks such as 30d, not {text!r}")
    return int(found[1]) * _AGE_S[found[2]] * US_PER_S


def of_iso_us(text: str) -> int:
    """The instant that the ledger's reports write as ISO 8601 UTC, to the second."""
    return int(datetime.fromisoformat(text).timestamp()) * US_PER_S
