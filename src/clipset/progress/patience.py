"""For computations without an inner clock: what is being done and how much longer, once two seconds are over."""

from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from clipset.clock import Clock
from clipset.progress.text import human_duration
from clipset.types import US_PER_S

_PATIENCE_S = 2
_EVERY_S = 10


class Patience:
    """A line redrawn in place on a terminal; elsewhere a line for what will take long, one in ten seconds at most."""

    def __init__(self, clock: Clock, console: Console) -> None:
        self._clock, self._console = clock, console
        self._start_us = self._since_us = clock.now_us()
        self._next_us = 0
        self._what, self._left_s = "", 0.0
        self._live = Live(
            get_renderable=self._line, console=console, refresh_per_second=4, transient=True, auto_refresh=True
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def doing(self, what: str, left_s: float) -> None:
        """From now on it is `what`, and all of it will take another `left_s` or so; 0 if that is unknown."""
        self._what, self._left_s, self._since_us = what, left_s, self._clock.now_us()
        if not self._console.is_terminal and left_s > _PATIENCE_S and self._since_us >= self._next_us:
            self._next_us = self._since_us + _EVERY_S * US_PER_S
            self._console.print(f"{what} · {self._left_text(left_s)}", markup=False, highlight=False)

    def _line(self) -> Text:
        now_us = self._clock.now_us()
        if now_us - self._start_us < _PATIENCE_S * US_PER_S:
            return Text("")
        if not self._left_s:
            return Text(f"{self._what} …")
        return Text(f"{self._what} · {self._left_text(self._left_s - (now_us - self._since_us) / US_PER_S)}")

    @staticmethod
    def _left_text(left_s: float) -> str:
        return f"about {human_duration(left_s)} left" if left_s >= 1 else "a little longer"
