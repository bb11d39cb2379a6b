"""What became of it, to look at."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from clipset.cli.explore import explore as run_explore
from clipset.cli.outcome import Exit
from clipset.cli.report import ReportOrder
from clipset.cli.report import report as run_report
from clipset.cli.verbs.parameters import PLACE, SWITCH
from clipset.config import UserError
from clipset.report.from_logs import Logs

_GIVEN = Parameter(show_env_var=False)


def report(
    dataset: Annotated[Path | None, PLACE] = None,
    /,
    *,
    out: Annotated[Path | None, _GIVEN] = None,
    from_stats: Annotated[Path | None, _GIVEN] = None,
    from_failed: Annotated[Path | None, _GIVEN] = None,
    wanted: Annotated[int | None, _GIVEN] = None,
    done: Annotated[int | None, _GIVEN] = None,
    json: Annotated[bool, SWITCH] = False,
) -> Exit:
    """Write a page that works offline, with figures (SVG, PNG) and tables (CSV), on what became of a dataset.

    Parameters
    ----------
    dataset
        The directory of the dataset.
    out
        The folder of the report; DATASET/report when not given.
    from_stats
        Instead of a dataset, the stats.csv of a run: of the downloader of 2019, or ours.
    from_failed
        With --from-stats: the failed.csv of that run, or a table with the columns reason and count.
    wanted
        With --from-stats: how many clips were wanted, if the files do not tell.
    done
        With --from-stats: how many clips are there, if stats.csv lacks some.
    json
        Print all that the report says as one JSON object.
    """
    if from_stats is None and any(option is not None for option in (from_failed, wanted, done)):
        raise UserError("--from-failed, --wanted and --done belong to --from-stats FILE")
    logs = None if from_stats is None else Logs(from_stats, from_failed, wanted, done)
    return run_report(ReportOrder(dataset, out, logs), json_too=json)


def explore(
    dataset: Annotated[Path, PLACE],
    /,
    *,
    port: Annotated[int | None, _GIVEN] = None,
    open: Annotated[bool, SWITCH] = False,  # noqa: A002 - the word of the option
    json: Annotated[bool, SWITCH] = False,
) -> Exit:
    """Look around in a dataset with a browser on this machine, live while a fetch runs. Ctrl-C ends it.

    Parameters
    ----------
    dataset
        The directory of the dataset.
    port
        Where on this machine to serve; 0 is any free port, and 8311 or the next free one when not given.
    open
        Open the page in the browser, too.
    json
        Print the address as one JSON object.
    """
    return run_explore(dataset, port=port, as_json=json, opens=open)
