"""What clips took: means, maxima, the same without outliers, and which stage dominates. Pure."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from clipset.types import US_PER_S

DAY_S = 86_400


class Spread(NamedTuple):
    """Of a stage, in seconds."""

    mean_s: float
    max_s: float


class Stages(NamedTuple):
    """Of `clips` clips."""

    clips: int
    total: Spread
    download: Spread
    trim: Spread

    def sequential_days(self, clips: int) -> float:
        """How long so many clips take one after the other, each the mean time."""
        return self.total.mean_s * clips / DAY_S


def _column() -> "array[int]":
    return array("q")


@dataclass(frozen=True, slots=True)
class Timings:
    """Times of clips in microseconds, three columns of the same length: 650,000 clips are 16 MB."""

    download_us: "array[int]" = field(default_factory=_column)
    trim_us: "array[int]" = field(default_factory=_column)
    total_us: "array[int]" = field(default_factory=_column)

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int]]) -> "Timings":
        timings = cls()
        for download_us, trim_us, total_us in rows:
            timings.add(download_us, trim_us, total_us)
        return timings

    def add(self, download_us: int, trim_us: int, total_us: int) -> None:
        self.download_us.append(download_us)
        self.trim_us.append(trim_us)
        self.total_us.append(total_us)

    def __len__(self) -> int:
        return len(self.total_us)

    def stages(self) -> Stages:
        columns = (self.total_us, self.download_us, self.trim_us)
        return Stages(len(self), *(Spread(_s(sum(column) / len(column)), _s(max(column))) for column in columns))

    def inside_fences(self) -> "Timings":
        """The clips inside Tukey's fences: of the download times first, then of the trim times that are left."""
        low_us, high_us = fences_us(self.download_us)
        kept = Timings.of(row for row in self.rows() if low_us <= row[0] <= high_us)
        low_us, high_us = fences_us(kept.trim_us)
        return Timings.of(row for row in kept.rows() if low_us <= row[1] <= high_us)

    def rows(self) -> Iterator[tuple[int, int, int]]:
        """(download_us, trim_us, total_us)."""
        return zip(self.download_us, self.trim_us, self.total_us, strict=True)

    def trim_dominates(self) -> int:
        """How many clips took at least as long to trim as to download: a tie is the trim's."""
        return sum(trim >= download for download, trim in zip(self.download_us, self.trim_us, strict=True))


def fences_us(values_us: Sequence[int]) -> tuple[float, float]:
    """q1 - 1.5 IQR and q3 + 1.5 IQR, quartiles interpolated between neighbours."""
    ordered = sorted(values_us)
    first, third = _quantile(ordered, 0.25), _quantile(ordered, 0.75)
    reach = 1.5 * (third - first)
    return first - reach, third + reach


def histogram(values_us: Sequence[int], bin_us: int, most_us: int) -> list[tuple[float, int]]:
    """(start of the bin in seconds, clips), empty bins included; the last bin holds all that took longer."""
    counts = [0] * (most_us // bin_us + 1)
    for value_us in values_us:
        counts[min(value_us, most_us) // bin_us] += 1
    return [(_s(number * bin_us), count) for number, count in enumerate(counts)]


def _quantile(ordered: Sequence[int], share: float) -> float:
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _s(time_us: float) -> float:
    return time_us / US_PER_S
