"""What a report counts, beyond `status`: each query returns few rows, or streams narrow ones.

A clip that was adopted or found on disk was not fetched: it is in the counts and not in the times.
"""

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clipset.ledger.reader import LedgerReader
from clipset.types import US_PER_S

HOUR_US = 3_600 * US_PER_S
_LEAST_COOL_DOWN_US = 60 * US_PER_S  # videos in flight are refused and answered within seconds of each other

_FETCHED = (
    "clip CROSS JOIN attempt ON attempt.key = clip.attempt_key"
    " WHERE clip.state = 'done' AND attempt.source NOT IN ('adopt', 'disk')"
)
_TIMINGS = f"SELECT download_us, trim_us, total_us FROM {_FETCHED} AND download_us > 0"  # noqa: S608 - constants of this module
_PER_HOUR = f"""
SELECT last_at_us / {HOUR_US}, count(*) FROM {_FETCHED} GROUP BY 1 ORDER BY 1
"""  # noqa: S608 - constants of this module
_FINISHED = f"SELECT clip.session_key, last_at_us FROM {_FETCHED}"  # noqa: S608 - constants of this module
_SOURCES = """
SELECT attempt.source, count(*), sum(attempt.fetched_bytes), sum(stored.size_bytes)
FROM clip CROSS JOIN attempt ON attempt.key = clip.attempt_key CROSS JOIN stored ON stored.clip_key = clip.key
WHERE clip.state = 'done' GROUP BY 1 ORDER BY 2 DESC, 1
"""
# the last of several refusals in a row, and when the egress was answered next
_COOL_DOWNS = """
SELECT egress, at_us, next_us FROM (
    SELECT egress, at_us, reason IS 'throttled' AS refused, lead(at_us) OVER ways AS next_us,
           lead(reason IS 'throttled') OVER ways AS next_refused
    FROM attempt WHERE egress <> '' WINDOW ways AS (PARTITION BY egress, node ORDER BY at_us, key))
WHERE refused AND next_refused IS NOT 1 ORDER BY at_us
"""
_LOSSES = """
SELECT annotation.split, clip.reason, count(*) FROM annotation CROSS JOIN clip ON clip.key = annotation.clip_key
WHERE clip.state = 'lost' GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2
"""
_LISTS = """
SELECT dataset.name, plan.name, plan.sha256, plan.selection, plan.recipe_id, plan.row_count, plan.duplicates,
       (SELECT count(*) FROM bad_row WHERE bad_row.plan_key = plan.key)
FROM plan JOIN dataset ON dataset.key = plan.dataset_key ORDER BY plan.key
"""
_SIZES = "SELECT width_px, height_px, count(*) FROM stored GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
_RATES = "SELECT round(1.0 * fps_numerator / fps_denominator, 2), count(*) FROM stored GROUP BY 1 ORDER BY 2 DESC, 1"
_SESSIONS = "SELECT key, started_at_us, stopped_at_us, stopped_by, tools FROM session ORDER BY started_at_us, key"
_LENGTHS = "SELECT duration_us / ?, count(*) FROM stored GROUP BY 1 ORDER BY 1"


_WAYS = """
SELECT node, egress, count(*) FILTER (WHERE verdict = 1 AND reason IS NULL), sum(requests), sum(fetched_bytes),
       count(*) FILTER (WHERE reason = 'throttled')
FROM attempt WHERE source NOT IN ('adopt', 'disk') GROUP BY 1, 2 ORDER BY 1, 2
"""


class Way(NamedTuple):
    """What came by one egress of one machine; '' where a source asked nobody, or the machine was not recorded.

    `refusals` are tries that the egress was refused for; their clips are untouched.
    """

    node: str
    egress: str
    clips: int
    requests: int
    fetched_bytes: int
    refusals: int


class SessionRow(NamedTuple):
    key: int
    started_at_us: int
    stopped_at_us: int | None
    stopped_by: str | None
    tools: dict[str, str]


class CoolDown(NamedTuple):
    """`end_us` is None while nothing was answered since."""

    egress: str
    start_us: int
    end_us: int | None


class Stretch(NamedTuple):
    """Clips fetched without a stop or a cool-down in between."""

    session: int
    clips: int
    first_us: int
    last_us: int
    is_last: bool  # of its session; otherwise a cool-down ended it


class ListRow(NamedTuple):
    """A list under one selection."""

    dataset: str
    name: str
    sha256: str
    selection: str
    recipe_id: str
    rows: int
    duplicates: int
    bad_rows: int


def timings(ledger: LedgerReader) -> Iterator[tuple[int, int, int]]:
    """(download_us, trim_us, total_us) of each clip that was fetched and timed."""
    yield from ledger.select(_TIMINGS)


def finished_per_hour(ledger: LedgerReader) -> list[tuple[int, int]]:
    """(hours since the epoch, clips fetched in it), hours without any left out."""
    return [(hour, count) for hour, count in ledger.select(_PER_HOUR)]


def sources(ledger: LedgerReader) -> list[tuple[str, int, int, int]]:
    """(source, clips it gave, bytes fetched for them, bytes they have)."""
    return [(name, clips, fetched, size) for name, clips, fetched, size in ledger.select(_SOURCES)]


def cool_downs(ledger: LedgerReader) -> list[CoolDown]:
    """From the last refusal of an egress to its next answer, where that took a minute at least."""
    if not any(True for _ in ledger.select("SELECT 1 FROM attempt WHERE reason = 'throttled' LIMIT 1")):
        return []
    found = (CoolDown(*row) for row in ledger.select(_COOL_DOWNS))
    return [row for row in found if row.end_us is None or row.end_us - row.start_us >= _LEAST_COOL_DOWN_US]


def stretches(ledger: LedgerReader, cooling: Sequence[CoolDown]) -> list[Stretch]:
    """What each session fetched between its stop and the cool-downs in it."""
    cuts_us = sorted(row.start_us for row in cooling)
    counts: Counter[tuple[int, int]] = Counter()
    first_us: dict[tuple[int, int], int] = {}
    last_us: dict[tuple[int, int], int] = {}
    for session, at_us in ledger.select(_FINISHED):
        part = (session, bisect_right(cuts_us, at_us))
        counts[part] += 1
        first_us[part] = min(at_us, first_us.get(part, at_us))
        last_us[part] = max(at_us, last_us.get(part, at_us))
    parts = sorted(counts)
    is_last = [index + 1 == len(parts) or parts[index + 1][0] != part[0] for index, part in enumerate(parts)]
    return [
        Stretch(part[0], counts[part], first_us[part], last_us[part], last)
        for part, last in zip(parts, is_last, strict=True)
    ]


def losses(ledger: LedgerReader) -> list[tuple[str, str, int]]:
    """(split, reason, annotations whose clip is lost)."""
    return [(split, reason or "unknown", count) for split, reason, count in ledger.select(_LOSSES)]


def lists(ledger: LedgerReader) -> list[ListRow]:
    return [ListRow(*row) for row in ledger.select(_LISTS)]


def sessions(ledger: LedgerReader) -> list[SessionRow]:
    rows = ledger.select(_SESSIONS)
    return [
        SessionRow(key, started_us, stopped_us, stopped_by, _tools(tools))
        for key, started_us, stopped_us, stopped_by, tools in rows
    ]


def picture_sizes(ledger: LedgerReader) -> list[tuple[int, int, int]]:
    """(width_px, height_px, clips)."""
    return [(width_px, height_px, count) for width_px, height_px, count in ledger.select(_SIZES)]


def frame_rates(ledger: LedgerReader) -> list[tuple[float, int]]:
    """(frames a second, clips)."""
    return [(fps, count) for fps, count in ledger.select(_RATES)]


def lengths(ledger: LedgerReader, bin_us: int) -> list[tuple[int, int]]:
    """(start of the bin in microseconds, clips)."""
    return [(number * bin_us, count) for number, count in ledger.select(_LENGTHS, bin_us)]


def requests(ledger: LedgerReader) -> tuple[int, int]:
    """Attempts, and requests that they took."""
    ((attempts, asked),) = ledger.select("SELECT count(*), coalesce(sum(requests), 0) FROM attempt")
    return attempts, asked


def ways(ledger: LedgerReader) -> list[Way]:
    return [Way(*row) for row in ledger.select(_WAYS)]


def _tools(text: str) -> dict[str, str]:
    """An older or foreign ledger may say nothing."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return {str(name): str(version) for name, version in found.items()} if isinstance(found, dict) else {}
