"""The counter in every rehearsal picture: which video a frame belongs to, and which frame it is. Pure.

The lower quarter of the picture is a table of 3 rows and 16 columns of black and white blocks, 48 bits read row by
row, the highest bit first:

    4 bits    1010, the reference for white and black
    16 bits   media key, see `media_key_of`
    20 bits   frame number from 0, good for 9 hours at 30 fps
    8 bits    CRC-8 (polynomial 0x07) of key and frame number

Blocks keep their place relative to the picture, so scaling does not matter: at 228x128 a block is 14x10 px, which
H.264 keeps at any usual quality. Cropped or rotated pictures do not read.

Above the table, at the right edge, a patch is white in the first frame at or after each full second and dark in all
others; the sound beeps at each full second. So a beep is expected at k seconds, a flash at `ceil(k * fps) / fps`.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from hashlib import blake2b
from itertools import pairwise
from typing import Any, NamedTuple

COLUMNS = 16
ROWS = 3
STRIP_SHARE = Fraction(1, 4)  # of the picture's height
KEY_BITS = 16
FRAME_BITS = 20
CRC_BITS = 8
SYNC = 0b1010
FLASH_LEFT = Fraction(7, 8)  # the patch: right eighth of the picture ...
FLASH_BOTTOM = Fraction(1, 8)  # ... and its upper eighth
MIN_CONTRAST = 40  # between the white and the black reference, of 255

_LUMA_FIRST = {"yuv420p", "yuvj420p", "yuv422p", "yuv444p", "nv12", "gray"}  # 8 bits, plane 0 is luma


class CounterError(ValueError):
    """The picture carries no counter that reads back right."""


class Counter(NamedTuple):
    """What a picture says of itself."""

    media_key: int
    frame: int


class _Samples(NamedTuple):
    """Mean brightness of any patch [left, right) x [top, bottom) of a picture, in px."""

    width_px: int
    height_px: int
    patch: Callable[[int, int, int, int], float]


def media_key_of(video_id: str) -> int:
    """The 16 bits that stand for a video id in its pictures."""
    return int.from_bytes(blake2b(video_id.encode(), digest_size=KEY_BITS // 8).digest(), "big")


def encode_bits(counter: Counter) -> tuple[bool, ...]:
    """The 48 blocks, True for white. Raises ValueError when a number does not fit."""
    if not 0 <= counter.media_key < 1 << KEY_BITS or not 0 <= counter.frame < 1 << FRAME_BITS:
        raise ValueError(f"{counter} does not fit: a key has {KEY_BITS} bits, a frame number {FRAME_BITS}")
    payload = counter.media_key << FRAME_BITS | counter.frame
    word = (SYNC << KEY_BITS + FRAME_BITS | payload) << CRC_BITS | _crc8(payload)
    return tuple(bool(word >> bit & 1) for bit in reversed(range(COLUMNS * ROWS)))


def decode_bits(bits: Sequence[bool]) -> Counter:
    """Raises CounterError when reference or CRC are wrong."""
    word = sum(1 << place for place, bit in enumerate(reversed(bits)) if bit)
    payload = word >> CRC_BITS & (1 << KEY_BITS + FRAME_BITS) - 1
    if word >> CRC_BITS + KEY_BITS + FRAME_BITS != SYNC or word & (1 << CRC_BITS) - 1 != _crc8(payload):
        raise CounterError(f"no valid counter in the picture (read {word:012x})")
    return Counter(payload >> FRAME_BITS, payload & (1 << FRAME_BITS) - 1)


def read_frame(frame: Any) -> Counter:
    """The counter of an av.VideoFrame or of an array (height, width[, 3]) of 8-bit samples, RGB or BGR alike.

    Raises CounterError.
    """
    picture = _picture(frame)
    levels = [_level(picture, index) for index in range(COLUMNS * ROWS)]
    white, black = (levels[0] + levels[2]) / 2, (levels[1] + levels[3]) / 2
    if white - black < MIN_CONTRAST:
        raise CounterError(f"no counter in the picture: white reads {white:.0f}, black {black:.0f}")
    return decode_bits([level > (white + black) / 2 for level in levels])


def read_flash(frame: Any) -> bool:
    """Whether the picture opens a second (see the module's text). Takes what `read_frame` takes."""
    picture = _picture(frame)
    left, bottom = int(picture.width_px * FLASH_LEFT), int(picture.height_px * FLASH_BOTTOM)
    inset_px = max(1, bottom // 4)
    return picture.patch(left + inset_px, inset_px, picture.width_px - inset_px, bottom - inset_px) > 140


def opens_second(frame: int, fps: Fraction) -> bool:
    """Whether this is the first frame at or after a full second."""
    return frame // fps != (frame - 1) // fps


def block_edges_px(extent_px: int, blocks: int, first_px: int = 0) -> list[tuple[int, int]]:
    """(start, end) of each block along one side of the table; generator and reader share it."""
    edges = [first_px + index * (extent_px - first_px) // blocks for index in range(blocks + 1)]
    return list(pairwise(edges))


def strip_top_px(height_px: int) -> int:
    return height_px - int(height_px * STRIP_SHARE)


def _crc8(payload: int) -> int:
    crc = 0
    for byte in payload.to_bytes(5, "big"):
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def _level(picture: _Samples, index: int) -> float:
    """Mean brightness of the middle half of a block, where neither scaling nor deblocking reaches."""
    row, column = divmod(index, COLUMNS)
    left, right = block_edges_px(picture.width_px, COLUMNS)[column]
    top, bottom = block_edges_px(picture.height_px, ROWS, strip_top_px(picture.height_px))[row]
    inset_x_px, inset_y_px = (right - left) // 4, (bottom - top) // 4
    return picture.patch(left + inset_x_px, top + inset_y_px, right - inset_x_px, bottom - inset_y_px)


def _picture(frame: Any) -> _Samples:
    return _of_libav(frame) if hasattr(frame, "planes") else _of_array(frame)


def _of_libav(frame: Any) -> _Samples:
    if frame.format.name not in _LUMA_FIRST:
        frame = frame.reformat(format="gray")
    stride, data = frame.planes[0].line_size, bytes(frame.planes[0])

    def patch(left: int, top: int, right: int, bottom: int) -> float:
        rows = [data[y * stride + left : y * stride + right] for y in range(top, bottom)]
        return sum(map(sum, rows)) / ((right - left) * (bottom - top))

    return _Samples(frame.width, frame.height, patch)


def _of_array(frame: Any) -> _Samples:
    height_px, width_px = frame.shape[:2]

    def patch(left: int, top: int, right: int, bottom: int) -> float:
        return float(frame[top:bottom, left:right].mean())

    return _Samples(width_px, height_px, patch)
