"""Time and interruptible waiting, passed as an argument so that policy stays pure and every wait can be ended.

Wall-clock time is integer microseconds since the epoch (UTC); it survives restarts and is what the ledger stores.
"""

import threading
import time
from typing import Protocol

from clipset.types import US_PER_S


class Clock(Protocol):
    def now_us(self) -> int:
        """Wall clock, microseconds since 1970-01-01T00:00:00Z."""
        ...

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait at most `seconds`; True as soon as `stop` is set."""
        ...


class SystemClock:
    def now_us(self) -> int:
        return time.time_ns() * US_PER_S // 1_000_000_000

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        return stop.wait(max(0.0, seconds))
