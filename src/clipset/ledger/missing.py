"""What a source that holds many videos at once may still bring: the clips that are not there, looked up by their ids.

A clip that another source called lost is among them; one for which this very source had a file that was not good is
not: it would be the same file again.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from clipset.ledger.reader import LedgerReader
from clipset.types import Clip, Span, VideoJob, Wanted

_MISSING = """
clip.state <> 'done' AND EXISTS (
    SELECT 1 FROM member WHERE member.clip_key = clip.key
    AND member.plan_key IN (SELECT value FROM json_each(?1)))
AND NOT EXISTS (
    SELECT 1 FROM attempt WHERE attempt.clip_key = clip.key AND attempt.source = ?2
    AND attempt.key > clip.tries_after AND attempt.reason IN ('damaged_media', 'no_video', 'too_short'))
"""
_GROUPS = f"""
SELECT dataset.name, annotation.split, annotation.label, count(*)
FROM clip CROSS JOIN annotation ON annotation.clip_key = clip.key
CROSS JOIN dataset ON dataset.key = annotation.dataset_key
WHERE {_MISSING} GROUP BY annotation.dataset_key, annotation.split, annotation.label
"""  # noqa: S608 - constants of this module
_FIND = f"""
SELECT dataset.name, annotation.split, annotation.label, annotation.path, video.attempts, clip.state,
       clip.reason
FROM video CROSS JOIN clip ON clip.video_key = video.key CROSS JOIN annotation ON annotation.clip_key = clip.key
CROSS JOIN dataset ON dataset.key = annotation.dataset_key
WHERE video.id = ?3 AND clip.start_us = ?4 AND clip.end_us = ?5 AND {_MISSING}
ORDER BY annotation.dataset_key, annotation.position
"""  # noqa: S608 - constants of this module
_COUNT = f"""
SELECT count(*) FROM json_each(?3) AS named
CROSS JOIN video ON video.id = json_extract(named.value, '$[0]')
CROSS JOIN clip ON clip.video_key = video.key AND clip.start_us = json_extract(named.value, '$[1]')
AND clip.end_us = json_extract(named.value, '$[2]')
WHERE {_MISSING}
"""  # noqa: S608 - constants of this module
_UNANSWERED = """
SELECT clip.key, video.id, video.attempts, clip.start_us, clip.end_us
FROM clip CROSS JOIN video ON video.key = clip.video_key
WHERE clip.key > ? AND clip.state = 'wanted' AND clip.reason IS NULL AND EXISTS (
    SELECT 1 FROM member WHERE member.clip_key = clip.key AND member.plan_key IN (SELECT value FROM json_each(?)))
ORDER BY clip.key LIMIT ?
"""
_BATCH = 500


class Group(NamedTuple):
    """The clips of a dataset under one split and label; '' for none."""

    dataset: str
    split: str
    label: str


class Missed(NamedTuple):
    """A clip that is not there: the job that would make it, its groups, and what other sources said of it so far.

    `is_open`: none of them failed at it, at most they did not have it.
    """

    job: VideoJob
    groups: tuple[Group, ...]
    is_lost: bool
    is_open: bool


class Missing:
    """Looks into the ledger of a run; may be used beside its writer, from the thread that opened `reader`."""

    def __init__(self, reader: LedgerReader, plan_ids: Sequence[int], source: str) -> None:
        self._reader = reader
        self._keys = (json.dumps(list(plan_ids)), source)

    def groups(self) -> dict[Group, int]:
        """How many clips each has; one with several labels counts in each."""
        return {Group(*row[:3]): row[3] for row in self._reader.select(_GROUPS, *self._keys)}

    def find(self, clip: Clip) -> Missed | None:
        """None for a clip that nobody wants or that is there."""
        named = (clip.video_id, clip.span.start_us, clip.span.end_us)
        rows = list(self._reader.select(_FIND, *self._keys, *named))
        if not rows:
            return None
        wanted = Wanted(clip, tuple(dict.fromkeys(row[3] for row in rows)))
        job = VideoJob(clip.video_id, (wanted,), rows[0][4] + 1)
        state, reason = rows[0][5:]
        is_open = state == "wanted" and reason in {None, "absent"}
        return Missed(job, tuple(Group(*row[:3]) for row in rows), state == "lost", is_open)

    def count(self, clips: Iterable[Clip]) -> int:
        """How many of these are not there."""
        named = json.dumps([[clip.video_id, clip.span.start_us, clip.span.end_us] for clip in clips])
        ((count,),) = self._reader.select(_COUNT, *self._keys, named)
        return int(count)

    def unanswered(self) -> Iterator[list[VideoJob]]:
        """Wanted clips of which no source has said anything, some hundreds at a time, one job a video and batch."""
        key, plans = 0, self._keys[0]
        while rows := list(self._reader.select(_UNANSWERED, key, plans, _BATCH)):
            key = rows[-1][0]
            jobs: dict[str, VideoJob] = {}
            for _, video_id, attempts, start_us, end_us in rows:
                before = jobs[video_id].wanted if video_id in jobs else ()
                wanted = (*before, Wanted(Clip(video_id, Span(start_us, end_us)), ()))
                jobs[video_id] = VideoJob(video_id, wanted, attempts + 1)
            yield list(jobs.values())
