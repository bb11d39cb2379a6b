"""Shapes as horizontal spans, for pictures drawn with nothing but byte slices. Pure.

A span is (y, left, right) in px; a shape is a list of spans. Drawing one costs a slice assignment a line, about
0.1 µs, so a picture of 640x360 is drawn in 0.1 ms without an array library.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import cos, pi, sin

Spans = list[tuple[int, int, int]]

_SEGMENTS = {  # of a seven-segment digit: left, top, right, bottom in fifths of its width and ninths of its height
    "a": (1, 0, 4, 1), "b": (4, 1, 5, 4), "c": (4, 5, 5, 8), "d": (1, 8, 4, 9),
    "e": (0, 5, 1, 8), "f": (0, 1, 1, 4), "g": (1, 4, 4, 5),
}  # fmt: skip
_DIGITS = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")


def rectangle(left: int, top: int, right: int, bottom: int) -> Spans:
    return [(y, left, right) for y in range(top, bottom)]


def capsule(start: tuple[float, float], end: tuple[float, float], radius: float) -> Spans:
    """A thick line with round ends; a disc where both ends are one point."""
    steps = 1 + int(3 * max(abs(end[0] - start[0]), abs(end[1] - start[1])) / radius)
    rows: dict[int, tuple[int, int]] = {}
    for step in range(steps + 1):
        x, y = (a + (b - a) * step / steps for a, b in zip(start, end, strict=True))
        for row, left, right in _disc(x, y, radius):
            old = rows.get(row, (left, right))
            rows[row] = (min(old[0], left), max(old[1], right))
    return [(row, left, right) for row, (left, right) in sorted(rows.items())]


def _disc(x: float, y: float, radius: float) -> Iterator[tuple[int, int, int]]:
    for row in range(int(y - radius), int(y + radius) + 1):
        half = (max(0.0, radius**2 - (row - y) ** 2)) ** 0.5
        if half > 0:
            yield row, int(x - half), int(x + half) + 1


@lru_cache(maxsize=128)
def jumping_jack(centre_px: int, top_px: int, height_px: int, phase: float) -> Spans:
    """A figure that jumps with spread arms and legs; `phase` 0..1 is one jump."""
    swing = (1 - cos(2 * pi * phase)) / 2
    unit = height_px / 8
    lift = unit * 0.4 * abs(sin(2 * pi * phase))
    hip, shoulder = top_px + unit * 4.6 - lift, top_px + unit * 2.4 - lift
    spans = capsule((centre_px, shoulder - unit), (centre_px, shoulder - unit), unit * 0.7)
    spans += capsule((centre_px, shoulder), (centre_px, hip), unit * 0.35)
    for side in (-1, 1):
        arm, leg = pi * (0.15 + 0.7 * swing), pi * (0.05 + 0.12 * swing)
        hand = (centre_px + side * sin(arm) * unit * 2.2, shoulder + cos(arm) * unit * 2.2)
        foot = (centre_px + side * sin(leg) * unit * 3, hip + cos(leg) * unit * 3)
        spans += capsule((centre_px, shoulder), hand, unit * 0.22)
        spans += capsule((centre_px, hip), foot, unit * 0.28)
    return spans


@lru_cache(maxsize=16)
def number_rows(value: int, digits: int, height_px: int, bright: int, dark: int) -> list[bytes]:
    """A decimal number in seven-segment digits, line by line; cached, for it stays for a second."""
    width_px = height_px * 5 // 9
    pitch_px = width_px * 13 // 10
    rows = [bytearray([dark]) * (pitch_px * digits) for _ in range(height_px)]
    for place, character in enumerate(f"{value:0{digits}d}"[-digits:]):
        for segment in _DIGITS[int(character)]:
            left, top, right, bottom = _SEGMENTS[segment]
            start, end = (place * pitch_px + edge * width_px // 5 for edge in (left, right))
            for row in rows[top * height_px // 9 : bottom * height_px // 9]:
                row[start:end] = bytes([bright]) * (end - start)
    return [bytes(row) for row in rows]
