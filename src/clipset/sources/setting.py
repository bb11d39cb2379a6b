"""What a source is given when a run begins. A factory takes it once; what it returns is called in each worker."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from clipset.sources.youtube.config import Choose, Egress, Gate
from clipset.space import TemporarySpace
from clipset.types import Recipe, Source


@dataclass(frozen=True, slots=True)
class Setting:
    """`abort` ends even what is in flight; the gates end waiting for a permit by themselves. Temporary files are
    counted in `space`.
    """

    recipe: Recipe
    abort: threading.Event
    egresses: tuple[Egress, ...]
    gates: Mapping[str, Gate]
    choose: Choose
    youtube_origin: str | None = None
    youtube_clients: tuple[str, ...] = ()
    space: TemporarySpace = field(default_factory=TemporarySpace)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A source that can be made in each worker. A paced one asks through the gates, others try nobody's patience."""

    make: Callable[[], Source]
    is_paced: bool = False


class SourceFactory(Protocol):
    """The entry point of a source. `argument` is what follows the colon of `--source name:argument`, or ''.

    Raises UserError when the argument makes no sense.
    """

    def __call__(self, argument: str, setting: Setting) -> Prepared: ...
