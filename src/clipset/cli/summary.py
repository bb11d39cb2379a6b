"""What a session leaves on the screen."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clipset.ledger import Totals
from clipset.progress.tally import Tally
from clipset.progress.text import human_bytes, human_duration, wall_clock
from clipset.run import RunResult, StoppedBy
from clipset.types import US_PER_S

_NEXT = {
    StoppedBy.FINISHED: "Nothing wanted remains.",
    StoppedBy.NOT_DUE: "Some clips may be there later; run the same command again then.",
    StoppedBy.THROTTLE: "YouTube refused; no clip was lost. Run the same command again after the cool-down.",
    StoppedBy.LIMIT: "This session has reached its limit; run the same command again to go on.",
    StoppedBy.INTERRUPT: "Stopped as you asked; run the same command again to go on.",
    StoppedBy.FAILURE: "This machine cannot go on.",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """What a session came to. `totals` are of this command's lists, each clip counted once."""

    totals: Totals
    bad_rows: int
    came_back: int
    result: RunResult


def print_summary(
    where: str,
    ending: Ending,
    reasons: Mapping[str, int],
    tally: Tally,
    now_us: int,
) -> None:
    """`reasons` counts what is not there in the whole dataset."""
    totals, result = ending.totals, ending.result
    console = Console(stderr=True, highlight=False)
    elapsed_s = (now_us - tally.started_us) / US_PER_S
    table = Table.grid(padding=(0, 2))
    table.add_row("clips", Text(f"{totals.done} of {totals.clips} done, {totals.lost} lost, {totals.wanted} left"))
    if ending.bad_rows:
        table.add_row("bad rows", Text(f"{ending.bad_rows} rows of the list name no clip (see failed.csv)"))
    session = f"{result.done} clips in {human_duration(elapsed_s)}"
    table.add_row("this session", Text(f"{session}, {human_bytes(tally.fetched_bytes)} in {tally.requests} requests"))
    if ending.came_back:
        table.add_row("came back", Text(f"{ending.came_back:,} clips that had been given up"))
    table.add_row("stored", Text(f"{human_bytes(tally.stored_bytes)} new"))
    if reasons:
        table.add_row("not there", Text(", ".join(f"{count} {reason}" for reason, count in reasons.items())))
    table.add_row("where", Text(where))
    console.print(table)
    console.print(Text(_next_step(result, now_us), style="bold"))


def _next_step(result: RunResult, now_us: int) -> str:
    if result.stopped_by is StoppedBy.NOT_DUE and result.next_due_us is not None:
        return f"{_NEXT[result.stopped_by]} The next is due at {wall_clock(result.next_due_us, now_us)}."
    return _NEXT[result.stopped_by]


def print_events(ending: Ending, tally: Tally, now_us: int) -> None:
    totals, result = ending.totals, ending.result
    event = {
        "event": "summary",
        "clips": totals.clips,
        "done": totals.done,
        "lost": totals.lost,
        "wanted": totals.wanted,
        "bad_rows": ending.bad_rows,
        "stopped_by": result.stopped_by.value,
        "session_done": result.done,
        "session_failed": result.failed,
        "came_back": ending.came_back,
        "fetched_bytes": tally.fetched_bytes,
        "requests": tally.requests,
        "elapsed_s": round((now_us - tally.started_us) / US_PER_S, 3),
        "next_due_s": None if result.next_due_us is None else result.next_due_us / US_PER_S,
    }
    print(json.dumps(event), file=sys.stdout, flush=True)
