"""`clipset status`: where a dataset stands."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clipset.cli import places
from clipset.cli.outcome import Exit
from clipset.clock import SystemClock
from clipset.ledger import Ledger
from clipset.ledger.status import Status
from clipset.progress.text import human_bytes, printable

_SHOWN_SESSIONS = 5


def print_status(directory: Path, *, as_json: bool) -> Exit:
    """Raises LedgerError."""
    with Ledger.read(directory) as ledger:
        found, url = ledger.status(SystemClock().now_us()), places.elsewhere(ledger)
    if as_json:
        print(json.dumps(found.to_json() | {"clips_to": url}))
    else:
        table = _table(found)
        if url is not None:
            table.add_row("where", Text(url))
        Console(highlight=False).print(table)
    return Exit.OK


def _table(found: Status) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, counts in (("clips", found.clips), ("videos", found.videos)):
        table.add_row(name, f"{counts.done:,} done, {counts.lost:,} lost, {counts.wanted:,} wanted")
    for split, counts in found.splits.items():
        text = f"{counts.done:,} done, {counts.lost:,} lost, {counts.wanted:,} wanted"
        table.add_row(Text(f"  {printable(split) or 'no split'}"), text)
    table.add_row("bytes", f"{human_bytes(found.bytes.fetched)} fetched, {human_bytes(found.bytes.stored)} stored")
    for reason, count in found.reasons.items():
        table.add_row("not there" if reason == next(iter(found.reasons)) else "", f"{count:,} {reason}")
    for egress in found.egress:
        until = f" until {egress.not_before}" if egress.not_before else ""
        pace = "no pace" if egress.permits_per_hour is None else f"{egress.permits_per_hour:.0f} videos/h"
        table.add_row("egress", Text(f"{egress.name}: {egress.state}{until}, {pace}"))
    for session in found.sessions[-_SHOWN_SESSIONS:]:
        ended = f"stopped by {session.stopped_by} at {session.stopped_at}" if session.stopped_at else "running"
        table.add_row("session", f"{session.started_at}: {session.done:,} done, {session.failed:,} failed, {ended}")
    return table
