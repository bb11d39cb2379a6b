"""How a sweep shows what it does."""

from dataclasses import dataclass
from typing import Protocol

from clipset.run import Observer


@dataclass(frozen=True, slots=True)
class SweepView:
    """`tars` are those that the sweep goes through as far as it knows now, `current` those being read.

    `ahead_bytes` is what is left of them; those not begun are taken to be as large as those that are.
    """

    tars: int
    tars_done: int
    current: tuple[str, ...]
    read_bytes: int
    ahead_bytes: int | None
    elapsed_s: float

    @property
    def eta_s(self) -> float | None:
        """None while nothing is known."""
        if self.ahead_bytes is None or not self.read_bytes:
            return None
        return self.ahead_bytes * self.elapsed_s / self.read_bytes


class SweepObserver(Observer, Protocol):
    """Every call comes from the loop's thread."""

    def streaming(self, view: SweepView) -> None:
        """A few times a second."""
        ...

    def warned(self, text: str, about: str = "mirror") -> None:
        """What the user should know of the mirror, or of what else `about` names; it goes on."""
        ...

    def regained(self) -> None:
        """The clip recorded next was given up before."""
        ...
