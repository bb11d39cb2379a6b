"""A clip that is written but not yet believed."""

from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Draft:
    """The bytes, and what decoding them must show. Seconds count from the clip's first frame."""

    data: bytes = field(repr=False)
    times_s: tuple[Fraction, ...]  # of the frames
    duration_s: Fraction
    present_s: Fraction  # how much of the span it holds
    sound_s: Fraction | None  # how long the sound is; None without sound
    needed_bytes: int = 0  # of the source's packets, see least.needed_bytes
