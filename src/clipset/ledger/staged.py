"""Lists side by side, sorted by clip: for counting what they ask for and what they share, in constant memory.

A row becomes a line of fixed width in one of 64 temporary files, by the first character of its video id, and each file
is sorted by itself. SQLite did the same in twice the time.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from types import TracebackType
from typing import IO, Self

from clipset.durable import plain_os_errors
from clipset.types import Annotation, BadRow

VIDEO = slice(11)
CLIP = slice(31)
"""Of a line: the video id, then start and end in microseconds, ten hex digits each. A list's times end far below."""

ROW = slice(31, 41)
"""Of a line: what is left, the list and the row's split and label; few different ones."""

_START, _END, _LIST, _NAME = slice(11, 21), slice(21, 31), slice(31, 35), slice(35, 41)
_BATCH_ROWS = 5_000
_SHOWN_BAD_ROWS = 5


def span_us(line: str) -> tuple[int, int]:
    return int(line[_START], 16), int(line[_END], 16)


def list_of(line: str) -> int:
    """The number of the list that the row stands in, from 0."""
    return int(line[_LIST], 16)


def name_of(line: str) -> int:
    """The place of the row's split and label in `Staged.names`."""
    return int(line[_NAME], 16)


def clip_line(video_id: str, start_us: int, end_us: int) -> str:
    """What a line of this clip begins with."""
    return f"{video_id}{start_us:010x}{end_us:010x}"


class _Ends(dict[tuple[str | None, str | None], str]):
    """The end of a line: its list and the number of its (split, label), given in the order of first use."""

    def __init__(self, number: int, names: dict[tuple[str | None, str | None], int]) -> None:
        super().__init__()
        self._number, self._names = number, names

    def __missing__(self, pair: tuple[str | None, str | None]) -> str:
        name = self._names.setdefault(pair, len(self._names))
        self[pair] = end = f"{self._number:04x}{name:06x}\n"
        return end


class Staged:
    """`row_counts`, `bad_counts` and `first_bad` are by list. A context manager that removes the files."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._files: dict[str, IO[str]] = {}
        self._names: dict[tuple[str | None, str | None], int] = {}
        self.row_counts: list[int] = []
        self.bad_counts: list[int] = []
        self.first_bad: list[tuple[BadRow, ...]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def names(self) -> list[tuple[str | None, str | None]]:
        """Split and label, by the number that `name_of` gives."""
        return list(self._names)

    def add(self, rows: Iterable[Annotation | BadRow]) -> None:
        """A further list. Raises whatever `rows` raises; what was added then is half a list."""
        ends, source = _Ends(len(self.row_counts), self._names), iter(rows)
        bad: list[BadRow] = []
        count = bad_count = 0
        while batch := list(islice(source, _BATCH_ROWS)):
            good = [
                f"{row[0]}{row[1]:010x}{row[2]:010x}{ends[row[3], row[4]]}" for row in batch if type(row) is Annotation
            ]
            self._write(good)
            count, bad_count = count + len(batch), bad_count + len(batch) - len(good)
            if len(good) < len(batch) and len(bad) < _SHOWN_BAD_ROWS:
                bad += [row for row in batch if isinstance(row, BadRow)]
        self.row_counts.append(count)
        self.bad_counts.append(bad_count)
        self.first_bad.append(tuple(bad[:_SHOWN_BAD_ROWS]))

    def _write(self, lines: list[str]) -> None:
        """Raises ClipsetError (disk_full, no_permission)."""
        files = self._files
        with plain_os_errors(Path(gettempdir())):
            for line in lines:
                first = line[0]
                if first not in files:
                    file = TemporaryFile("w+", encoding="ascii", newline="")  # noqa: SIM115 - the stack closes it
                    files[first] = self._stack.enter_context(file)
                files[first].write(line)

    def parts(self) -> Iterator[tuple[str, list[str]]]:
        """(first character, lines) in the order of the ids; together all lines, sorted."""
        for first in sorted(self._files):
            file = self._files[first]
            with plain_os_errors(Path(gettempdir())):
                file.seek(0)  # writes what is left
            lines = file.readlines()
            lines.sort()
            yield first, lines
