"""`clipset index`: what is known of a mirror's tars, shown and passed on."""

from json import dumps
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from clipset.cli.mirror import index_of
from clipset.cli.outcome import Exit, say
from clipset.cli.verbs.parameters import PLACE
from clipset.progress.text import printable

index = App(name="index", help="Which clips each of a mirror's tars holds, as far as tars were read to their end.")


@index.default
def index_show(*, mirror_origin: str | None = None, json: Annotated[bool, Parameter(negative=())] = False) -> Exit:
    """Show which of a mirror's tars are known, and how many clips each holds.

    Parameters
    ----------
    mirror_origin
        The server that stood in for the mirror's host.
    json
        Print one JSON object.
    """
    return _show(mirror_origin, as_json=json)


@index.command(name="export")
def index_export(file: Annotated[Path, PLACE], /, *, mirror_origin: str | None = None) -> Exit:
    """Write what is known of a mirror's tars to a file, for others to import.

    Parameters
    ----------
    file
        The file to write, JSON Lines.
    mirror_origin
        The server that stood in for the mirror's host.
    """
    say(f"{file}: what {index_of(mirror_origin).export(file):,} tars hold")
    return Exit.OK


@index.command(name="import")
def index_import(file: Annotated[Path, PLACE], /, *, mirror_origin: str | None = None) -> Exit:
    """Take over what others know of a mirror's tars: a fetch then reads only those that hold what is wanted.

    Parameters
    ----------
    file
        A file that clipset index export wrote.
    mirror_origin
        The server that stands in for the mirror's host.
    """
    say(f"{file}: {index_of(mirror_origin).take_over(file):,} tars are known from it")
    return Exit.OK


def _show(origin: str | None, *, as_json: bool) -> Exit:
    tars = [{"url": url, "version": listing.version, "clips": len(listing.ids())} for url, listing in index_of(origin)]
    if as_json:
        print(dumps({"tars": tars}))
        return Exit.OK
    console = Console(highlight=False, soft_wrap=True)
    for tar in tars:
        console.print(f"{tar['clips']:>8,}  {printable(str(tar['url']))}", markup=False)
    console.print(f"{len(tars):,} tars read to their end, {sum(int(str(tar['clips'])) for tar in tars):,} clips")
    return Exit.OK
