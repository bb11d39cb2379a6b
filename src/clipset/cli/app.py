"""The commands, and the one place where an exception becomes an exit status."""

import gc
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import App, Parameter

from clipset import __version__
from clipset.annotations import AnnotationError
from clipset.annotations.conversion import convert as convert_list
from clipset.cli import reasons as why
from clipset.cli import settings
from clipset.cli.adopt import AdoptOptions, AdoptOrder
from clipset.cli.adopt import adopt as run_adopt
from clipset.cli.classes import print_classes
from clipset.cli.datasets import print_datasets
from clipset.cli.fetch import Order
from clipset.cli.fetch import fetch as run_fetch
from clipset.cli.forecast import plan as run_plan
from clipset.cli.index import index
from clipset.cli.leaks import print_leaks
from clipset.cli.options import (
    ClipOptions,
    ListOptions,
    ReachOptions,
    RunOptions,
    SelectionOptions,
    SimulateOptions,
)
from clipset.cli.outcome import Exit, complain, machine_failed, say
from clipset.cli.rebuild import rebuild as run_rebuild
from clipset.cli.status import print_status
from clipset.config import UserError
from clipset.ledger import LedgerCorrupt, LedgerError
from clipset.types import ClipsetError

CONFIG_FILE = "clipset.toml"

app = App(
    name="clipset",
    version=__version__,
    help="Annotation lists in, verified frame-exact clips out.",
    config=[
        cyclopts.config.Env("CLIPSET_", command=False),
        cyclopts.config.Toml(CONFIG_FILE, use_commands_as_keys=False, allow_unknown=True),
    ],
    help_format="plaintext",
    suppress_keyboard_interrupt=False,  # main says what it means
)
_EXPECTED: tuple[tuple[tuple[type[Exception], ...], Exit], ...] = (
    ((LedgerCorrupt,), Exit.MACHINE),
    ((cyclopts.CycloptsError, UserError, AnnotationError, LedgerError), Exit.USAGE),
)
_LISTS = Parameter(negative=(), show_env_var=False)
_PLACE = Parameter(show_env_var=False)
_SWITCH = Parameter(negative=(), show_env_var=False)


@app.command
def fetch(
    annotations: Annotated[tuple[Path, ...], _LISTS],
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
    return run_fetch(Order(_some(annotations), out, selection, clips, reach, running, lists))


@app.command
def plan(
    annotations: Annotated[tuple[Path, ...], _LISTS],
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
    order = Order(_some(annotations), out or Path(), selection, clips, reach, running, lists)
    return run_plan(order, has_out=out is not None)


@app.command
def status(dataset: Annotated[Path, _PLACE], /, *, json: Annotated[bool, Parameter(negative=())] = False) -> Exit:
    """Show where a dataset stands.

    Parameters
    ----------
    dataset
        The directory of the dataset.
    json
        Print one JSON object.
    """
    return print_status(dataset, as_json=json)


@app.command
def rebuild(
    dataset: Annotated[Path, _PLACE],
    /,
    *,
    force: Annotated[bool, _SWITCH] = False,
    jobs: int | None = None,
    json: Annotated[bool, _SWITCH] = False,
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


@app.command
def adopt(
    dataset: Annotated[Path, _PLACE],
    annotations: Annotated[tuple[Path, ...], _LISTS] = (),
    /,
    *,
    adopting: AdoptOptions,
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
    return run_adopt(AdoptOrder(dataset, annotations, adopting, selection, clips))


@app.command
def datasets(
    name: Annotated[str | None, _PLACE] = None, /, *, json: Annotated[bool, Parameter(negative=())] = False
) -> Exit:
    """List the datasets that can be given by name, or show one: splits, classes, clips, size, licence, where from.

    Parameters
    ----------
    name
        Only this dataset, with the source of each figure.
    json
        Print JSON: a list, or one object.
    """
    return print_datasets(name, as_json=json)


@app.command
def leaks(
    annotations: Annotated[tuple[Path, ...], _LISTS],
    /,
    *,
    lists: ListOptions = ListOptions(),  # noqa: B008 - frozen
    csv: Annotated[Path | None, _PLACE] = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> Exit:
    """Say which clips and videos the splits of datasets share, and which clips they call by other names.

    Parameters
    ----------
    annotations
        Lists of clips, files (also .gz, .xz, .zst) or names such as kinetics400; see clipset datasets.
    csv
        Write what is shared to this table, a row a clip or video.
    json
        Print one JSON object.
    """
    return print_leaks(_some(annotations), lists, as_json=json, table=csv)


@app.command
def classes(
    places: Annotated[tuple[Path, ...], _LISTS],
    /,
    *,
    lists: ListOptions = ListOptions(),  # noqa: B008 - frozen
    categories: Annotated[Path | None, _PLACE] = None,
    csv: Annotated[Path | None, _PLACE] = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> Exit:
    """List the classes of lists with their clips by split; of a dataset, what became of the clips of each class.

    Parameters
    ----------
    places
        Lists of clips, files or names such as kinetics400; or the directory of one dataset.
    categories
        A JSON file {category: [labels]}: count by category instead of by class.
    csv
        Write the same as a table.
    json
        Print JSON: an object a class.
    """
    return print_classes(_some(places), lists, categories, as_json=json, table=csv)


@app.command
def convert(a: Annotated[Path, _PLACE], b: Annotated[Path, _PLACE], /) -> Exit:
    """Convert a list between CSV, TSV, JSON and JSON Lines without losing anything.

    Parameters
    ----------
    a
        The list to read.
    b
        The list to write; its suffix says how (.csv, .tsv, .json, .jsonl, and then perhaps .gz, .xz, .zst).
    """
    summary = convert_list(a, b)
    say(f"{b}: {summary.rows:,} clips, from {summary.source}")
    return Exit.OK


@app.command
def reasons(
    *,
    unmatched: Annotated[Path | None, _PLACE] = None,
    import_: Annotated[Path | None, Parameter(name="--import", show_env_var=False)] = None,
    csv: Annotated[Path | None, _PLACE] = None,
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


@app.command
def reclassify(
    dataset: Annotated[Path, _PLACE],
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


@app.command
def retry(
    dataset: Annotated[Path, _PLACE],
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


app.command(index)


@app.command
def simulate(
    world: Annotated[str | None, _PLACE] = None,
    /,
    *,
    options: SimulateOptions = SimulateOptions(),  # noqa: B008 - frozen
) -> Exit:
    """Simulate a pace against limits, in virtual time; or ask how long a dataset takes with your egresses.

    Parameters
    ----------
    world
        A shipped world (guest, account, cloud, home, halving, doubling, errors) or a TOML file; see docs/simulation.md.
    """
    try:
        from clipset.cli.simulate import simulate as run_simulate  # noqa: PLC0415 - simpy is an extra
    except ModuleNotFoundError as error:
        if error.name != "simpy":
            raise
        raise UserError("simulating needs simpy: pip install 'clipset[simulate]'") from None
    return run_simulate(world, options)


@app.command
def demo(
    dataset: Annotated[Path, _PLACE] = Path("demo"),
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


def _some(annotations: tuple[Path, ...]) -> tuple[Path, ...]:
    if not annotations:
        raise UserError("name at least one list of annotations")
    return annotations


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    gc.freeze()  # what was imported stays, and a list's rows are many and free of cycles: a tenth less CPU
    gc.set_threshold(50_000)
    try:
        settings.check(Path(CONFIG_FILE), _option_names())
        result = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except BrokenPipeError:
        return Exit.RESUMABLE
    except KeyboardInterrupt:  # while planning; a run has its own way to stop
        complain("interrupted; nothing was lost")
        return Exit.RESUMABLE
    except ClipsetError as error:
        return machine_failed(error.failure)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        return _explained(error)
    return result if isinstance(result, int) else Exit.OK


def _option_names() -> set[str]:
    arguments = app["fetch"].assemble_argument_collection()
    return {name.removeprefix("--") for argument in arguments for name in argument.names if name.startswith("--")}


def _explained(error: Exception) -> Exit:
    for kinds, status in _EXPECTED:
        if isinstance(error, kinds):
            complain(str(error))
            return status
    return _bug(error)


def _bug(error: Exception) -> Exit:
    log = Path.home() / ".cache" / "clipset" / "crash.log"
    text = "".join(traceback.format_exception(error))
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(text, encoding="utf-8")
        where = f"the traceback is in {log}"
    except OSError:
        where = text
    complain(f"a bug: {type(error).__name__}: {error}; {where}")
    return Exit.BUG
