"""Space, transfer, sources, and what the clips are like."""

from clipset.progress.text import human_bytes
from clipset.report.charts import histogram, percent, pie, ranked
from clipset.report.findings import Findings
from clipset.report.section import Row, Section, Table

_GIB = 1 << 30
_NOT_RECORDED = ("not recorded", "not recorded")
_BIN_S = 0.5
_MOST_LENGTH_BINS = 120


def disk(found: Findings) -> Section | None:
    if found.stored_bytes is None:
        return None
    done, peak = found.clips.done, found.peak_temporary_bytes
    each = human_bytes(found.stored_bytes / done) if done else "nothing"
    text = f"The clips take {_gib(found.stored_bytes)} ({found.stored_bytes:,} bytes), {each} each."
    if peak is None:
        text += " The peak of temporary space was not recorded, as older versions and killed sessions did not."
    else:
        text += f" Beside them at most {_gib(peak)} ({peak:,} bytes) lay on disk for a while, in the session with most."
    rows: list[Row] = [
        ("clips", found.stored_bytes, _gib(found.stored_bytes)),
        ("peak temporary", *(_NOT_RECORDED if peak is None else (peak, _gib(peak)))),
    ]
    return Section(
        "disk",
        "Disk space",
        (text,),
        table=Table(("what", "bytes", "size"), rows),
        numbers={
            "stored_bytes": found.stored_bytes,
            "stored_gib": round(found.stored_bytes / _GIB, 2),
            "peak_temporary_bytes": peak,
        },
    )


def transfer(found: Findings) -> Section | None:
    """Fetched against the least that the clips need, as far as the ledger knows it, and against what is stored."""
    if found.fetched_bytes is None:
        return None
    fetched, stored, least = found.fetched_bytes, found.stored_bytes or 0, found.least_bytes
    ratio = f", {fetched / stored:.2f} times as much as is stored" if fetched and stored else ""
    asked = f" {found.requests:,} requests in {found.attempts:,} attempts." if found.requests is not None else ""
    text = f"{_gib(fetched)} were fetched{ratio}.{asked} {_least_text(found)}"
    rows = [("fetched", float(fetched), _gib(fetched)), ("stored", float(stored), _gib(stored))]
    if least:
        of_those = f"{found.least_clips:,} clips"
        rows += [
            (f"fetched for {of_those}", float(found.least_fetched_bytes), _gib(found.least_fetched_bytes)),
            (f"least for {of_those}", float(least), _gib(least)),
        ]
    return Section(
        "transfer",
        "Bytes fetched, needed and stored",
        (text,),
        ranked("Bytes fetched, needed and stored", rows, "bytes"),
        Table(("what", "bytes", "size"), [(name, int(size), said) for name, size, said in rows]),
        {
            "fetched_bytes": fetched,
            "least_bytes": least or None,
            "least_clips": found.least_clips,
            "fetched_per_least": round(found.least_fetched_bytes / least, 4) if least else None,
            "requests": found.requests,
            "attempts": found.attempts,
        },
    )


def _least_text(found: Findings) -> str:
    if not found.least_bytes:
        return "What the clips need at the least was not recorded, so fetched is compared with stored."
    ratio = found.least_fetched_bytes / found.least_bytes
    return (
        "What clips need of their videos at the least (packets from a keyframe on, indexes) is known for"
        f" {found.least_clips:,} of {found.clips.done:,} clips: {ratio:.2f} times that was fetched for them."
    )


def sources(found: Findings) -> Section | None:
    if not found.sources:
        return None
    whole = sum(clips for _, clips, _, _ in found.sources)
    rows = [
        (name, clips, percent(clips / whole), "" if fetched is None else fetched, "" if stored is None else stored)
        for name, clips, fetched, stored in found.sources
    ]
    return Section(
        "sources",
        "Sources",
        (f"{whole:,} clips came from {len(rows):,} source{'s' * (len(rows) != 1)}.",),
        pie("Source", [(name, clips) for name, clips, _, _ in found.sources]),
        Table(("source", "clips", "share", "fetched bytes", "stored bytes"), rows),
    )


def pictures(found: Findings) -> Section | None:
    if not found.picture_sizes:
        return None
    whole = sum(count for _, _, count in found.picture_sizes)
    sizes = [(f"{width_px} x {height_px}", count) for width_px, height_px, count in found.picture_sizes]
    return Section(
        "resolutions",
        "Resolutions",
        (f"{len(sizes):,} different; the most frequent is {sizes[0][0]} pixels ({percent(sizes[0][1] / whole)}).",),
        pie("Resolution", sizes),
        Table(("width x height (pixels)", "clips", "share"), [(*row, percent(row[1] / whole)) for row in sizes], 12),
    )


def rates(found: Findings) -> Section | None:
    if not found.frame_rates:
        return None
    whole = sum(count for _, count in found.frame_rates)
    named = [(f"{fps:g}", count) for fps, count in found.frame_rates]
    return Section(
        "frame_rates",
        "Frame rates",
        (f"{len(named):,} different; the most frequent is {named[0][0]} frames a second.",),
        pie("Frame rate", [(f"{fps} fps", count) for fps, count in named]),
        Table(("frames a second", "clips", "share"), [(*row, percent(row[1] / whole)) for row in named], 12),
    )


def lengths(found: Findings) -> Section | None:
    """What is longer than the last bin is counted in it."""
    if not found.lengths:
        return None
    whole = sum(count for _, count in found.lengths)
    most_s = found.lengths[0][0] + _BIN_S * (_MOST_LENGTH_BINS - 1)
    bins: dict[float, int] = {}
    for start_s, count in found.lengths:
        shown_s = min(start_s, most_s)
        bins[shown_s] = bins.get(shown_s, 0) + count
    rows = [(start_s, start_s + _BIN_S, count) for start_s, count in found.lengths]
    return Section(
        "lengths",
        "Lengths of clips",
        ("The true length of each clip, as counted when it was verified.",),
        histogram("Length of a clip", list(bins.items()), _BIN_S, "length in seconds", clips=whole),
        Table(("from (s)", "to (s)", "clips"), rows, 24),
    )


def _gib(size_bytes: int) -> str:
    """In GiB with two decimals, as papers give it; what is less in its own unit."""
    return human_bytes(size_bytes) if size_bytes < _GIB else f"{size_bytes / _GIB:,.2f} GiB"
