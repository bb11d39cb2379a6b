"""The stations of a run: posts filled and lost, and what the stations report. One thread uses it, but for `tell`."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from clipset.engines.ray.cluster import at
from clipset.engines.ray.messages import LEASE_S, Blueprint, Opening, Orders, Report, Ticket
from clipset.engines.ray.posts import Node, Post, idle, is_movable, vacant
from clipset.engines.ray.station import Station
from clipset.sources.youtube.config import Egress
from clipset.throttle.gate import GateView

_SILENCE_S = 25.0
"""A station whose report has not come for so long is given up: its machine hangs, or the way to it is cut."""

_OPENING_S = 90.0
_HELD_S = 2.0  # until a station tries again for an egress that another process uses
_BACK_OFF_S = (0.0, 2.0, 5.0, 15.0, 30.0)  # before a post is filled again, by how often it was lost
_FILL_S = 1.0  # between two looks at what is vacant
_CLOSING_S = 15.0


@dataclass(eq=False, slots=True)
class Place:
    """A post that is filled. `pending` is the answer that is waited for, asked for at `asked_s` (monotonic)."""

    post: Post
    actor: Any  # Ray makes the type
    pending: "ray.ObjectRef[Any] | None"
    asked_s: float
    report: Report | None = None  # None until it is open
    held_by: str = ""
    outbox: list[Ticket] = field(default_factory=list)
    sent: list["ray.ObjectRef[Any]"] = field(default_factory=list)  # what was handed out since the last report

    @property
    def room(self) -> int:
        """How many jobs it takes: enough at hand that no thread idles while its report and its next job travel."""
        if self.report is None:
            return 0
        return self.report.capacity * 3 // 2 + 2

    @property
    def gates(self) -> tuple[GateView, ...]:
        return self.report.gates if self.report is not None else ()

    @property
    def is_cooling(self) -> bool:
        return bool(self.gates) and all(gate.state == "cooling" for gate in self.gates)


class Crew:
    """`ways` out for the nodes, `known` states of egresses by name (JSON). `say` gets what people want to know."""

    def __init__(
        self, blueprint: Blueprint, ways: Sequence[Egress], known: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        self._blueprint = ray.put(blueprint)
        self._ways, self._say = ways, say
        self._known = dict(known)
        self._places: list[Place] = []
        self._nodes: tuple[Node, ...] = ()
        self._filled_s = 0.0
        self._before: dict[str, str] = {}  # node ids, by way
        self._lost_s: dict[str, float] = {}  # when the station of a way was last lost
        self._losses: dict[tuple[str, str], int] = {}  # of a way and a node
        self._refused: dict[tuple[str, str], str] = {}
        self._idle: set[str] = set()
        self._orders = Orders()

    @property
    def open(self) -> list[Place]:
        return [place for place in self._places if place.report is not None]

    @property
    def opening(self) -> bool:
        """Whether a first answer is still to come."""
        return any(place.report is None and not place.held_by for place in self._places)

    @property
    def trouble(self) -> str:
        """Why no station is open."""
        for place in self._places:
            if place.held_by:
                return f"{place.held_by} on {place.post.node.name} uses the egress {place.post.way.name}"
        return next(iter(self._refused.values()), "no node is left that can work")

    def fill(self, nodes: tuple[Node, ...]) -> None:
        """Make stations for what is vacant. A way that moves to another machine waits until its last lease is over."""
        now_s = time.monotonic()
        if nodes is self._nodes and now_s - self._filled_s < _FILL_S:
            return
        self._nodes, self._filled_s = nodes, now_s
        taken = [(place.post.way.name, place.post.node) for place in self._places]
        posts = vacant(self._ways, nodes, taken, self._before, self._refused)
        self._name_idle(nodes, [*taken, *((post.way.name, post.node) for post in posts)])
        for post in posts:
            name, node_id = post.way.name, post.node.id
            since_s = now_s - self._lost_s.get(name, -1e9)
            moves = is_movable(post.way) and self._before.get(name, node_id) != node_id
            losses = self._losses.get((name, node_id), 0)
            wait_s = max(LEASE_S if moves else 0.0, _BACK_OFF_S[min(losses, len(_BACK_OFF_S) - 1)])
            if since_s >= wait_s:
                self._places.append(self._made(post))

    def _name_idle(self, nodes: Sequence[Node], posts: Sequence[tuple[str, Node]]) -> None:
        for node in idle(posts, nodes):
            if node.id not in self._idle:
                self._idle.add(node.id)
                self._say(f"node {node.name} has nothing to do: every way out is used by another node")

    def _made(self, post: Post) -> Place:
        actor = ray.remote(Station).options(
            num_cpus=0, max_concurrency=4, max_restarts=0, max_task_retries=0, scheduling_strategy=at(post.node.id)
        ).remote()  # fmt: skip
        self._before[post.way.name] = post.node.id
        place = Place(post, actor, None, time.monotonic())
        self._open(place)
        return place

    def _open(self, place: Place) -> None:
        state_json = self._known.get(place.post.way.name, "{}")
        place.pending = place.actor.open.remote(self._blueprint, place.post, state_json)
        place.asked_s = time.monotonic()

    def tell(self, orders: Orders | None = None) -> None:
        """Pass on how the run stands; without `orders`, a sign of life. From any thread."""
        self._orders = orders or self._orders
        for place in tuple(self._places):
            with suppress(RayError):
                place.actor.tell.remote(self._orders)

    def send(self) -> None:
        """Hand out what is in the outboxes."""
        for place in self._places:
            if place.outbox:
                place.sent.append(place.actor.submit.remote(tuple(place.outbox)))
                place.outbox.clear()

    def heard(self, timeout_s: float) -> Iterator[tuple[Place, Report | None]]:
        """What comes within `timeout_s`, together with what has come by then: reports, and None for a lost station.

        Raises what a worker raised (a bug).
        """
        self._knock_again()
        waited = {place.pending: place for place in self._places if place.pending is not None}
        if not waited:
            time.sleep(timeout_s)
            return
        ready, rest = ray.wait(list(waited), timeout=timeout_s)
        if rest:
            ready += ray.wait(rest, num_returns=len(rest), timeout=0)[0]
        for ref in ready:
            yield from self._answered(waited[ref], ref)
        now_s = time.monotonic()
        for place in [place for ref, place in waited.items() if ref not in ready]:
            if now_s - place.asked_s > (_SILENCE_S if place.report else _OPENING_S):
                yield self._lose(place, "does not answer")

    def _answered(self, place: Place, ref: "ray.ObjectRef[Any]") -> Iterator[tuple[Place, Report | None]]:
        try:
            answer = ray.get(ref)
            self._check_sent(place)
        except RayTaskError as error:
            raise error.cause from None
        except RayError:
            yield self._lose(place, "has ended")
            return
        if isinstance(answer, Opening):
            self._opened(place, answer)
            answer = answer.report
        if answer is not None:
            place.report = answer
            self._known.update((gate.name, gate.state_json) for gate in answer.gates)
            place.pending = place.actor.report.remote(self._orders)
            place.asked_s = time.monotonic()
            yield place, answer

    def _check_sent(self, place: Place) -> None:
        """Raises RayError when tickets did not arrive: else their jobs would be waited for without end."""
        if place.sent:
            ready, place.sent = ray.wait(place.sent, num_returns=len(place.sent), timeout=0)
            ray.get(ready)

    def _opened(self, place: Place, answer: Opening) -> None:
        way, node = place.post.way.name, place.post.node
        if answer.refused:
            self._say(f"node {node.name} is left out: {answer.refused}")
            self._refused[way, node.id] = answer.refused
            self._remove(place)
        if answer.held_by and not place.held_by:
            self._say(f"egress {way} is still used by {answer.held_by} on {node.name}: waiting until that has ended")
        place.held_by = answer.held_by
        place.pending = None
        place.asked_s = time.monotonic()

    def _knock_again(self) -> None:
        for place in self._places:
            if place.held_by and place.pending is None and time.monotonic() - place.asked_s > _HELD_S:
                self._open(place)

    def _lose(self, place: Place, why: str) -> tuple[Place, None]:
        way, node = place.post.way.name, place.post.node
        self._say(f"the station of {way} on {node.name} {why}; its videos go to others")
        self._lost_s[way] = time.monotonic()
        self._losses[way, node.id] = self._losses.get((way, node.id), 0) + 1
        self._remove(place)
        return place, None

    def _remove(self, place: Place) -> None:
        self._places.remove(place)
        with suppress(RayError):
            ray.kill(place.actor)

    def close(self) -> None:
        """End the stations; what they hold is free afterwards."""
        closing = []
        for place in self._places:
            with suppress(RayError):
                closing.append(place.actor.close.remote())
        if closing:
            ray.wait(closing, num_returns=len(closing), timeout=_CLOSING_S)
        for place in list(self._places):
            self._remove(place)
