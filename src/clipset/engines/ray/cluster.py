"""The cluster as the driver sees it: connecting to it, and which of its nodes can work."""

import logging
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import AuthenticationError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from clipset.config import UserError
from clipset.durable import write_whole
from clipset.engines.ray.posts import WAY_RESOURCE, Node
from clipset.engines.ray.survey import Answers, Questions, shortcoming, survey
from clipset.reasons import Reason
from clipset.types import ClipsetError, Failure, Stage

_LOOK_S = 2.0
_SURVEY_S = 60.0
_KNOCK_S = 5.0
_CONNECT_S = 10.0
_STORE_BYTES = 100_000_000  # of Ray started here: nothing large goes through it


def connect(address: str | None, say: Callable[[str], None]) -> None:
    """Join the cluster at `address` (host:port), or start Ray on this machine alone. Raises UserError, ClipsetError."""
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address is None:
        say("starting Ray on this machine")
        _start(quiet)
        return
    if "://" in address:
        raise _no_address(address)
    _knock(address)
    _join(address, quiet)
    say(f"joined the Ray cluster at {address}; its nodes are asked what they have")


def _start(quiet: dict[str, Any]) -> None:
    """In this thread: what Ray starts ends with the thread that started it."""
    try:
        ray.init(address="local", include_dashboard=False, object_store_memory=_STORE_BYTES, **quiet)
    except Exception as error:
        raise _unusable("Ray on this machine", error) from error


def _join(address: str, quiet: dict[str, Any]) -> None:
    """Ray waits for minutes where we do not; it is left behind in its thread then, for the program ends."""
    failed: list[Exception] = []

    def join() -> None:
        try:
            ray.init(address=address, **quiet)
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    thread = threading.Thread(target=join, name="clipset-connect", daemon=True)
    thread.start()
    thread.join(_CONNECT_S)
    if thread.is_alive():
        raise _failed(f"the Ray cluster at {address} does not answer; start it or mend --ray-address, then run again")
    if failed:
        raise _unusable(f"the Ray cluster at {address}", failed[0]) from failed[0]


def _unusable(what: str, error: Exception) -> ClipsetError:
    if isinstance(error, AuthenticationError) or "InvalidAuthToken" in str(error):
        return _failed(
            f"{what} wants a token; set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN as on its head, then run again"
        )
    return _failed(f"{what} cannot be used: {' '.join(str(error).split())}; mend that and run again")


def _knock(address: str) -> None:
    """Raises ClipsetError unless somebody listens there."""
    host, _, port = address.rpartition(":")
    if address == "auto":
        return
    if not host or not port.isdecimal():
        raise _no_address(address)
    try:
        socket.create_connection((host.strip("[]"), int(port)), _KNOCK_S).close()
    except (OSError, OverflowError) as error:
        text = f"the Ray cluster at {address} does not answer ({error}); start it or mend --ray-address, then run again"
        raise _failed(text) from error


def _no_address(address: str) -> UserError:
    return UserError(f"--ray-address: the head node's host:port, such as 10.0.0.1:6379, not {address!r}")


def _failed(text: str) -> ClipsetError:
    return ClipsetError(Failure(Reason.MISSING_PART, text, Stage.PLAN))


class Lookout:
    """Knows the nodes that can work, and looks for others and for those that are gone.

    Raises ClipsetError when there is none to begin with. `say` gets a line for each node left out, and for each that
    comes and goes; from a thread of the lookout, once that was started.
    """

    def __init__(self, questions: Questions, say: Callable[[str], None]) -> None:
        self._questions, self._say = questions, say
        self._here = survey(questions)
        self._unfit: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clipset-lookout", daemon=True)
        self.nodes = tuple[Node, ...]()
        self._look()
        if not self.nodes:
            raise _failed("no node of the Ray cluster can take part: mend what is said above and run again")
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join(_LOOK_S)

    def _run(self) -> None:
        while not self._ended.wait(_LOOK_S):
            with suppress(RayError, RuntimeError, OSError):  # a head that is away a moment
                self._look()

    def _look(self) -> None:
        alive = {found["NodeID"]: found for found in ray.nodes() if found["Alive"]}  # type: ignore[no-untyped-call]
        known = {node.id: node for node in self.nodes}
        for gone in known.keys() - alive.keys():
            self._say(f"node {known[gone].name} is gone; its videos go to others")
        kept = [node for node in self.nodes if node.id in alive]
        asked = {
            found["NodeID"]: (found, _ask(found["NodeID"], self._questions))
            for found in alive.values()
            if found["NodeID"] not in known and found["NodeID"] not in self._unfit
        }
        came = [node for found, ref in asked.values() if (node := self._judge(found, ref)) is not None]
        for node in sorted(came, key=lambda node: node.name):
            self._say(f"node {node.name} takes part")
        if came or len(kept) < len(known):
            self.nodes = tuple(sorted([*kept, *came], key=lambda node: (node.name, node.id)))

    def _judge(self, found: dict[str, object], ref: "ray.ObjectRef[Answers]") -> Node | None:
        node_id, name = str(found["NodeID"]), str(found["NodeName"])
        try:
            there = ray.get(ref, timeout=_SURVEY_S)
            lacks = shortcoming(there, self._here)
        except RayTaskError as error:
            there = self._here
            lacks = f"clipset does not run there ({_last_line(error)}); install the same versions"
        except RayError:  # silent, or about to be known as dead
            return None
        if lacks:
            self._unfit.add(node_id)
            self._say(f"node {name} is left out: {lacks}")
            return None
        resources = found["Resources"]
        own = [name for name in resources if name.startswith(WAY_RESOURCE)] if isinstance(resources, dict) else []
        return Node(node_id, name, own[0].removeprefix(WAY_RESOURCE) if own else "", there.addresses)


def _ask(node_id: str, questions: Questions) -> "ray.ObjectRef[Answers]":
    task = ray.remote(survey).options(num_cpus=0, max_retries=0, scheduling_strategy=at(node_id))
    return task.remote(questions)


def at(node_id: str) -> NodeAffinitySchedulingStrategy:
    """On this node or not at all."""
    return NodeAffinitySchedulingStrategy(node_id, soft=False)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


class Token:
    """A file in the dataset that only who shares the dataset's file system can read. Raises ClipsetError."""

    def __init__(self, dataset: Path) -> None:
        self.path = dataset / ".clipset" / "node-check"
        self.text = secrets.token_hex(16)
        write_whole(self.path, self.text.encode())

    def remove(self) -> None:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
