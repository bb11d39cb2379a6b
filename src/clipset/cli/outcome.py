"""Exit statuses, and errors as one plain line each."""

import sys
from enum import IntEnum

from clipset.progress.text import printable
from clipset.reasons import Reason
from clipset.types import Failure


class Exit(IntEnum):
    """What a status means is part of the contract."""

    OK = 0  # nothing wanted remains
    BUG = 1
    USAGE = 2  # command, configuration or annotations make no sense; nothing was written
    RESUMABLE = 3  # stopped early, or clips left whose time has not come
    VERIFICATION = 4
    MACHINE = 5  # disk full, no permission, missing part


_ADVICE = {
    Reason.DISK_FULL: "free some space and run the same command again; nothing is lost",
    Reason.NO_PERMISSION: "make the directory writable (or choose another --out) and run the same command again",
    Reason.MISSING_PART: "see above for what is missing; then run the same command again",
}


def say(line: str) -> None:
    """What people want to know beside the result, on standard error."""
    print(printable(line, 2000), file=sys.stderr)


def complain(message: str) -> None:
    """One error on standard error."""
    say(f"clipset: {message}")


def machine_failed(failure: Failure) -> Exit:
    """Say what this machine failed at and what to do about it."""
    advice = _ADVICE.get(failure.reason)
    says_what_to_do = advice is None or " again" in failure.detail
    complain(f"{failure.detail} ({failure.reason})" + ("" if says_what_to_do else f"; {advice}"))
    return Exit.BUG if failure.reason is Reason.BUG else Exit.MACHINE
