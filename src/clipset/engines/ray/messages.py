"""What driver and stations say to each other, and what a station is made from. What is said is values that pickle."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from clipset.engines import Engine
from clipset.sources.youtube.config import Egress
from clipset.throttle.gate import Gate, GateView
from clipset.throttle.state import EgressState
from clipset.types import Attempt, VideoJob

LEASE_S = 20.0
"""A station that hears nothing from its driver for so long asks nobody any more: others may have its work by then."""

POLL_S = 1.0
"""How long a station keeps a report back when there is nothing to report."""


@dataclass(frozen=True, slots=True)
class Orders:
    """How the run stands: end after what is in flight, end at once."""

    drain: bool = False
    abort: bool = False


class Ticket(NamedTuple):
    """A job handed to one station. A job that is handed out again gets another number."""

    number: int
    job: VideoJob


class Done(NamedTuple):
    """What became of the ticket `number`."""

    number: int
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """`done` since the last one; the gates as they are; `capacity` jobs are worked on at a time."""

    done: tuple[Done, ...]
    gates: tuple[GateView, ...]
    capacity: int


@dataclass(frozen=True, slots=True)
class Opening:
    """What came of opening a station: its first report, or who holds its egress, or what its node lacks."""

    report: Report | None = None
    held_by: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """Where the work is done: the ways out, their states by name, the machine as the ledger names it, and what ends the
    work. So many workplaces `share` the machine.
    """

    ways: tuple[Egress, ...]
    states: Mapping[str, EgressState]
    node: str
    drain: threading.Event
    abort: threading.Event
    share: int = 1


class Workplace(NamedTuple):
    """An engine, and the gates that its sources ask."""

    engine: Engine
    gates: Mapping[str, Gate]


class Blueprint(Protocol):
    """Everything that decides what is done, the same for a run on this machine and for every station."""

    def build(self, site: Site) -> Workplace:
        """Raises UserError."""
        ...

    @property
    def outside(self) -> str:
        """What is asked: egresses to different outsides have nothing to do with each other."""
        ...
