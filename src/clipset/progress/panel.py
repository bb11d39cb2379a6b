"""The live panel: what is done, what is left, how fast, and what each egress is doing."""

from collections.abc import Sequence
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from clipset.clock import Clock
from clipset.progress.lines import bound_text, egress_line, pace_text, sweep_text, waiting_text
from clipset.progress.tally import Tally
from clipset.progress.text import printable
from clipset.sweep.view import SweepView
from clipset.throttle.gate import GateView
from clipset.types import Attempt, Failure

_SHOWN_FAILURES = 3


class LivePanel:
    """Redrawn in place four times a second; the last failures stay visible below the figures."""

    def __init__(self, tally: Tally, clock: Clock, console: Console) -> None:
        self._tally = tally
        self._clock = clock
        self._failures: list[str] = []
        self._live = Live(console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def recorded(self, verdict: Attempt, node: str = "") -> None:  # noqa: ARG002 - the protocol
        self._tally.add(verdict, self._clock.now_us())
        if isinstance(verdict.result, Failure):
            line = f"{verdict.clip.id}  {verdict.result.reason}  {printable(verdict.result.detail, 90)}"
            self._failures = [*self._failures, line][-_SHOWN_FAILURES:]

    def tick(self, in_flight: int, gates: Sequence[GateView], waiting_until_us: int | None) -> None:
        now_us = self._clock.now_us()
        self._tally.looked(gates, now_us)
        styles = {"cooling": "yellow"}
        lines = [Text(pace_text(self._tally, gates, now_us) + waiting_text(in_flight, waiting_until_us, now_us))]
        lines += [Text(bound)] if (bound := bound_text(self._tally)) else []
        lines += [Text(egress_line(gate, now_us), style=styles.get(gate.state, "green")) for gate in gates]
        lines += [Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in self._failures]
        self._live.update(Group(self._counts(), *lines))

    def streaming(self, view: SweepView) -> None:
        lines = [Text(sweep_text(view)), *(Text(f"reading {printable(name)}", style="green") for name in view.current)]
        lines += [Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in self._failures]
        self._live.update(Group(self._counts(), *lines))

    def warned(self, text: str, about: str = "mirror") -> None:
        self._live.console.print(Text(f"{about}: {printable(text, 2000)}"))

    def regained(self) -> None:
        self._tally.regain()

    def _counts(self) -> Table:
        tally = self._tally
        settled = tally.done + tally.lost
        table = Table.grid(padding=(0, 2))
        table.add_row(
            ProgressBar(total=max(1, tally.clips), completed=settled, width=30, complete_style="green"),
            Text(f"{tally.done} done", style="bold green"),
            Text(f"{tally.lost} lost", style="red" if tally.lost else "dim"),
            Text(f"{tally.left} left"),
        )
        return table
