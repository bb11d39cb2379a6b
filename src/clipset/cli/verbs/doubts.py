"""Why clips are not there, and second thoughts about it."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from clipset.cli import reasons as why
from clipset.cli.outcome import Exit
from clipset.cli.verbs.parameters import PLACE
from clipset.config import UserError


def reasons(
    *,
    unmatched: Annotated[Path | None, PLACE] = None,
    import_: Annotated[Path | None, Parameter(name="--import", show_env_var=False)] = None,
    csv: Annotated[Path | None, PLACE] = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> Exit:
    """Print why clips can be missing and what each reason means for asking again.

    Parameters
    ----------
    unmatched
        Print the texts in this dataset's ledger that no reason fits yet.
    import_
        Classify the failure log of another downloader: failed.csv, download_report.json.
    csv
        With --import: write the classified rows into this file.
    json
        Print one JSON object.
    """
    if unmatched is not None and import_ is not None:
        raise UserError("--unmatched and --import are two questions; ask one at a time")
    if import_ is not None:
        return why.print_import(import_, csv, as_json=json)
    return why.print_unmatched(unmatched, as_json=json) if unmatched else why.print_table(as_json=json)


def reclassify(
    dataset: Annotated[Path, PLACE],
    /,
    *,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> Exit:
    """Give the clips that are not there the reasons that this version reads in the texts that came.

    Parameters
    ----------
    dataset
        The directory of the dataset.
    dry_run
        Only say what would change.
    json
        Print one JSON object.
    """
    return why.reclassify(dataset, dry_run=dry_run, as_json=json)


def retry(
    dataset: Annotated[Path, PLACE],
    /,
    *,
    reason: Annotated[tuple[str, ...], Parameter(negative=(), show_env_var=False)],
    json: Annotated[bool, Parameter(negative=())] = False,
) -> Exit:
    """Want clips again that are lost or put off, so that the next fetch asks for them.

    Parameters
    ----------
    dataset
        The directory of the dataset.
    reason
        The reason they are not there for (repeatable), as failed.csv shows it.
    json
        Print one JSON object.
    """
    return why.retry(dataset, reason, as_json=json)
