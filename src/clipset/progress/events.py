"""JSON Lines on standard output: one object an event, `event` says which. For programs that drive clipset."""

import json
from collections.abc import Sequence
from typing import Any, Self, TextIO

from clipset.clock import Clock
from clipset.progress.tally import Tally
from clipset.sweep.view import SweepView
from clipset.throttle.gate import GateView
from clipset.types import US_PER_S, Attempt, Stored

_EVERY_S = 5


class JsonEvents:
    """Events `clip` (each verdict), `egress` (each change), `progress` (every five seconds), of a mirror `mirror`
    beside it, `warning`.
    """

    def __init__(self, tally: Tally, clock: Clock, out: TextIO) -> None:
        self._tally = tally
        self._clock = clock
        self._out = out
        self._next_us = clock.now_us() + _EVERY_S * US_PER_S
        self._states: dict[str, tuple[str, int | None]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._progress(0)

    def recorded(self, verdict: Attempt, node: str = "") -> None:
        self._tally.add(verdict, self._clock.now_us())
        event: dict[str, Any] = {"event": "clip", "clip_id": verdict.clip.id, "source": verdict.source, "node": node}
        if isinstance(verdict.result, Stored):
            facts = verdict.result.facts
            event |= {
                "state": "done",
                "path": verdict.result.path,
                "size_bytes": verdict.result.size_bytes,
                "duration_s": facts.duration_us / US_PER_S,
                "frames": facts.frames,
            }
        else:
            event |= {
                "state": verdict.result.disposition.value,
                "reason": verdict.result.reason.value,
                "message": verdict.result.detail,
            }
        cost = verdict.cost
        self.say(**event, fetched_bytes=cost.fetched_bytes, requests=cost.requests, total_s=round(cost.total_s, 3))

    def tick(self, in_flight: int, gates: Sequence[GateView], waiting_until_us: int | None) -> None:  # noqa: ARG002 - the protocol
        self._tally.looked(gates, self._clock.now_us())
        for gate in gates:
            state = (gate.state, gate.not_before_us if gate.state == "cooling" else None)
            if self._states.get(gate.name) != state:
                self._states[gate.name] = state
                not_before_s = None if state[1] is None else state[1] / US_PER_S
                self.say(event="egress", name=gate.name, node=gate.node, state=gate.state, not_before_s=not_before_s)
        if self._clock.now_us() >= self._next_us:
            self._next_us = self._clock.now_us() + _EVERY_S * US_PER_S
            self._progress(in_flight)

    def streaming(self, view: SweepView) -> None:
        if self._clock.now_us() < self._next_us:
            return
        self._next_us = self._clock.now_us() + _EVERY_S * US_PER_S
        self._progress(len(view.current))
        self.say(
            event="mirror",
            tars=view.tars,
            tars_done=view.tars_done,
            reading=list(view.current),
            read_bytes=view.read_bytes,
            ahead_bytes=view.ahead_bytes,
            eta_s=None if view.eta_s is None else round(view.eta_s),
        )

    def warned(self, text: str, about: str = "mirror") -> None:
        self.say(event="warning", about=about, message=text)

    def regained(self) -> None:
        self._tally.regain()

    def _progress(self, in_flight: int) -> None:
        tally, now_us = self._tally, self._clock.now_us()
        eta_s = tally.eta_s(now_us)
        self.say(
            event="progress",
            clips=tally.clips,
            done=tally.done,
            lost=tally.lost,
            left=tally.left,
            in_flight=in_flight,
            fetched_bytes=tally.fetched_bytes,
            requests=tally.requests,
            clips_per_min=round(tally.clips_per_s(now_us) * 60, 2),
            eta_s=None if eta_s is None else round(eta_s),
            bound_by=tally.bound_by,
        )

    def say(self, **event: Any) -> None:
        print(json.dumps(event, ensure_ascii=True), file=self._out, flush=True)
