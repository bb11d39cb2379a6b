"""What it took: durations, estimates, the dominating stage, sessions, and the pace over time."""

from datetime import UTC, datetime

from clipset.progress.text import human_duration
from clipset.report.charts import histogram, over_time, percent, pie
from clipset.report.durations import DAY_S, Spread, Timings
from clipset.report.durations import histogram as binned
from clipset.report.findings import Findings
from clipset.report.section import Row, Section, Table
from clipset.types import US_PER_S

_BINS = 48
_MOST_STEPS = 400
_HOUR_MS = 3_600_000


def durations(found: Findings) -> Section:
    if not len(found.timings):
        return Section("durations", "Durations", ("No clip has a recorded download time.",))
    full, fenced = found.timings.stages(), found.timings.inside_fences().stages()
    rows: list[Row] = []
    for name, spreads in (("full", full), ("inside Tukey fences", fenced)):
        for what, pick in (("mean", Spread._fields.index("mean_s")), ("max", Spread._fields.index("max_s"))):
            seconds = (round(spread[pick], 2) for spread in (spreads.total, spreads.download, spreads.trim))
            rows.append((name, what, *seconds, spreads.clips))
    text = (
        f"Times of {full.clips:,} clips in seconds. Inside Tukey fences: the {fenced.clips:,} clips between"
        " q1 - 1.5 IQR and q3 + 1.5 IQR of the download times, then of the ffmpeg (trim) times that are left."
    )
    return Section(
        "durations",
        "Durations",
        (text,),
        _spread_chart(found.timings, fenced.total.max_s),
        Table(("sample", "", "total (s)", "download (s)", "ffmpeg (s)", "clips"), rows),
        {
            "timed_clips": full.clips,
            "fenced_clips": fenced.clips,
            "mean_total_s": round(full.total.mean_s, 4),
            "mean_download_s": round(full.download.mean_s, 4),
            "mean_ffmpeg_s": round(full.trim.mean_s, 4),
            "fenced_mean_total_s": round(fenced.total.mean_s, 4),
            "fenced_mean_download_s": round(fenced.download.mean_s, 4),
            "fenced_mean_ffmpeg_s": round(fenced.trim.mean_s, 4),
        },
    )


def _spread_chart(timings: Timings, most_s: float) -> object:
    bin_us = max(1, round(most_s * US_PER_S / _BINS))
    bins = binned(timings.total_us, bin_us, bin_us * _BINS)
    what = f"total time of a clip in seconds; the last bar holds all above {bin_us * _BINS / US_PER_S:,.1f} s"
    return histogram("Time per clip", bins, bin_us / US_PER_S, what, clips=len(timings))


def estimates(found: Findings) -> Section | None:
    """One clip after the other, against what the clock said."""
    if not len(found.timings):
        return None
    full, fenced = found.timings.stages(), found.timings.inside_fences().stages()
    wanted = found.clips.wanted
    rows: list[tuple[str, float, float]] = [
        ("sequential, full mean", round(full.total.mean_s, 2), round(full.sequential_days(wanted), 1)),
        (
            "sequential, mean inside Tukey fences",
            round(fenced.total.mean_s, 2),
            round(fenced.sequential_days(wanted), 1),
        ),
    ]
    text = (
        f"One after the other {wanted:,} clips would take {_long(full.sequential_days(wanted))} at the full mean and"
        f" {_long(fenced.sequential_days(wanted))} at the mean inside the fences."
    )
    if found.wall_s is None:
        text += " These files do not tell how long the sessions lasted."
    else:
        per_clip_s = found.wall_s / max(1, found.clips.done)
        rows.append(("actual: all sessions together", round(per_clip_s, 2), round(found.wall_s / DAY_S, 2)))
        text += f" The sessions together lasted {human_duration(found.wall_s)}."
    return Section(
        "estimates",
        "Sequential time and actual time",
        (text,),
        table=Table(("", "seconds a clip", "days"), rows),
        numbers={
            "sequential_days": round(full.sequential_days(wanted), 3),
            "sequential_days_fenced": round(fenced.sequential_days(wanted), 3),
            "wall_s": None if found.wall_s is None else round(found.wall_s, 3),
        },
    )


def dominating(found: Findings) -> Section | None:
    clips = len(found.timings)
    if not clips:
        return None
    trim = found.timings.trim_dominates()
    return Section(
        "dominating",
        "Dominating stage",
        (f"ffmpeg took at least as long as the download for {trim:,} of {clips:,} clips ({percent(trim / clips)}).",),
        pie("Dominating process", [("download", clips - trim), ("ffmpeg", trim)]),
        Table(
            ("stage", "clips", "share"),
            [("download", clips - trim, percent(1 - trim / clips)), ("ffmpeg", trim, percent(trim / clips))],
        ),
        {"download": clips - trim, "ffmpeg": trim, "ffmpeg_percent": round(100 * trim / clips, 4)},
    )


def sessions(found: Findings) -> Section | None:
    ordered = sorted(found.sessions, key=lambda session: -session.clips)
    whole = sum(session.clips for session in ordered)
    if not whole:
        return None
    rows = [
        (
            session.name,
            session.clips,
            percent(session.clips / whole),
            session.first_at,
            session.last_at,
            session.ended_by,
        )
        for session in ordered
    ]
    text = (
        f"{whole:,} clips were fetched in {len(rows):,} stretch{'es' * (len(rows) != 1)} between stops and throttles,"
        f" {rows[0][1]:,} ({rows[0][2]}) in the longest."
    )
    parts = [(f"{session.name} {session.first_at[:10]}".strip(), session.clips) for session in ordered]
    return Section(
        "sessions",
        "Clips between stops and throttles",
        (text,),
        pie("Session", parts),
        Table(("stretch", "clips", "share", "first clip", "last clip", "ended by"), rows),
        {"fetched": whole, "longest": rows[0][1]},
    )


def pace(found: Findings) -> Section | None:
    if not found.per_hour:
        return None
    first, last = found.per_hour[0][0], found.per_hour[-1][0]
    bin_h = -(-(last + 1 - first) // _MOST_STEPS)
    counts = dict.fromkeys(range(first, last + 1, bin_h), 0)
    for hour, count in found.per_hour:
        counts[hour - (hour - first) % bin_h] += count
    steps = [(hour * _HOUR_MS, round(count / bin_h, 2)) for hour, count in counts.items()]
    steps.append((steps[-1][0] + bin_h * _HOUR_MS, steps[-1][1]))
    bands = [
        (row.start_us // 1000, steps[-1][0] if row.end_us is None else row.end_us // 1000) for row in found.cool_downs
    ]
    cooling_s = sum((row.end_us - row.start_us) / US_PER_S for row in found.cool_downs if row.end_us is not None)
    cooled = f"{len(bands):,} cool-down{'s' * (len(bands) != 1)}"
    text = f"{cooled}, {human_duration(cooling_s)} together." if bands else "No cool-down."
    rows = [(_hour(hour), count, round(count / bin_h, 2)) for hour, count in counts.items()]
    return Section(
        "pace",
        "Clips per hour",
        (text,),
        over_time("Clips per hour", steps, bands, f"mean over {bin_h} h; {cooled}"),
        Table(("from (UTC)", "clips", "clips an hour"), rows, shown=12),
        {"cool_downs": len(bands), "best_per_hour": max(count for _, count in found.per_hour)},
    )


def _long(days: float) -> str:
    """Days with one decimal, as papers give them; what is shorter in its own units."""
    return f"{days:,.1f} days" if days >= 1 else human_duration(days * DAY_S)


def _hour(hour: int) -> str:
    return datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%d %H:%M")
