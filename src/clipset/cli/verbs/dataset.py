"""What can be said and done about a dataset that is there."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from clipset.cli.adopt import AdoptOptions, AdoptOrder
from clipset.cli.adopt import adopt as run_adopt
from clipset.cli.failures import FailureOptions, print_failures
from clipset.cli.merge import merge as run_merge
from clipset.cli.options import ClipOptions, ListOptions, SelectionOptions
from clipset.cli.outcome import Exit
from clipset.cli.rebuild import rebuild as run_rebuild
from clipset.cli.status import print_status
from clipset.cli.verbs.parameters import LISTS, PLACE, SWITCH
from clipset.existing.merge import Merge


def status(dataset: Annotated[Path, PLACE], /, *, json: Annotated[bool, Parameter(negative=())] = False) -> Exit:
    """Show where a dataset stands.

    Parameters
    ----------
    dataset
        The directory of the dataset.
    json
        Print one JSON object.
    """
    return print_status(dataset, as_json=json)


def failures(
    dataset: Annotated[Path, PLACE],
    /,
    *,
    asked: FailureOptions = FailureOptions(),  # noqa: B008 - frozen
    csv: Annotated[bool, SWITCH] = False,
    json: Annotated[bool, SWITCH] = False,
) -> Exit:
    """Say why clips are not there: each reason with its clips, what it means, what to do; and clip by clip.

    Parameters
    ----------
    dataset
        The directory of the dataset.
    csv
        Print the clips as failed.csv has them, and nothing else.
    json
        Print one JSON object: the reasons, and the clips where some are asked for.
    """
    return print_failures(dataset, asked, as_csv=csv, as_json=json)


def adopt(
    dataset: Annotated[Path, PLACE],
    annotations: Annotated[tuple[Path, ...], LISTS] = (),
    /,
    *,
    adopting: AdoptOptions,
    lists: ListOptions = ListOptions(),  # noqa: B008 - frozen
    selection: SelectionOptions = SelectionOptions(),  # noqa: B008 - frozen
    clips: ClipOptions = ClipOptions(),  # noqa: B008 - frozen
) -> Exit:
    """Take clips that other tools made into a dataset, each verified by decoding; their tree is only read.

    Parameters
    ----------
    dataset
        The directory of the dataset.
    annotations
        Lists of the clips to adopt; those that the dataset was fetched with when not given.
    """
    return run_adopt(AdoptOrder(dataset, annotations, adopting, selection, clips, lists))


def rebuild(
    dataset: Annotated[Path, PLACE],
    /,
    *,
    force: Annotated[bool, SWITCH] = False,
    jobs: int | None = None,
    json: Annotated[bool, SWITCH] = False,
) -> Exit:
    """Make a damaged or lost ledger anew from the clips and tables on disk; each clip is verified by decoding.

    Parameters
    ----------
    dataset
        The directory of the dataset.
    force
        Do it although nothing is wrong with the ledger.
    jobs
        Files verified at a time; derived from the machine when not given.
    json
        Print one JSON event a line on standard output, no live display.
    """
    return run_rebuild(dataset, force=force, jobs=jobs, as_json=json)


def merge(
    datasets: Annotated[tuple[Path, ...], LISTS],
    /,
    *,
    out: Annotated[Path, PLACE],
    copy: Annotated[bool, SWITCH] = False,
    verify: Annotated[bool, SWITCH] = False,
    dry_run: Annotated[bool, SWITCH] = False,
    json: Annotated[bool, SWITCH] = False,
) -> Exit:
    """Join datasets that shards made by themselves (fetch --shard) into one; they are only read, and may be in use.

    Parameters
    ----------
    datasets
        The directories of the datasets. Of a clip that two made differently, the one named first is kept.
    out
        The directory to merge into, new or merged into before: then it gets what is new.
    copy
        Copy the files instead of linking them.
    verify
        Compare the SHA-256 of each new file with its ledger, not only its size.
    dry_run
        Say what would be merged and write nothing.
    json
        Print one JSON event a line on standard output, no live display.
    """
    return run_merge(Merge(datasets, out, copy, verify, dry_run), as_json=json)
