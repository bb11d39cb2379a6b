"""From a span's microseconds to a stream's ticks, exactly."""

from fractions import Fraction

from clipset.types import US_PER_S


def tick_at(time_us: int, time_base: Fraction) -> int:
    """The first tick at or after a time. A tick t is in a span exactly if tick_at(start) <= t < tick_at(end)."""
    return -(-time_us * time_base.denominator // (US_PER_S * time_base.numerator))


def us_of(seconds: Fraction) -> int:
    """Microseconds, to the nearest."""
    return round(seconds * US_PER_S)
