"""The main job: fetch, and what it would take; the demo."""

from pathlib import Path
from typing import Annotated

from clipset.cli.fetch import Order
from clipset.cli.fetch import fetch as run_fetch
from clipset.cli.forecast import plan as run_plan
from clipset.cli.options import (
    ClipOptions,
    ListOptions,
    ReachOptions,
    RunOptions,
    SelectionOptions,
)
from clipset.cli.outcome import Exit
from clipset.cli.verbs.parameters import LISTS, PLACE, some


def fetch(
    annotations: Annotated[tuple[Path, ...], LISTS],
    /,
    *,
    out: Path,
    lists: ListOptions = ListOptions(),  # noqa: B008 - frozen
    selection: SelectionOptions = SelectionOptions(),  # noqa: B008 - frozen
    clips: ClipOptions = ClipOptions(),  # noqa: B008 - frozen
    reach: ReachOptions = ReachOptions(),  # noqa: B008 - frozen
    running: RunOptions = RunOptions(),  # noqa: B008 - frozen
) -> Exit:
    """Fetch the clips that the lists name; run it again to resume or to extend.

    Parameters
    ----------
    annotations
        Lists of clips, files (also .gz, .xz, .zst) or names such as kinetics400; see clipset datasets.
    out
        The directory of the dataset.
    """
    return run_fetch(Order(some(annotations), out, selection, clips, reach, running, lists))


def plan(
    annotations: Annotated[tuple[Path, ...], LISTS],
    /,
    *,
    out: Path | None = None,
    lists: ListOptions = ListOptions(),  # noqa: B008 - frozen
    selection: SelectionOptions = SelectionOptions(),  # noqa: B008 - frozen
    clips: ClipOptions = ClipOptions(),  # noqa: B008 - frozen
    reach: ReachOptions = ReachOptions(),  # noqa: B008 - frozen
    running: RunOptions = RunOptions(),  # noqa: B008 - frozen
) -> Exit:
    """Say what the same fetch would take: clips, time at the permitted rate, transfer, disk. Writes nothing.

    Parameters
    ----------
    annotations
        Lists of clips, files (also .gz, .xz, .zst) or names such as kinetics400; see clipset datasets.
    out
        The directory of the dataset, to count what is there already.
    """
    order = Order(some(annotations), out or Path(), selection, clips, reach, running, lists)
    return run_plan(order, has_out=out is not None)


def demo(
    dataset: Annotated[Path, PLACE] = Path("demo"),
    /,
    *,
    running: RunOptions = RunOptions(),  # noqa: B008 - frozen
) -> Exit:
    """Run the main job, offline, in about a minute: an offline YouTube on this machine, 24 rows, real clips.

    Parameters
    ----------
    dataset
        The directory of the demo's dataset.
    """
    from clipset.cli.demo import demo as run_demo  # noqa: PLC0415 - the server and libav are only for this verb

    return run_demo(dataset, running)
