"""Bars on a terminal, of blocks where its encoding has them and of plain characters where not."""

import sys
from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.text import Text

_BLOCKS, _PLAIN = "█▒░", "#x."
_WIDTH_MAX = 100


class Screen:
    """Standard output as wide as a page, with or without colours as rich finds it."""

    def __init__(self) -> None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")  # a name with a letter that the terminal lacks is no reason to die
        self.console = Console(highlight=False)
        self.console.width = min(self.console.width, _WIDTH_MAX)
        self._marks = _BLOCKS if self.console.encoding.startswith("utf") else _PLAIN

    def bar(self, parts: Sequence[tuple[int, str]], whole: int, cells: int) -> Text:
        """Up to three parts of a whole, each (count, style) with a mark of its own; what is there has a cell at least.

        What the parts leave of the whole stays blank.
        """
        text = Text(no_wrap=True)
        widths = _widths([count for count, _ in parts], whole, cells)
        for (_, style), mark, width in zip(parts, self._marks, widths, strict=False):
            text.append(mark * width, style)
        return text.append(" " * (cells - len(text)))

    def print(self, *parts: RenderableType) -> None:
        for part in parts:
            self.console.print(part)

    def print_lines(self, *lines: Text) -> None:
        """One row each, cut where the screen ends."""
        for line in lines:
            self.console.print(line, no_wrap=True, overflow="ellipsis")


def _widths(counts: Sequence[int], whole: int, cells: int) -> list[int]:
    """Whole cells that add up to the parts' share; the widest gives what the small ones need."""
    if whole <= 0:
        return [0] * len(counts)
    ends = [round(cells * sum(counts[: number + 1]) / whole) for number in range(len(counts))]
    widths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    for number, count in enumerate(counts):
        if count and not widths[number]:
            widths[number] = 1
            if sum(widths) > cells:
                widths[widths.index(max(widths))] -= 1
    return widths
