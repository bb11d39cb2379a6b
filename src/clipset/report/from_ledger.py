"""Findings of a dataset from its ledger, all from one state of it."""

from collections.abc import Callable, Sequence

from clipset.ledger import LedgerReader, tallies
from clipset.ledger.status import Counts as StateCounts
from clipset.ledger.status import Status, iso
from clipset.ledger.tallies import SessionRow, Stretch
from clipset.report.durations import Timings
from clipset.report.findings import Counts, Findings, Session
from clipset.types import US_PER_S

LENGTH_BIN_US = US_PER_S // 2


def from_ledger(ledger: LedgerReader, name: str, now_us: int, doing: Callable[[str], None]) -> Findings:
    """`doing` is told what comes next. Raises LedgerCorrupt."""
    with ledger.snapshot():
        doing("counting clips")
        status, lists = ledger.status(now_us), tallies.lists(ledger)
        classes = {label: Counts(done, lost, waiting) for label, waiting, done, lost in ledger.classes()}
        doing("reading times")
        timings = Timings.of(tallies.timings(ledger))
        rows, cooling = tallies.sessions(ledger), tallies.cool_downs(ledger)
        stretches = tallies.stretches(ledger, cooling)
        doing("measuring clips")
        attempts, requests = tallies.requests(ledger)
        return Findings(
            name=", ".join(dict.fromkeys(row.dataset for row in lists)) or name,
            made_at=iso(now_us),
            clips=_counts(status.clips),
            timings=timings,
            splits={split: _counts(counts) for split, counts in sorted(status.splits.items())},
            classes=classes,
            reasons={reason: count for reason, count in status.reasons.items() if reason != "bad_annotation"},
            losses=tallies.losses(ledger),
            sessions=[_session(stretch, rows) for stretch in stretches],
            wall_s=_wall_s(rows, now_us),
            began_at=iso(rows[0].started_at_us) if rows else "",
            ended_at=_ended_at(rows),
            per_hour=tallies.finished_per_hour(ledger),
            cool_downs=cooling,
            fetched_bytes=status.bytes.fetched,
            stored_bytes=status.bytes.stored,
            least_bytes=status.bytes.least,
            least_clips=status.bytes.least_clips,
            least_fetched_bytes=status.bytes.fetched_for_least,
            peak_temporary_bytes=status.bytes.peak_temporary,
            attempts=attempts,
            requests=requests,
            ways=tallies.ways(ledger),
            sources=list(tallies.sources(ledger)),
            picture_sizes=tallies.picture_sizes(ledger),
            frame_rates=tallies.frame_rates(ledger),
            lengths=[(start_us / US_PER_S, count) for start_us, count in tallies.lengths(ledger, LENGTH_BIN_US)],
            lists=lists,
            tools=_tools(rows),
            notes=_notes(status),
        )


def _counts(counts: StateCounts) -> Counts:
    return Counts(counts.done, counts.lost, counts.wanted)


def _session(stretch: Stretch, rows: Sequence[SessionRow]) -> Session:
    (row,) = (row for row in rows if row.key == stretch.session)
    ended_by = (row.stopped_by or "still running") if stretch.is_last else "cool-down"
    return Session(f"session {stretch.session}", stretch.clips, iso(stretch.first_us), iso(stretch.last_us), ended_by)


def _wall_s(rows: Sequence[SessionRow], now_us: int) -> float:
    ends = ((row.started_at_us, now_us if row.stopped_at_us is None else row.stopped_at_us) for row in rows)
    return sum(max(0, stopped_us - started_us) for started_us, stopped_us in ends) / US_PER_S


def _ended_at(rows: Sequence[SessionRow]) -> str:
    stopped = [row.stopped_at_us for row in rows if row.stopped_at_us is not None]
    return iso(max(stopped)) if stopped else ""


def _tools(rows: Sequence[SessionRow]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        for name, version in row.tools.items():
            if version not in found.setdefault(name, []):
                found[name].append(version)
    return found


def _notes(status: Status) -> list[str]:
    notes = []
    clips = status.clips.done + status.clips.lost + status.clips.wanted
    named = sum(counts.done + counts.lost + counts.wanted for counts in status.splits.values())
    if named != clips:
        notes.append(
            f"The splits add up to {named:,} annotations of {clips:,} clips: a clip that is named more than once counts"
            " each time."
        )
    missing = status.clips.lost + status.clips.wanted
    told = sum(count for reason, count in status.reasons.items() if reason != "bad_annotation")
    if told != missing:
        notes.append(f"The reasons add up to {told:,} of {missing:,} missing clips: the others were not tried yet.")
    if status.bad_rows:
        notes.append(f"{status.bad_rows:,} rows of the lists name no clip and are in no count here.")
    return notes
