"""`clipset plan`: the same selection as fetch, its forecast, nothing written."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from clipset.cli import lists, mirror, workshop
from clipset.cli.fetch import Order
from clipset.cli.outcome import Exit
from clipset.engines.local import default_jobs
from clipset.ledger import Ledger, PlanSummary
from clipset.plan import Conditions, Demand, Forecast, forecast
from clipset.progress.text import human_bytes, human_duration


def plan(order: Order, *, has_out: bool) -> Exit:
    """Raises UserError, AnnotationError, LedgerError."""
    recipe, chosen = lists.recipe(order.clips), lists.selection(order.selection)
    mirror.check(order.reach)
    permits_per_h, ways = workshop.permits_per_h(order.reach), workshop.egresses(order.reach)
    with (
        tempfile.TemporaryDirectory(prefix="clipset-") as nowhere,
        Ledger.scratch(order.out if has_out else Path(nowhere)) as ledger,
        lists.spinner(),
    ):
        plans = lists.load(ledger, order.annotations, chosen, recipe)
    conditions = Conditions(permits_per_h, len(ways), recipe.max_height_px, order.running.jobs or default_jobs())
    has_mirror = mirror.sources_before(order.reach) is not None
    found = forecast(_demand(plans), conditions)
    if order.running.json:
        print(json.dumps(_as_json(found, plans, conditions) | {"mirror": has_mirror}))
    else:
        _print(found, plans, conditions, has_mirror=has_mirror)
    return Exit.OK


def _demand(plans: list[PlanSummary]) -> Demand:
    return Demand(
        clips=sum(item.clips for item in plans),
        videos=sum(item.videos for item in plans),
        there_clips=sum(item.done for item in plans),
        lost_clips=sum(item.lost for item in plans),
        remaining_clips=sum(item.wanted for item in plans),
        remaining_videos=sum(item.wanted_videos for item in plans),
        remaining_span_us=sum(item.wanted_us for item in plans),
        longest_span_us=max(item.longest_wanted_us for item in plans),
    )


def _as_json(found: Forecast, plans: list[PlanSummary], conditions: Conditions) -> dict[str, Any]:
    demand = found.demand
    return {
        "clips": demand.clips,
        "videos": demand.videos,
        "there": demand.there_clips,
        "lost": demand.lost_clips,
        "remaining_clips": demand.remaining_clips,
        "remaining_videos": demand.remaining_videos,
        "bad_rows": sum(item.bad_rows for item in plans),
        "duplicates": sum(item.duplicates for item in plans),
        "egresses": conditions.egresses,
        "permits_per_hour": conditions.permits_per_h,
        "duration_h": found.duration_h,
        "transfer_bytes": found.transfer_bytes,
        "disk_bytes": found.disk_bytes,
        "temporary_bytes": found.temporary_bytes,
        "plans": [asdict(item) for item in plans],
    }


def _print(found: Forecast, plans: list[PlanSummary], conditions: Conditions, *, has_mirror: bool) -> None:
    demand = found.demand
    table = Table.grid(padding=(0, 2))
    table.add_row("clips", f"{demand.clips:,} of {demand.videos:,} videos")
    table.add_row(
        "already there", f"{demand.there_clips:,}" + (f", {demand.lost_clips:,} lost" if demand.lost_clips else "")
    )
    table.add_row("remaining", f"{demand.remaining_clips:,} clips of {demand.remaining_videos:,} videos")
    table.add_row("time", _time(found, conditions, has_mirror=has_mirror))
    if has_mirror:
        table.add_row("mirror", "what it has takes no permit; its tars are read as a whole, at the speed of the line")
    table.add_row("transfer", f"about {human_bytes(found.transfer_bytes)}")
    table.add_row("disk", f"about {human_bytes(found.disk_bytes)}")
    table.add_row("temporary", f"{human_bytes(found.temporary_bytes)} of memory, no disk")
    if bad := sum(item.bad_rows for item in plans):
        table.add_row(
            "bad rows", f"{bad:,}; the first: {next(row.message for item in plans for row in item.first_bad)}"
        )
    Console(highlight=False).print(table)


def _time(found: Forecast, conditions: Conditions, *, has_mirror: bool) -> str:
    if found.duration_h is None:
        return "no pace set: as fast as the line and the cores allow"
    egresses = "one egress" if conditions.egresses == 1 else f"{conditions.egresses} egresses"
    duration = human_duration(found.duration_h * 3600)
    least = "without the mirror at least" if has_mirror else "at least"
    return f"{least} {duration}, at {conditions.permits_per_h:g} videos an hour permitted through {egresses}"
