"""Everything that a ledger knows of one clip."""

from typing import NamedTuple

from clipset.ledger.reader import LedgerReader
from clipset.types import Clip

_CLIP = """
SELECT clip.key, clip.state, clip.reason, clip.attempts, clip.last_at_us, clip.not_before_us
FROM video CROSS JOIN clip ON clip.video_key = video.key
WHERE video.id = ? AND clip.start_us = ? AND clip.end_us = ?
"""
_PLACES = """
SELECT dataset.name, annotation.split, annotation.label, annotation.path, annotation.extra, plan.name
FROM annotation JOIN dataset ON dataset.key = annotation.dataset_key JOIN plan ON plan.key = annotation.plan_key
WHERE annotation.clip_key = ? ORDER BY annotation.dataset_key, annotation.position
"""
_FILE = """
SELECT path, size_bytes, sha256, width_px, height_px, fps_numerator, fps_denominator, frames, duration_us, video_codec,
       audio_codec, format_id
FROM stored WHERE clip_key = ?
"""
_TRIES = """
SELECT key, at_us, verdict, source, egress, node, tool, reason, stage, http_status, detail, download_us, trim_us,
       total_us, fetched_bytes, requests, least_bytes
FROM attempt WHERE clip_key = ? ORDER BY key DESC LIMIT ?
"""
_SIBLINGS = """
SELECT other.start_us, other.end_us, other.state FROM clip JOIN clip AS other ON other.video_key = clip.video_key
WHERE clip.key = ? AND other.key <> clip.key ORDER BY other.start_us, other.end_us LIMIT ?
"""
_MOST_SHOWN = 200


class NamedPlace(NamedTuple):
    """What a dataset says of a clip; '' is no split, no label. `list_name` is the last list that said it."""

    dataset: str
    split: str
    label: str
    path: str
    extra: str
    list_name: str


class StoredFile(NamedTuple):
    path: str
    size_bytes: int
    sha256: str
    width_px: int
    height_px: int
    fps_numerator: int
    fps_denominator: int
    frames: int
    duration_us: int
    video_codec: str
    audio_codec: str | None
    format_id: str


class Try(NamedTuple):
    """An attempt, with its raw text. It counted for the clip where `verdict` is 1."""

    key: int
    at_us: int
    verdict: int
    source: str
    egress: str
    node: str
    tool: str
    reason: str | None
    stage: str | None
    http_status: int | None
    detail: str | None
    download_us: int
    trim_us: int
    total_us: int
    fetched_bytes: int
    requests: int
    least_bytes: int | None


class ClipRecord(NamedTuple):
    """`tries` are the last ones, the newest first; `siblings` the other clips of the video: (start, end, state)."""

    state: str
    reason: str | None
    attempts: int
    last_at_us: int | None
    not_before_us: int
    places: list[NamedPlace]
    file: StoredFile | None
    tries: list[Try]
    siblings: list[tuple[int, int, str]]


def record_of(ledger: LedgerReader, clip: Clip) -> ClipRecord | None:
    """None for a clip that no list named."""
    with ledger.snapshot():
        found = next(ledger.select(_CLIP, clip.video_id, clip.span.start_us, clip.span.end_us), None)
        if found is None:
            return None
        key, state, reason, attempts, last_at_us, not_before_us = found
        files = [StoredFile(*row) for row in ledger.select(_FILE, key)]
        return ClipRecord(
            state,
            reason,
            attempts,
            last_at_us,
            not_before_us,
            [NamedPlace(*row) for row in ledger.select(_PLACES, key)],
            files[0] if files and state == "done" else None,
            [Try(*row) for row in ledger.select(_TRIES, key, _MOST_SHOWN)],
            list(ledger.select(_SIBLINGS, key, _MOST_SHOWN)),
        )


class FinishedFile(NamedTuple):
    """Where a done clip lies, and what tells its bytes from others."""

    path: str
    size_bytes: int
    sha256: str
    duration_us: int
    finished_us: int


def file_of(ledger: LedgerReader, clip: Clip) -> FinishedFile | None:
    """None unless the clip is done."""
    sql = (
        "SELECT stored.path, stored.size_bytes, stored.sha256, stored.duration_us, coalesce(clip.last_at_us, 0)"
        " FROM video CROSS JOIN clip ON clip.video_key = video.key CROSS JOIN stored ON stored.clip_key = clip.key"
        " WHERE video.id = ? AND clip.start_us = ? AND clip.end_us = ? AND clip.state = 'done'"
    )
    found = next(ledger.select(sql, clip.video_id, clip.span.start_us, clip.span.end_us), None)
    return None if found is None else FinishedFile(*found)
