"""How many clips are there, how many are not, and why."""

from clipset.report.charts import percent, pie, ranked
from clipset.report.findings import Counts, Findings
from clipset.report.section import Section, Table

_STATES = ("wanted", "downloaded", "lost", "waiting", "share lost")
_WORST = 30
NO_NAME = "(none)"


def downloaded(found: Findings) -> Section:
    clips = found.clips
    text = (
        f"{clips.done:,} of {clips.wanted:,} wanted clips were downloaded; {clips.lost:,} are lost,"
        f" {percent(clips.lost_share, 3)}."
    )
    if clips.waiting:
        text += f" {clips.waiting:,} are still waiting for a try ({percent(clips.waiting / clips.wanted)})."
    parts = [("downloaded", clips.done), ("lost", clips.lost), ("waiting", clips.waiting)]
    return Section(
        "downloaded",
        "Downloaded and missing",
        (text,),
        pie("Downloaded and missing", parts, places=3) if clips.wanted else None,
        Table(_STATES, [_states(clips)]),
        {
            "wanted": clips.wanted,
            "done": clips.done,
            "lost": clips.lost,
            "waiting": clips.waiting,
            "lost_percent": round(100 * clips.lost_share, 4),
        },
    )


def splits(found: Findings) -> Section | None:
    """Shares of what was downloaded."""
    if not found.splits:
        return None
    whole = sum(counts.done for counts in found.splits.values())
    ordered = sorted(found.splits.items(), key=lambda item: -item[1].done)
    rows = [
        (name or NO_NAME, *_states(counts), percent(counts.done / whole) if whole else "") for name, counts in ordered
    ]
    told = ", ".join(f"{row[0]} {counts.done:,} ({row[-1]})" for row, (_, counts) in zip(rows, ordered, strict=True))
    return Section(
        "splits",
        "By split",
        (f"Downloaded: {told}.",) if whole else (),
        pie("Split", [(name or NO_NAME, counts.done) for name, counts in ordered]) if whole else None,
        Table(("split", *_STATES, "share of downloaded"), rows),
        {f"{name}_percent": round(100 * counts.done / whole, 4) for name, counts in ordered if whole},
    )


def failures(found: Findings) -> Section | None:
    if not found.reasons:
        return None
    whole = sum(found.reasons.values())
    ordered = sorted(found.reasons.items(), key=lambda item: -item[1])
    return Section(
        "failures",
        "Failures by reason",
        (f"{whole:,} missing clips have a reason; the most frequent is {ordered[0][0]} ({ordered[0][1]:,}).",),
        pie("Failure", ordered),
        Table(("reason", "clips", "share"), [(name, count, percent(count / whole)) for name, count in ordered]),
        {"sum": whole} | {f"reason {name}": count for name, count in ordered},
    )


def classes(found: Findings) -> Section | None:
    """Worst first: largest share lost, then most clips lost, then by name."""
    if not found.classes:
        return None
    ordered = sorted(found.classes.items(), key=lambda item: (-item[1].lost_share, -item[1].lost, item[0]))
    touched = sum(counts.lost > 0 for _, counts in ordered)
    text = f"{touched:,} of {len(ordered):,} classes lost clips."
    if touched:
        name, counts = ordered[0]
        text += f" Worst: {name or NO_NAME}, {counts.lost:,} of {counts.wanted:,} ({percent(counts.lost_share)})."
    bars = [
        (name or NO_NAME, counts.lost_share, f"{percent(counts.lost_share)} ({counts.lost:,} of {counts.wanted:,})")
        for name, counts in ordered[:_WORST]
        if counts.lost
    ]
    title = "Loss by class" if touched <= _WORST else f"Loss by class, the {_WORST} worst of {touched:,}"
    return Section(
        "classes",
        "Loss by class",
        (text,),
        ranked(title, bars, "share of the class's clips lost", is_share=True) if bars else None,
        Table(("class", *_STATES), [(name or NO_NAME, *_states(counts)) for name, counts in ordered], shown=_WORST),
        {"classes": len(ordered), "classes_with_losses": touched},
    )


def _states(counts: Counts) -> tuple[int, int, int, int, str]:
    return counts.wanted, counts.done, counts.lost, counts.waiting, percent(counts.lost_share, 3)
