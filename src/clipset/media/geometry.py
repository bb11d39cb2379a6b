"""What becomes of a picture's shape: turned as its display matrix says, made even, scaled down if asked."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from av import VideoFrame
from av.buffer import Buffer
from av.filter import Graph
from av.sidedata.sidedata import Type

_TURNS = {  # signs of the matrix (a b / c d) of ISO/IEC 14496-12: where the picture's axes point when shown
    (1, 0, 0, 1): (),
    (0, 1, -1, 0): ("transpose=clock",),
    (-1, 0, 0, -1): ("hflip", "vflip"),
    (0, -1, 1, 0): ("transpose=cclock",),
    (-1, 0, 0, 1): ("hflip",),
    (1, 0, 0, -1): ("vflip",),
    (0, 1, 1, 0): ("transpose=cclock_flip",),
    (0, -1, -1, 0): ("transpose=clock_flip",),
}
_SCALE = "lanczos+accurate_rnd+bitexact+full_chroma_int"


@dataclass(frozen=True, slots=True)
class Shape:
    """How frames of one kind become pictures of the clip. `turns` are libav filters."""

    width_px: int
    height_px: int
    turns: tuple[str, ...]
    sample_aspect: Fraction
    crop: bool  # to the even size; otherwise scaled to it

    @classmethod
    def of(cls, frame: VideoFrame, sample_aspect: Fraction, short_side_px: int | None) -> Shape:
        """The shape of a clip whose first frame this is.

        An odd size loses its last column or row, so that no pixel is resampled; scaling, down only, is to even sizes
        and keeps the sample aspect ratio.
        """
        turns = _turns(frame)
        width, height = frame.width, frame.height
        if any(turn.startswith("transpose") for turn in turns):
            width, height, sample_aspect = height, width, 1 / sample_aspect
        short = min(width, height)
        if short_side_px is None or short <= short_side_px:
            return cls(width & ~1, height & ~1, turns, sample_aspect, crop=True)
        wanted = max(2, short_side_px & ~1)
        return cls(_scaled(width, wanted, short), _scaled(height, wanted, short), turns, sample_aspect, crop=False)


class Reshaper:
    """Applies a Shape to pictures, not to their times. Frames that already fit pass untouched; a change of format
    inside the clip is followed.
    """

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._key: tuple[object, ...] = ()
        self._graph: Graph | None = None

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        key = (frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range)
        if key != self._key:
            self._key, self._graph = key, self._build(frame)
        if self._graph is None:
            return frame
        self._graph.vpush(frame)
        return self._graph.vpull()

    def _build(self, frame: VideoFrame) -> Graph | None:
        shape = self._shape
        steps = list(shape.turns)
        upright = (frame.height, frame.width) if any("transpose" in s for s in steps) else (frame.width, frame.height)
        if upright != (shape.width_px, shape.height_px):
            fits = shape.crop and all(0 <= a - b <= 1 for a, b in zip(upright, self._size, strict=True))
            steps.append(f"crop={self._args}:0:0" if fits else f"scale={self._args}:flags={_SCALE}")
        if frame.format.name != "yuv420p":
            steps.append(f"scale=flags={_SCALE}")
            steps.append("format=yuv420p")
        return _chain(frame, steps) if steps else None

    @property
    def _size(self) -> tuple[int, int]:
        return self._shape.width_px, self._shape.height_px

    @property
    def _args(self) -> str:
        return f"{self._shape.width_px}:{self._shape.height_px}"


def _chain(frame: VideoFrame, steps: list[str]) -> Graph:
    graph = Graph()
    graph.threads = 1
    source = graph.add(
        "buffer",
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000000"
        f":colorspace={frame.colorspace}:range={frame.color_range}",
    )
    nodes = [source, *(graph.add(*_split(step)) for step in steps), graph.add("buffersink")]
    graph.link_nodes(*nodes).configure()
    return graph


def _split(step: str) -> tuple[str, ...]:
    name, _, arguments = step.partition("=")
    return (name, arguments) if arguments else (name,)


def _scaled(side: int, wanted: int, short: int) -> int:
    return max(2, 2 * round(Fraction(side * wanted, 2 * short)))


def _turns(frame: VideoFrame) -> tuple[str, ...]:
    side_data: Mapping[object, Buffer] = frame.side_data  # type: ignore[assignment]  # typed for motion vectors alone
    data = side_data.get(Type.DISPLAYMATRIX)
    if data is None:
        return ()
    matrix = struct.unpack("=9i", bytes(data)[:36])
    signs = tuple((value > 0) - (value < 0) for value in (matrix[0], matrix[1], matrix[3], matrix[4]))
    return _TURNS.get(signs, ())
