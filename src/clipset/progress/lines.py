"""Plain lines for logs and pipes: one when something happens that matters, one a while for the rest."""

from collections.abc import Sequence
from typing import Self, TextIO

from clipset.clock import Clock
from clipset.progress.tally import Tally
from clipset.progress.text import human_bytes, human_duration, printable, wall_clock
from clipset.sweep.view import SweepView
from clipset.throttle.gate import GateView
from clipset.types import US_PER_S, Attempt, Failure

_EVERY_S = 10


class PlainLines:
    """One line each ten seconds, and one for each failure and each change of an egress."""

    def __init__(self, tally: Tally, clock: Clock, out: TextIO) -> None:
        self._tally = tally
        self._clock = clock
        self._out = out
        self._next_us = clock.now_us() + _EVERY_S * US_PER_S
        self._states: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._say(counts_text(self._tally))

    def recorded(self, verdict: Attempt, node: str = "") -> None:  # noqa: ARG002 - the protocol
        self._tally.add(verdict, self._clock.now_us())
        if isinstance(verdict.result, Failure):
            self._say(f"{verdict.clip.id}: {verdict.result.reason} ({printable(verdict.result.detail)})")

    def tick(self, in_flight: int, gates: Sequence[GateView], waiting_until_us: int | None) -> None:
        now_us = self._clock.now_us()
        self._tally.looked(gates, now_us)
        for gate in gates:
            if self._states.get(gate.name, "open") != gate.state:
                self._states[gate.name] = gate.state
                self._say(egress_line(gate, now_us))
        if now_us < self._next_us:
            return
        self._next_us = now_us + _EVERY_S * US_PER_S
        pace = pace_text(self._tally, gates, now_us) + waiting_text(in_flight, waiting_until_us, now_us)
        self._say(" · ".join(filter(None, (counts_text(self._tally), pace, bound_text(self._tally)))))

    def streaming(self, view: SweepView) -> None:
        now_us = self._clock.now_us()
        if now_us < self._next_us:
            return
        self._next_us = now_us + _EVERY_S * US_PER_S
        self._say(f"{counts_text(self._tally)} · {sweep_text(view)}")

    def warned(self, text: str, about: str = "mirror") -> None:
        self._say(f"{about}: {printable(text, 2000)}")

    def regained(self) -> None:
        self._tally.regain()

    def _say(self, line: str) -> None:
        print(line, file=self._out, flush=True)


def counts_text(tally: Tally) -> str:
    return f"{tally.done} of {tally.clips} clips done, {tally.lost} lost, {tally.left} left"


def pace_text(tally: Tally, gates: Sequence[GateView], now_us: int) -> str:
    """How fast it goes and when it will be over. While every egress cools, nothing goes on before the first is back."""
    eta_s = tally.eta_s(now_us)
    parts = [f"{tally.clips_per_s(now_us) * 60:.1f} clips/min", f"{human_bytes(tally.fetched_bytes)} fetched"]
    if eta_s is not None and tally.left:
        back_us = [gate.not_before_us for gate in gates if gate.not_before_us is not None]
        cooling_s = max(0.0, (min(back_us) - now_us) / US_PER_S) if gates and len(back_us) == len(gates) else 0.0
        parts.append(f"ETA {human_duration(eta_s + cooling_s)}")
    return " · ".join(parts)


def sweep_text(view: SweepView) -> str:
    """Where a sweep is: how many tars, how fast, and how long what is known of them will take at that rate."""
    if not view.tars:
        return "mirror: asking which tars it has"
    parts = [f"mirror: {view.tars_done} of {view.tars} tars", f"{human_bytes(view.read_bytes)} read"]
    if view.elapsed_s > 0:
        parts.append(f"{human_bytes(view.read_bytes / view.elapsed_s)}/s")
    if view.eta_s is not None:
        parts.append(f"ETA {human_duration(view.eta_s)} at most")
    return " · ".join(parts)


def bound_text(tally: Tally) -> str:
    """What holds the run up; nothing while that is unknown."""
    return f"bound by: {tally.bound_by}" if tally.bound_by is not None and tally.left else ""


def egress_line(gate: GateView, now_us: int) -> str:
    """What an egress is doing, for people."""
    if gate.state == "cooling" and gate.not_before_us is not None:
        left_s = max(0.0, (gate.not_before_us - now_us) / US_PER_S)
        return (
            f"egress {gate.name}: refused, cooling down; next try at {wall_clock(gate.not_before_us, now_us)}"
            f" (in {human_duration(left_s)})"
        )
    rate = "unlimited" if gate.permits_per_hour is None else f"{gate.permits_per_hour:.0f} videos/h permitted"
    return f"egress {gate.name}: open, {rate}"


def waiting_text(in_flight: int, waiting_until_us: int | None, now_us: int) -> str:
    if waiting_until_us is not None:
        return f" · next retry in {human_duration(max(0.0, (waiting_until_us - now_us) / US_PER_S))}"
    return f" · {in_flight} video{'' if in_flight == 1 else 's'} in flight"
