"""Draws the pictures of a rehearsal video: something to look at above, the counter below.

Pure Python on byte planes (yuv420p): no array library is needed at run time. What a frame shows follows from the
spec and its number alone.
"""

from math import pi, sin
from random import Random

from clipset.rehearsal.counter import (
    COLUMNS,
    FLASH_BOTTOM,
    FLASH_LEFT,
    ROWS,
    Counter,
    block_edges_px,
    encode_bits,
    opens_second,
    strip_top_px,
)
from clipset.rehearsal.media.shapes import Spans, capsule, jumping_jack, number_rows, rectangle
from clipset.rehearsal.media.spec import Picture

WHITE, BLACK = 235, 16  # limited range
FIGURE, BALL = 190, 215


class Painter:
    """Draws frames of one video. `strides` are the line sizes in bytes of the three planes."""

    def __init__(self, picture: Picture, strides: tuple[int, int, int]) -> None:
        self._picture = picture
        self._width, self._height, self._stride = picture.width_px, picture.height_px, strides[0]
        self._strip_top = strip_top_px(picture.height_px)
        self._random = Random(picture.media_key)  # noqa: S311 - a pattern, not cryptography
        self._blue, self._red = self._tint(strides[1]), self._tint(strides[2])
        self._period = round(picture.fps)
        self._scenes = [self._scene(phase / self._period) for phase in range(self._period)]
        self._ball = capsule((0, 0), (0, 0), self._height / 18)
        self._flash = rectangle(int(self._width * FLASH_LEFT), 0, self._width, int(self._height * FLASH_BOTTOM))

    def draw(self, frame: int) -> tuple[bytes, bytes, bytes]:
        """The planes Y, U, V of a frame."""
        luma = bytearray(self._scenes[frame % self._period])
        self._fill(luma, self._ball, BALL, self._ball_at(frame))
        self._write_seconds(luma, int(frame / self._picture.fps))
        if opens_second(frame, self._picture.fps):
            self._fill(luma, self._flash, WHITE)
        return bytes(luma) + self._strip(frame), self._blue, self._red

    def _fill(self, luma: bytearray, spans: Spans, level: int, at: tuple[int, int] = (0, 0)) -> None:
        shade = bytes([level]) * self._width
        for y, left, right in spans:
            start = (y + at[1]) * self._stride + left + at[0]
            luma[start : start + right - left] = shade[: right - left]

    def _strip(self, frame: int) -> bytes:
        bits = encode_bits(Counter(self._picture.media_key, frame))
        columns = [right - left for left, right in block_edges_px(self._width, COLUMNS)]
        lines = b""
        for row, (top, bottom) in enumerate(block_edges_px(self._height, ROWS, self._strip_top)):
            levels = (WHITE if bit else BLACK for bit in bits[row * COLUMNS : (row + 1) * COLUMNS])
            line = b"".join(bytes([level]) * px for level, px in zip(levels, columns, strict=True))
            lines += line.ljust(self._stride, b"\0") * (bottom - top)
        return lines

    def _ball_at(self, frame: int) -> tuple[int, int]:
        """Crosses the scene in eight seconds, a bounce a second."""
        margin = self._height // 9
        phase = float(frame / self._picture.fps)
        x = margin + (self._width - 2 * margin) * abs((phase / 4) % 2 - 1)
        y = self._strip_top - margin - abs(sin(pi * phase)) * self._height / 3
        return int(x), int(y)

    def _scene(self, phase: float) -> bytes:
        """Background and figure at one phase of its jump: drawn once, copied ever after."""
        scene, margin = bytearray(self._gradient()), self._height // 9
        self._fill(scene, jumping_jack(self._width // 2, margin, self._strip_top - margin, phase), FIGURE)
        return bytes(scene)

    def _write_seconds(self, luma: bytearray, seconds: int) -> None:
        top = self._height // 24
        for y, row in enumerate(number_rows(seconds, 4, self._height // 9, WHITE, BLACK), top):
            start = y * self._stride + self._width // 40
            luma[start : start + len(row)] = row

    def _gradient(self) -> bytes:
        """From dark above to half bright below; the video's key decides how bright."""
        bright = 70 + self._picture.media_key % 40
        levels = (40 + (bright - 40) * y // self._strip_top for y in range(self._strip_top))
        return b"".join(bytes([level]) * self._stride for level in levels)

    def _tint(self, stride: int) -> bytes:
        return bytes([self._random.randrange(98, 158)]) * (stride * (self._height // 2))
