"""What an answer means for its clip: pure policy."""

from collections.abc import Callable
from typing import NamedTuple

from clipset.reasons import Disposition, Reason
from clipset.types import US_PER_S, Failure, Stored

Retry = Callable[[Reason, int], float | None]
"""Seconds until a clip may be asked for again after its n-th failure (from 1) with this reason; None gives it up.

0.0 means: not again in this session, at once in the next.
"""

_LONGEST_WAIT_S = 366 * 86_400.0  # a server may name any number in Retry-After


class Settled(NamedTuple):
    """`not_before_us` 0: at once in the next session."""

    state: str
    not_before_us: int


def settle(failure: Failure, tries: int, now_us: int, retry: Retry) -> Settled:
    """What a failure that counts means; `tries` are the clip's failures with this reason, this one included.

    A disposition of lost asks `retry` too: a policy may give damaged media a second chance.
    """
    delay_s = retry(failure.reason, tries)
    if delay_s is None:
        return Settled("lost", 0)
    wait_s = min(max(delay_s, failure.retry_after_s or 0.0), _LONGEST_WAIT_S)
    return Settled("wanted", now_us + round(wait_s * US_PER_S) if wait_s > 0 else 0)


def counts(result: Stored | Failure) -> bool:
    """Whether an answer costs the clip an attempt: a refusal is about the egress, a stop about this machine."""
    return isinstance(result, Stored) or result.disposition not in {Disposition.PACE, Disposition.STOP}
