"""How far the download of a file is: a bar on a terminal, a line a while elsewhere."""

from typing import Self, TextIO
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from clipset.clock import Clock
from clipset.progress.text import human_bytes, human_duration, printable
from clipset.types import US_PER_S

_EVERY_S = 10


class DownloadProgress:
    """Called with (url, bytes so far, bytes in all or None). A context manager; nothing shows before the first call."""

    def __init__(self, clock: Clock, out: TextIO) -> None:
        self._clock, self._out = clock, out
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._first: dict[str, tuple[int, int]] = {}
        self._next_us = 0
        if out.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(file=out), transient=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, url: str, done_bytes: int, size_bytes: int | None) -> None:
        now_us = self._clock.now_us()
        self._first.setdefault(url, (now_us, done_bytes))
        if self._bar is not None:
            self._draw(self._bar, url, done_bytes, size_bytes)
        elif now_us >= self._next_us:
            self._next_us = now_us + _EVERY_S * US_PER_S
            print(self._line(url, done_bytes, size_bytes, now_us), file=self._out, flush=True)

    def _draw(self, bar: Progress, url: str, done_bytes: int, size_bytes: int | None) -> None:
        if url not in self._tasks:
            bar.start()
            self._tasks[url] = bar.add_task(_name(url))
        bar.update(self._tasks[url], completed=done_bytes, total=size_bytes)

    def _line(self, url: str, done_bytes: int, size_bytes: int | None, now_us: int) -> str:
        text = f"fetching {_name(url)} from {urlsplit(url).hostname}: {human_bytes(done_bytes)}"
        if size_bytes is None:
            return text
        begun_us, begun_bytes = self._first[url]
        bytes_per_s = (done_bytes - begun_bytes) * US_PER_S / max(1, now_us - begun_us)
        eta = f", ETA {human_duration((size_bytes - done_bytes) / bytes_per_s)}" if bytes_per_s else ""
        return f"{text} of {human_bytes(size_bytes)}{eta}"


def _name(url: str) -> str:
    return printable(urlsplit(url).path.rpartition("/")[2] or url)
