"""The clips of one video as the lists name them: for files that say which video they are of."""

import json
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from clipset.ledger.reader import LedgerReader
from clipset.types import Clip, Span, Wanted

_CLIPS = """
SELECT clip.start_us, clip.end_us, clip.state, annotation.path
FROM video CROSS JOIN clip ON clip.video_key = video.key CROSS JOIN annotation ON annotation.clip_key = clip.key
WHERE video.id = ? AND (? IS NULL OR EXISTS (
    SELECT 1 FROM member WHERE member.clip_key = clip.key AND member.plan_key IN (SELECT value FROM json_each(?))))
ORDER BY clip.key, annotation.dataset_key, annotation.position
"""


class NamedClip(NamedTuple):
    """A clip with its places, and whether it is there."""

    wanted: Wanted
    is_done: bool


def clips_of(ledger: LedgerReader, video_id: str, plan_ids: Sequence[int] | None = None) -> list[NamedClip]:
    """All clips of a video that any list names, or the plans given: done, wanted and lost ones."""
    plans = None if plan_ids is None else json.dumps(list(plan_ids))
    rows = ledger.select(_CLIPS, video_id, plans, plans)
    found = []
    for (start_us, end_us, state), places in groupby(rows, key=lambda row: row[:3]):
        paths = tuple(dict.fromkeys(path for *_, path in places))  # two datasets may name the same path
        found.append(NamedClip(Wanted(Clip(video_id, Span(start_us, end_us)), paths), state == "done"))
    return found
