"""The paragraph and the table on a dataset's availability, ready for a paper."""

from clipset.report.charts import percent
from clipset.report.count_sections import NO_NAME
from clipset.report.findings import Findings
from clipset.report.section import Cell, Section, Table

_MAIN_REASONS = 3


def availability(found: Findings) -> Section:
    return Section("availability", "Dataset availability", (_paragraph(found),), table=_table(found))


def _paragraph(found: Findings) -> str:
    clips = found.clips
    when = f" between {found.began_at[:10]} and {found.ended_at[:10]}" if found.began_at and found.ended_at else ""
    obtained = f"{clips.done:,} could be obtained{when} and {clips.lost:,} ({percent(clips.lost_share, 3)}) could not."
    sentences = [f"Of the {clips.wanted:,} clips of {found.name}, {obtained}"]
    if clips.waiting:
        sentences.append(f"{clips.waiting:,} had not been settled when this was counted ({found.made_at[:10]}).")
    if found.reasons:
        whole = sum(found.reasons.values())
        ordered = sorted(found.reasons.items(), key=lambda item: -item[1])[:_MAIN_REASONS]
        told = ", ".join(f"{name} {percent(count / whole)}" for name, count in ordered)
        sentences.append(f"Main reasons among the missing: {told}.")
    by_split = [f"{name or NO_NAME} {percent(counts.lost_share, 3)}" for name, counts in found.splits.items()]
    if by_split:
        sentences.append(f"Share lost by split: {', '.join(by_split)}.")
    if found.lists:
        told = "; ".join(dict.fromkeys(f"{row.name} (sha256 {row.sha256})" for row in found.lists))
        recipes = ", ".join(dict.fromkeys(row.recipe_id for row in found.lists))
        sentences.append(f"Lists: {told}. Clips were cut with the recipe {recipes}.")
    if found.tools:
        sentences.append(f"Tools: {'; '.join(_versions(found))}.")
    return " ".join(sentences)


def _versions(found: Findings) -> list[str]:
    return [f"{name} {', '.join(versions)}" for name, versions in found.tools.items()]


def _table(found: Findings) -> Table:
    clips = found.clips
    rows: list[tuple[Cell, Cell]] = [
        ("dataset", found.name),
        ("clips wanted", clips.wanted),
        ("clips obtained", clips.done),
        ("clips lost", clips.lost),
        ("clips not settled", clips.waiting),
        ("share lost", percent(clips.lost_share, 3)),
        ("first session began", found.began_at or "not known"),
        ("last session ended", found.ended_at or "not known"),
        ("counted at", found.made_at),
    ]
    for row in found.lists:
        about = f"{row.rows:,} rows, {row.bad_rows:,} bad, {row.duplicates:,} duplicates, selection {row.selection}"
        rows += [(f"list {row.name}", f"sha256 {row.sha256}"), (f"list {row.name}", about)]
        rows.append((f"recipe of {row.name}", row.recipe_id))
    rows += [(f"version of {name}", ", ".join(versions)) for name, versions in found.tools.items()]
    rows += [(f"lost in {name or NO_NAME}", percent(counts.lost_share, 3)) for name, counts in found.splits.items()]
    rows += [(f"lost in {split or NO_NAME}: {reason}", count) for split, reason, count in found.losses]
    return Table(("what", "value"), rows, 80)
