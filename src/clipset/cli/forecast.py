"""`clipset plan`: the same selection as fetch, its forecast, nothing written."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clipset.cli import given, lists, mirror, places, workshop
from clipset.cli.fetch import Order
from clipset.cli.outcome import Exit
from clipset.engines.local import default_jobs
from clipset.ledger import Ahead, PlanSummary, Totals
from clipset.plan import Conditions, Demand, Forecast, forecast
from clipset.progress.text import human_bytes, human_duration


def plan(order: Order, *, has_out: bool) -> Exit:
    """Raises UserError, AnnotationError, LedgerError, ClipsetError."""
    recipe, chosen = lists.recipe(order.clips), lists.selection(order.selection)
    mirror.check(order.reach)
    url = places.asked(order.running.clips_to)
    permits_per_h, ways = workshop.permits_per_h(order.reach), workshop.egresses(order.reach)
    wanted = given.lists(order.annotations, order.lists, order.reach.ca_file)
    with Ahead(order.out if has_out else None) as ahead:
        if ahead.reader is not None:
            url = places.chosen(ahead.reader, order.out, url).url
        plans, totals = lists.look_ahead(ahead, wanted, chosen, recipe, accept_changed=order.lists.accept_changed_lists)
    conditions = Conditions(permits_per_h, len(ways), recipe.max_height_px, order.running.jobs or default_jobs())
    found = forecast(_demand(totals), conditions)
    saved = _saved(found, plans, conditions)
    has_mirror = mirror.sources_before(order.reach) is not None
    if order.running.json:
        print(json.dumps(_as_json(found, plans, conditions, saved) | {"mirror": has_mirror}))
    else:
        _print(found, plans, conditions, saved, "disk" if url is None else url, has_mirror=has_mirror)
    return Exit.OK


def _demand(totals: Totals | PlanSummary) -> Demand:
    return Demand(
        clips=totals.clips,
        videos=totals.videos,
        there_clips=totals.done,
        lost_clips=totals.lost,
        remaining_clips=totals.wanted,
        remaining_videos=totals.wanted_videos,
        remaining_span_us=totals.wanted_us,
        longest_span_us=totals.longest_wanted_us,
    )


@dataclass(frozen=True, slots=True)
class _Saved:
    """What the lists would take one by one, less what they take together. A video is one resolve."""

    clips: int
    videos: int
    duration_h: float | None
    transfer_bytes: int
    disk_bytes: int


def _saved(found: Forecast, plans: list[PlanSummary], conditions: Conditions) -> _Saved:
    alone = [forecast(_demand(item), conditions) for item in plans]
    hours = None if found.duration_h is None else sum(item.duration_h or 0.0 for item in alone) - found.duration_h
    return _Saved(
        clips=sum(item.demand.remaining_clips for item in alone) - found.demand.remaining_clips,
        videos=sum(item.demand.remaining_videos for item in alone) - found.demand.remaining_videos,
        duration_h=hours,
        transfer_bytes=sum(item.transfer_bytes for item in alone) - found.transfer_bytes,
        disk_bytes=sum(item.disk_bytes for item in alone) - found.disk_bytes,
    )


def _as_json(found: Forecast, plans: list[PlanSummary], conditions: Conditions, saved: _Saved) -> dict[str, Any]:
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
        "saved_by_sharing": asdict(saved),
        "plans": [asdict(item) for item in plans],
    }


def _print(
    found: Forecast, plans: list[PlanSummary], conditions: Conditions, saved: _Saved, place: str, *, has_mirror: bool
) -> None:
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
    if saved.clips or saved.videos:
        hours = "" if saved.duration_h is None else f", {human_duration(saved.duration_h * 3600)}"
        sizes = f"{human_bytes(saved.transfer_bytes)} of transfer, {human_bytes(saved.disk_bytes)} of disk"
        table.add_row("shared by lists", f"saves {saved.clips:,} clips of {saved.videos:,} videos{hours}, {sizes}")
    table.add_row("transfer", f"about {human_bytes(found.transfer_bytes)}")
    table.add_row(Text(place), f"about {human_bytes(found.disk_bytes)}")
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
