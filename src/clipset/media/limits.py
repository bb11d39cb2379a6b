"""What one media child may use before it is stopped."""

from dataclasses import dataclass

MIB = 1024 * 1024
KEYFRAMES_APART_US = 10_000_000  # what a clip that was cut on keyframes may have more than its span


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one child and one clip; a file that needs more is refused or the child is killed.

    A clip's time budget is `clip_s + per_media_s * duration of the span`, counted while the child works and not while
    it waits for bytes. The defaults are about forty times what a 360p clip takes on one slow core.
    """

    memory_bytes: int = 3 * 1024 * MIB  # address space of the child
    silence_s: float = 60.0  # no message for so long means that it hangs
    clip_s: float = 120.0
    per_media_s: float = 20.0
    side_px: int = 8192
    picture_px: int = 8192 * 4352  # 8K and a little; decoding and encoding it fits the memory above
    fetched_bytes: int = 4096 * MIB  # of one file: an endless one ends here
    clip_bytes: int = 1024 * MIB  # of a finished clip

    def budget_s(self, duration_us: int) -> float:
        return self.clip_s + self.per_media_s * duration_us / 1_000_000
