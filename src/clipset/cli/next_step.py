"""What to do next with a dataset, in one line."""

from pathlib import Path

from clipset.cli.times import of_iso_us
from clipset.ledger.status import Status
from clipset.progress.text import human_duration, printable, wall_clock
from clipset.types import US_PER_S

_AGAIN = "Run the same clipset fetch again"


def next_step(found: Status, directory: Path, now_us: int) -> str:
    if found.active is not None:
        return "A run is at work. There is nothing to do; Ctrl-C ends it and loses nothing."
    if not found.sessions:
        return "Nothing was tried yet: run clipset fetch."
    if found.clips.wanted == 0:
        missing = found.clips.lost + found.bad_rows
        why = f" clipset failures {printable(str(directory))} says why {missing:,} are not there." if missing else ""
        return f"Nothing wanted remains.{why}"
    last = found.sessions[-1]
    if last.stopped_at is None or last.stopped_by == "killed":
        return f"The last run was killed; nothing is lost. {_AGAIN}."
    if last.stopped_by == "failure":
        return "This machine could not go on, and said why. Mend that; then run the same clipset fetch again."
    return _when(found, now_us)


def _when(found: Status, now_us: int) -> str:
    if found.egress and all(row.not_before is not None for row in found.egress):
        opens_at, name = min((row.not_before or "", row.name) for row in found.egress)
        return f"{_AGAIN} after {_time(opens_at, now_us)}, when {printable(name, 24)} has cooled down."
    if found.next_due is not None:
        return f"{_AGAIN} after {_time(found.next_due, now_us)}, when the next clip is due."
    return f"{_AGAIN} to go on."


def _time(iso: str, now_us: int) -> str:
    at_us = of_iso_us(iso)
    return f"{wall_clock(at_us, now_us)} (in {human_duration((at_us - now_us) / US_PER_S)})"
