"""The mirror among the sources."""

import threading
from pathlib import Path

from clipset.cli.options import ReachOptions, RunOptions
from clipset.cli.workshop import Stops
from clipset.config import UserError, cache_home
from clipset.engines.local import default_jobs
from clipset.ledger import Ledger
from clipset.media import MediaEngine
from clipset.sources.mirror.cvdf import Cvdf, parse_versions
from clipset.sources.mirror.index import TarIndex, folder_of
from clipset.sweep import Means, Scope
from clipset.sweep.keeping import recipe_for
from clipset.types import Recipe, Sink
from clipset.web import Web

MOST_STREAMS = 16
"""Each has a decoder at work, a tenth of a second or so for a clip, and a clip in memory."""


def sources_before(reach: ReachOptions) -> int | None:
    """How many other sources stand before the mirror; None without one. Where it stands twice, the first counts."""
    return next((number for number, spec in enumerate(reach.source) if _named(spec)), None)


def means(
    reach: ReachOptions, running: RunOptions, recipe: Recipe, out: Path, sink: Sink, stops: Stops
) -> Means | None:
    """None when no mirror is among the sources. Raises UserError."""
    arguments = [spec.partition(":")[2] for spec in reach.source if _named(spec)]
    web = _web(reach, stops.drain)
    if not arguments:
        return None
    versions = [parse_versions(argument) for argument in arguments]
    scope = Scope(tuple(dict.fromkeys(version for some in versions for version in some)) if all(versions) else ())
    return Means(
        web=web,
        mirror=Cvdf(web),
        index=index_of(reach.mirror_origin),
        open_reader=lambda: Ledger.read(out),
        make_trimmer=lambda: MediaEngine(recipe_for(recipe), stops.abort),
        sink=sink,
        recipe=recipe,
        streams=min(running.jobs or default_jobs(), MOST_STREAMS),
        scope=scope,
    )


def check(reach: ReachOptions) -> None:
    """Raises UserError for what makes no sense, before anything is written."""
    _web(reach, threading.Event())
    for spec in reach.source:
        if _named(spec):
            parse_versions(spec.partition(":")[2])


def _named(spec: str) -> bool:
    return spec.partition(":")[0] == Cvdf.name


def _web(reach: ReachOptions, drain: threading.Event) -> Web:
    try:
        return Web(drain, reach.mirror_origin, reach.ca_file)
    except UserError as error:
        raise UserError(f"--mirror-origin: {error}") from None


def index_of(origin: str | None) -> TarIndex:
    """What is known of the tars of the mirror, or of the server that stands in for it. Raises UserError."""
    try:
        return TarIndex(folder_of(cache_home(), origin))
    except ValueError as error:
        raise UserError(f"--mirror-origin: {error}") from None
