"""The work of one egress on one node: an engine of that node's threads, run for a driver elsewhere.

Ray makes an actor of it, whose methods may run side by side.
"""

import os
import threading
import time
from contextlib import suppress

from clipset.clock import SystemClock
from clipset.config import UserError
from clipset.engines.ray.holding import Held, Holding, parsed, stricter
from clipset.engines.ray.messages import (
    LEASE_S,
    POLL_S,
    Blueprint,
    Done,
    Opening,
    Orders,
    Report,
    Site,
    Ticket,
    Workplace,
)
from clipset.engines.ray.posts import Post
from clipset.types import ClipsetError

_TICK_S = 0.2
_GATHER_S = 0.1
_DRAIN_S = 20.0
"""For what is in flight when the lease has run out."""


class Station:
    """Idle until opened. It ends its own process when its driver is not heard of for LEASE_S."""

    def __init__(self) -> None:
        self._drain, self._abort = threading.Event(), threading.Event()
        self._heard_s = time.monotonic()
        self._tickets: dict[str, int] = {}  # by video
        self._in_flight = 0
        self._lock = threading.Lock()
        self._place: Workplace | None = None
        self._holding: Holding | None = None
        self._kept: dict[str, int] = {}
        threading.Thread(target=self._watch, name="clipset-watch", daemon=True).start()

    def open(self, blueprint: Blueprint, post: Post, state_json: str) -> Opening:
        """Take the egress and make the workplace. `state_json`: what the driver knows of the egress."""
        self._heard_s = time.monotonic()
        name = post.way.name
        try:
            holding = Holding(name, blueprint.outside)
            state = stricter(parsed(state_json), holding.state, SystemClock().now_us())
            site = Site((post.way,), {name: state}, post.node.name, self._drain, self._abort, post.share)
            self._place = blueprint.build(site)
        except Held as held:
            return Opening(held_by=str(held))
        except UserError as error:
            return Opening(refused=str(error))
        except ClipsetError as error:
            return Opening(refused=error.failure.detail)
        self._holding = holding
        return Opening(report=self._report(self._place, []))

    def tell(self, orders: Orders) -> None:
        """How the run stands; also a sign of life."""
        self._heard_s = time.monotonic()
        for event, is_set in ((self._drain, orders.drain), (self._abort, orders.abort)):
            if is_set:
                event.set()
            else:
                event.clear()

    def submit(self, tickets: tuple[Ticket, ...]) -> None:
        place = self._opened()
        with self._lock:
            for number, job in tickets:
                self._tickets[job.video_id] = number
                self._in_flight += 1
                place.engine.submit(job)

    def report(self, orders: Orders) -> Report:
        """What was done since the last report, waiting a while for it. Raises what a worker raised (a bug).

        Several outcomes travel together as long as no thread waits for its next job meanwhile.
        """
        self.tell(orders)
        place, done = self._opened(), list[Done]()
        until_s = time.monotonic() + POLL_S
        while (left_s := until_s - time.monotonic()) > 0:
            for outcome in place.engine.poll(left_s):
                with self._lock:
                    done.append(Done(self._tickets.pop(outcome.job.video_id), outcome.attempts))
                    self._in_flight -= 1
            if done:
                until_s = min(until_s, time.monotonic() + _GATHER_S)
                if self._in_flight <= place.engine.capacity:
                    break
        return self._report(place, done)

    def close(self) -> None:
        """As Engine.close; the egress is free for others afterwards."""
        if self._place is not None:
            self._place.engine.close()
            self._keep_states(self._place)
        if self._holding is not None:
            self._holding.release()

    def _opened(self) -> Workplace:
        assert self._place is not None  # noqa: S101 - the driver opens a station before it uses it
        return self._place

    def _report(self, place: Workplace, done: list[Done]) -> Report:
        return Report(tuple(done), tuple(gate.snapshot() for gate in place.gates.values()), place.engine.capacity)

    def _watch(self) -> None:
        while time.monotonic() - self._heard_s < LEASE_S:
            time.sleep(_TICK_S)
            if self._place is not None:
                with suppress(ClipsetError):  # a full disk is told by the clips
                    self._keep_states(self._place)
        self._leave()

    def _keep_states(self, place: Workplace) -> None:
        for gate in place.gates.values():
            changed = gate.changed
            if self._holding is not None and self._kept.get(gate.name) != changed:
                self._holding.keep(gate.snapshot().state_json)
                self._kept[gate.name] = changed

    def _leave(self) -> None:
        """Nobody asks for what is in flight any more, but what comes of it is in its place for whoever comes next."""
        self._drain.set()
        ending = threading.Timer(_DRAIN_S, self._abort.set)
        ending.daemon = True
        ending.start()
        self.close()
        os._exit(0)
