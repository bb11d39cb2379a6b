"""What a run is made of, as one value: a run on this machine and every node of a cluster build the same from it."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from clipset.cli import workshop
from clipset.cli.options import ReachOptions, RunOptions
from clipset.cli.outcome import say
from clipset.config import UserError
from clipset.engines import Engine
from clipset.engines.ray.messages import Site, Workplace
from clipset.engines.ray.surroundings import prepare
from clipset.ledger import EgressRow
from clipset.run import GateLike
from clipset.sinks import Place
from clipset.space import TemporarySpace
from clipset.types import Recipe, Sink


@dataclass(frozen=True, slots=True)
class Works:
    """Everything but where. Paths are absolute, so that they mean the same in every process."""

    reach: ReachOptions
    running: RunOptions
    recipe: Recipe
    place: Place

    @classmethod
    def of(cls, reach: ReachOptions, running: RunOptions, recipe: Recipe, place: Place) -> Self:
        reach = replace(
            reach,
            cookies=reach.cookies and reach.cookies.absolute(),
            ca_file=reach.ca_file and reach.ca_file.absolute(),
            source=tuple(map(_absolute, reach.source)),
        )
        return cls(reach, running, recipe, replace(place, directory=place.directory.absolute()))

    @property
    def outside(self) -> str:
        """Who is asked: the real YouTube, or what stands in for it."""
        return self.reach.youtube_origin or "youtube"

    @property
    def files(self) -> tuple[Path, ...]:
        """What every machine must have."""
        return tuple(path for path in (self.reach.cookies, self.reach.ca_file) if path is not None)

    def build(self, site: Site, means: tuple[Sink, TemporarySpace] | None = None) -> Workplace:
        """`means` where the process has them already. Raises UserError."""
        gates = workshop.gates(self.reach, site.ways, site.states, site.drain, site.node)
        sink, space = means or self._means(site.abort)
        setting = workshop.setting(self.reach, site.ways, gates, self.recipe, site.abort, space)
        sources = workshop.sources(self.reach, setting)
        jobs = workshop.jobs(self.running, site.share)
        engine = workshop.engine(sources, self.recipe, sink, site.abort, jobs, site.node)
        return Workplace(engine, gates if any(source.is_paced for source in sources) else {})

    def _means(self, abort: threading.Event) -> tuple[Sink, TemporarySpace]:
        space = TemporarySpace()
        return self.place.open(abort, space), space


def _absolute(spec: str) -> str:
    """`folder:PATH` with a path that holds wherever it is read."""
    name, colon, argument = spec.partition(":")
    return f"{name}{colon}{Path(argument).expanduser().absolute()}" if name == "folder" and argument else spec


def on_a_cluster(works: Works, known: list[EgressRow], stops: workshop.Stops) -> tuple[Engine, Sequence[GateLike]]:
    """The engine on a Ray cluster, and its gates. Raises UserError, ClipsetError."""
    address = works.running.ray_address or os.environ.get("RAY_ADDRESS") or None
    prepare(address)
    try:
        from clipset.engines.ray.engine import Charter, RayEngine  # noqa: PLC0415 - an extra, and slow to load
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise UserError("--engine ray needs Ray: pip install 'clipset[ray]'") from None
    ways, states = workshop.egresses(works.reach), {row.name: row.state for row in known}
    charter = Charter(works, ways, states, works.place.directory, is_shared=not works.place.is_store, files=works.files)
    engine = RayEngine(address, charter, stops.drain, stops.abort, say)
    return engine, engine.gates
