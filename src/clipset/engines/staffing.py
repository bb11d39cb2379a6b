"""How many videos to have in flight, from what those before waited for. Pure."""

from collections.abc import Iterable

from clipset.types import Cost

SPARE = 2
"""Jobs above what the averages ask for: they fill the cores where waiting comes in bursts."""

_FADE = 0.98  # of what was learned, with each further clip


class Staffing:
    """A worker that waits for the network leaves its core to another, so a core takes `1 + waiting / working` workers.

    Where the cores are short, working takes longer as well, and the number settles where they are just filled; where
    the line is full, waiting grows with the number, which then ends at `most`. Working on a crowded machine counts as
    it lasts: more workers would not speed it up.
    """

    def __init__(self, cores: int, least: int, most: int) -> None:
        self._cores, self._least, self._most = cores, least, most
        self._waiting_s = self._working_s = 0.0

    def learn(self, costs: Iterable[Cost]) -> None:
        for cost in costs:
            self._waiting_s = self._waiting_s * _FADE + cost.download_s
            self._working_s = self._working_s * _FADE + cost.trim_s

    @property
    def jobs(self) -> int:
        """Between `least` and `most`."""
        if not self._working_s:
            return self._least
        enough = self._cores * (1 + self._waiting_s / self._working_s) + SPARE
        return round(max(self._least, min(self._most, enough)))
