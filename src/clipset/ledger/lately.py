"""What happened last in a ledger: quick to ask, however long it is."""

from typing import Any, NamedTuple

from clipset.ledger.reader import LedgerReader
from clipset.ledger.status import EgressStatus, SessionStatus
from clipset.types import Clip, Span

_LOOKED_AT = 5_000  # attempts: their keys grow with time, which has no index
_RECENT = f"SELECT * FROM attempt ORDER BY key DESC LIMIT {_LOOKED_AT}"  # noqa: S608 - a constant of this module
_FINISHED = f"""
SELECT count(*) FILTER (WHERE verdict = 1 AND reason IS NULL AND source NOT IN ('adopt', 'disk')), count(*), min(at_us)
FROM ({_RECENT}) WHERE at_us >= ?
"""  # noqa: S608 - a constant of this module
_FAILURES = f"""
SELECT video.id, clip.start_us, clip.end_us, recent.at_us, recent.source, recent.egress, recent.node, recent.reason,
       recent.stage, recent.http_status, recent.detail
FROM (SELECT * FROM ({_RECENT}) WHERE reason IS NOT NULL ORDER BY key DESC LIMIT ?) AS recent
CROSS JOIN clip ON clip.key = recent.clip_key CROSS JOIN video ON video.key = clip.video_key ORDER BY recent.key DESC
"""  # noqa: S608 - a constant of this module


class LateFailure(NamedTuple):
    clip: Clip
    at_us: int
    source: str
    egress: str
    node: str
    reason: str
    stage: str | None
    http_status: int | None
    detail: str | None


class Lately(NamedTuple):
    """`finished` clips were fetched since `finished_since_us`; `last_at_us` is when the last outcome was recorded."""

    sessions: tuple[SessionStatus, ...]
    egresses: tuple[EgressStatus, ...]
    fetched_bytes: int
    last_at_us: int | None
    finished: int
    finished_since_us: int
    failures: list[LateFailure]


def lately(ledger: LedgerReader, now_us: int, window_us: int, failures: int) -> Lately:
    """`window_us` before now, in the last session; where more was recorded in it than is looked at, since its first."""
    with ledger.snapshot():
        ((started_us,),) = ledger.select("SELECT coalesce(max(started_at_us), 0) FROM session")
        since_us = max(started_us, now_us - window_us)
        ((finished, looked_at, first_us),) = ledger.select(_FINISHED, since_us)
        ((fetched, last_us),) = ledger.select("SELECT coalesce(sum(fetched_bytes), 0), max(last_at_us) FROM session")
        return Lately(
            ledger.sessions(),
            ledger.egress_states(now_us),
            fetched,
            last_us,
            finished,
            first_us if looked_at == _LOOKED_AT else since_us,
            [_failure(*row) for row in ledger.select(_FAILURES, failures)],
        )


def _failure(video_id: str, start_us: int, end_us: int, *rest: Any) -> LateFailure:
    return LateFailure(Clip(video_id, Span(start_us, end_us)), *rest)
