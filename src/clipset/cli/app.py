"""The commands, and the one place where an exception becomes an exit status."""

import gc
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import cyclopts
from cyclopts import App

from clipset import __version__
from clipset.annotations import AnnotationError
from clipset.cli import settings
from clipset.cli.outcome import Exit, complain, machine_failed
from clipset.cli.verbs import VERBS
from clipset.config import UserError, cache_home
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
for verb in VERBS:
    app.command(verb)

_EXPECTED: tuple[tuple[tuple[type[Exception], ...], Exit], ...] = (
    ((LedgerCorrupt,), Exit.MACHINE),
    ((cyclopts.CycloptsError, UserError, AnnotationError, LedgerError), Exit.USAGE),
)


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
    log = cache_home() / "crash.log"
    text = "".join(traceback.format_exception(error))
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(text, encoding="utf-8")
        where = f"the traceback is in {log}"
    except OSError:
        where = text
    complain(f"a bug: {type(error).__name__}: {error}; {where}")
    return Exit.BUG
