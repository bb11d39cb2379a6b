"""`clipset status`: where a dataset stands, on one page."""

import json
from collections.abc import Iterator
from pathlib import Path

from rich.table import Table
from rich.text import Text

from clipset.cli import places
from clipset.cli.bars import Screen
from clipset.cli.next_step import next_step
from clipset.cli.outcome import Exit
from clipset.cli.times import of_iso_us
from clipset.clock import SystemClock
from clipset.ledger import Ledger
from clipset.ledger.status import Counts, EgressStatus, SessionStatus, Status
from clipset.progress.text import human_bytes, human_duration, printable, wall_clock
from clipset.reasons import Reason
from clipset.types import US_PER_S

_SHOWN_SESSIONS, _SHOWN_REASONS, _SHOWN_SPLITS = 5, 8, 12
_NAME_CHARS = 19
_BAR_CELLS, _REASON_CELLS = 20, 16


def print_status(directory: Path, *, as_json: bool) -> Exit:
    """Raises LedgerError."""
    now_us = SystemClock().now_us()
    with Ledger.read(directory) as ledger:
        found, url = ledger.status(now_us), places.elsewhere(ledger)
    if as_json:
        print(json.dumps(found.to_json() | {"clips_to": url}))
        return Exit.OK
    screen = Screen()
    screen.print_lines(Text(printable(str(directory)), style="bold"))
    if url is not None:
        screen.print_lines(Text(f"clips in {printable(url)}"))
    for part in _parts(found, screen, now_us):
        screen.print("", part)
    screen.print("", Text(next_step(found, directory, now_us), style="bold"))
    return Exit.OK


def _parts(found: Status, screen: Screen, now_us: int) -> Iterator[Table]:
    """Those that there is something to say of."""
    yield _counts(found, screen)
    if found.reasons:
        yield _reasons(found, screen)
    yield _figures(found)
    if found.egress:
        yield _egresses(found.egress, now_us)
    if found.sessions:
        yield _sessions(found.sessions, now_us)


def _table(*columns: str, right: frozenset[str] = frozenset()) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", no_wrap=True, overflow="ellipsis")
    return table


_COUNTED = ("done", "share", "lost", "still wanted")


def _counts(found: Status, screen: Screen) -> Table:
    """The clips, their videos, and the annotations of each split: done, lost, wanted."""
    table = _table("", "", *_COUNTED, right=frozenset(_COUNTED))
    rows = [("clips", found.clips), ("videos", found.videos)]
    splits = sorted(found.splits.items(), key=lambda item: -_all(item[1]))
    shown = len(splits) if len(splits) == _SHOWN_SPLITS + 1 else _SHOWN_SPLITS
    rows += [(f"  {printable(name, _NAME_CHARS - 2) or 'no split'}", counts) for name, counts in splits[:shown]]
    if others := [counts for _, counts in splits[shown:]]:
        summed = (sum(getattr(counts, state) for counts in others) for state in ("wanted", "done", "lost"))
        rows.append((f"  {len(others):,} more splits", Counts(*summed)))
    for name, counts in rows:
        whole = _all(counts)
        parts = [(counts.done, "green"), (counts.lost, "red"), (counts.wanted, "dim")]
        bar = screen.bar(parts, whole, _BAR_CELLS)
        table.add_row(
            Text(name, style="bold" if name == "clips" else ""), bar, f"{counts.done:,}", _percent(counts.done, whole),
            f"{counts.lost:,}", f"{counts.wanted:,}",
        )  # fmt: skip
    return table


def _all(counts: Counts) -> int:
    return counts.wanted + counts.done + counts.lost


def _reasons(found: Status, screen: Screen) -> Table:
    """Worst first."""
    table = _table("not there", "", "clips", "share", "meaning", right=frozenset({"clips", "share"}))
    ordered = sorted(found.reasons.items(), key=lambda item: (-item[1], item[0]))
    shown = len(ordered) if len(ordered) == _SHOWN_REASONS + 1 else _SHOWN_REASONS
    rows = [(printable(name, _NAME_CHARS), count, _disposition(name)) for name, count in ordered[:shown]]
    if others := ordered[shown:]:
        rows.append((f"{len(others):,} others", sum(count for _, count in others), ""))
    whole, most = sum(found.reasons.values()), max(count for _, count, _ in rows)
    for name, count, disposition in rows:
        bar = screen.bar([(count, "red" if disposition == "lost" else "yellow")], most, _REASON_CELLS)
        table.add_row(Text(name), bar, f"{count:,}", _percent(count, whole), disposition)
    return table


def _disposition(reason: str) -> str:
    """'' for a reason of another version."""
    return Reason(reason).disposition.value if reason in set(Reason) else ""


def _figures(found: Status) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", min_width=9)
    table.add_column()
    sizes = found.bytes
    fetched = human_bytes(sizes.fetched)
    if (ratio := sizes.least_ratio) is not None:
        fetched += f", {ratio:.2f} times the least that the clips need"
        if sizes.least_clips < found.clips.done:
            fetched += f" (known for {sizes.least_clips:,} of {found.clips.done:,})"
    table.add_row("fetched", fetched)
    temporary = "" if sizes.peak_temporary is None else f", at most {human_bytes(sizes.peak_temporary)} temporary"
    table.add_row("stored", human_bytes(sizes.stored) + temporary)
    if len(found.nodes) > 1:
        nodes = ", ".join(f"{printable(node.name, 40) or 'no name'} {node.clips_done:,}" for node in found.nodes)
        table.add_row("nodes", Text(f"clips done: {nodes}"))
    if (run := found.active) is not None:
        rate = "" if run.clips_per_h is None else f", {run.clips_per_h:,.0f} clips/h"
        left = "" if run.eta_s is None else f", {human_duration(run.eta_s)} left"
        table.add_row("running", Text(f"process {run.pid} on {printable(run.host, 40)}{rate}{left}", style="green"))
    return table


def _egresses(rows: tuple[EgressStatus, ...], now_us: int) -> Table:
    table = _table("egress", "node", "state", "pace")
    for row in rows:
        pace = "no pace" if row.permits_per_hour is None else f"{row.permits_per_hour:,.0f} videos/h"
        state = Text(_state(row, now_us), style="green" if row.state == "open" else "yellow")
        table.add_row(Text(printable(row.name, 24)), Text(printable(row.node, 16) or "-"), state, pace)
    return table


def _state(row: EgressStatus, now_us: int) -> str:
    if row.not_before is None:
        return row.state
    return f"{row.state}, {human_duration((of_iso_us(row.not_before) - now_us) / US_PER_S)} left"


def _sessions(rows: tuple[SessionStatus, ...], now_us: int) -> Table:
    """The last ones, newest last."""
    right = frozenset({"lasted", "done", "failed", "clips/h"})
    table = _table("session began", "lasted", "done", "failed", "clips/h", "ended by", right=right)
    for row in rows[-_SHOWN_SESSIONS:]:
        began_us = of_iso_us(row.started_at)
        lasted_s = ((now_us if row.stopped_at is None else of_iso_us(row.stopped_at)) - began_us) / US_PER_S
        rate = f"{row.done * 3600 / lasted_s:,.0f}" if lasted_s > 0 else "-"
        ended = printable(row.stopped_by or "not ended", 12)
        counts = (f"{row.done:,}", f"{row.failed:,}")
        table.add_row(wall_clock(began_us, now_us), human_duration(lasted_s), *counts, rate, ended)
    return table


def _percent(count: int, whole: int) -> str:
    """Never 100 % or 0 % of what is not all or nothing."""
    if not whole or count in {0, whole}:
        return f"{100 if whole and count else 0} %"
    return f"{min(99.9, max(0.1, 100 * count / whole)):.1f} %"
