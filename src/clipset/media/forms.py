"""What is to be made of a clip, as parent and child say it to each other."""

from dataclasses import dataclass

PIECE_BYTES, PIECE_PICTURES = 1024 * 1024, 256  # what the child gathers before it sends, and one picture more


@dataclass(frozen=True, slots=True)
class PictureForm:
    """Every `every`th picture from the first on, scaled down to `short_side_px` if that is given.

    `quality` is libav's qscale for JPEG: 1 the best, 31 the smallest.
    """

    every: int = 1
    short_side_px: int | None = None
    quality: int = 2

    def kept(self, frames: int) -> int:
        """How many pictures come of so many frames."""
        return -(-frames // self.every)


@dataclass(frozen=True, slots=True)
class SoundForm:
    """`format` is wav, flac or m4a. `rate_hz` None keeps the clip's rate, without `mono` its channels up to two."""

    format: str = "wav"
    rate_hz: int | None = None
    mono: bool = False


@dataclass(frozen=True, slots=True)
class PreviewForm:
    """A clip at a glance: its pictures `speed` times as fast, or faster so that it is over in `most_s` seconds."""

    short_side_px: int = 90
    speed: float = 4.0
    most_s: float = 7.5
    rate_hz: int = 12
    bits_per_s: int = 140_000  # what ten seconds of anything need at this size is 45 kB

    def hurry(self, duration_us: int) -> float:
        """How many times as fast a clip is shown."""
        return max(self.speed, duration_us / 1_000_000 / self.most_s)
