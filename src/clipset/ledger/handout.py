"""Which videos are next: a walk over plans, each in the order of its list, which never looks at a clip twice.

The walk's positions live in memory only. A call costs as much as the jobs it returns, however many clips are done,
lost or put off; the first call of a session steps over those that earlier sessions finished.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby

from clipset.ledger.settle import counts
from clipset.types import Clip, Outcome, Span, VideoJob, Wanted

_END = 2**62

# not_before_us 0: at once, unless this very session has already been told to come back another time
_DUE = """
clip.state = 'wanted' AND clip.not_before_us <= :now_us
AND (clip.not_before_us > 0 OR clip.session_key IS NOT :session)
"""
_AHEAD = f"""
SELECT member.position, video.key, video.id, video.attempts
FROM member CROSS JOIN clip ON clip.key = member.clip_key JOIN video ON video.key = clip.video_key
WHERE member.plan_key = :plan AND member.position >= :position AND {_DUE} ORDER BY member.position
"""  # noqa: S608 - constants of this module
_PLANNED = """
EXISTS (SELECT 1 FROM member WHERE member.clip_key = clip.key
        AND member.plan_key IN (SELECT value FROM json_each(:plans)))
"""
_CAME_DUE = f"""
SELECT video.key, video.id, video.attempts FROM clip INDEXED BY clip_waiting
JOIN video ON video.key = clip.video_key
WHERE clip.state = 'wanted' AND clip.not_before_us > 0
AND clip.not_before_us > :since_us AND clip.not_before_us <= :now_us AND {_PLANNED} ORDER BY clip.not_before_us
"""  # noqa: S608 - constants of this module
_CLIPS_OF_VIDEO = f"""
SELECT clip.start_us, clip.end_us, annotation.path
FROM clip CROSS JOIN annotation ON annotation.clip_key = clip.key
WHERE clip.video_key = :video AND {_DUE} AND {_PLANNED}
ORDER BY clip.key, annotation.dataset_key, annotation.position
"""  # noqa: S608 - constants of this module
_NEXT_DUE = f"""
SELECT clip.not_before_us FROM clip INDEXED BY clip_waiting
WHERE clip.state = 'wanted' AND clip.not_before_us > 0 AND clip.not_before_us > :since_us AND {_PLANNED}
ORDER BY clip.not_before_us LIMIT 1
"""  # noqa: S608 - constants of this module
_FIRST_POSITION = """
SELECT min(member.position) FROM video JOIN clip ON clip.video_key = video.key
JOIN member ON member.clip_key = clip.key AND member.plan_key = ? WHERE video.id = ? AND clip.state = 'wanted'
"""

_Video = tuple[int, str, int]  # key, id, attempts


class Handout:
    """Hands out the videos of plans in one session, plan by plan; a video comes with its clips of all of them.

    What was due when the session began is found by the walk; what came due since then, by its time. A video that
    was refused at the egress, or not reached, is put back and the walk returns to it. Jobs `at_hand` are a walk of
    their own over everything, once, that leaves no trace of what it did not find.
    """

    def __init__(
        self, connection: sqlite3.Connection, plans: tuple[int, ...], session: int, now_us: int, *, at_hand: bool
    ) -> None:
        self.plans, self.session, self.at_hand = plans, session, at_hand
        self._connection = connection
        self._positions = dict.fromkeys(plans, 0)
        self._returned: dict[int, int] = {}
        self._since_us = now_us

    def take(self, now_us: int, count: int, exclude: Collection[str], *, returned_too: bool) -> list[VideoJob]:
        """At most `count` jobs for videos that are not in `exclude`, which names those in flight."""
        if returned_too:
            for plan, position in self._returned.items():
                self._positions[plan] = min(self._positions[plan], position)
            self._returned.clear()
        self._since_us = min(self._since_us, now_us)  # a clock that was set back must not hide what waits
        chosen: dict[int, _Video] = {}
        for video in self._videos(now_us):
            if len(chosen) >= count:
                break
            if video[1] not in exclude:
                chosen.setdefault(video[0], video)
        return [self._job(video, now_us) for video in chosen.values()]

    def _videos(self, now_us: int) -> Iterator[_Video]:
        keys = self._keys(now_us=now_us)
        yield from self._connection.execute(_CAME_DUE, keys | {"since_us": self._since_us})
        for plan in self.plans:
            yield from self._ahead(plan, keys)

    def _ahead(self, plan: int, keys: dict[str, int | str]) -> Iterator[_Video]:
        keys = keys | {"plan": plan, "position": self._positions[plan]}
        for position, key, video_id, attempts in self._connection.execute(_AHEAD, keys):
            self._positions[plan] = position  # the row that ends the call is looked at again by the next one
            yield key, video_id, attempts
        self._positions[plan] = _END

    def _job(self, video: _Video, now_us: int) -> VideoJob:
        key, video_id, attempts = video
        wanted = _wanted(video_id, self._connection.execute(_CLIPS_OF_VIDEO, self._keys(now_us=now_us, video=key)))
        return VideoJob(video_id, tuple(wanted), attempts + 1, self.at_hand)

    def recorded(self, outcome: Outcome, now_us: int) -> None:
        """What was refused at the egress is untouched: the walk goes back to the first of the video's clips."""
        self._since_us = min(self._since_us, now_us)
        is_settled = all(counts(verdict.result) for verdict in outcome.verdicts) and not outcome.unreached
        if is_settled or outcome.job.at_hand:
            return
        for plan in self.plans:
            (found,) = self._connection.execute(_FIRST_POSITION, (plan, outcome.job.video_id)).fetchone()
            if found is not None:
                self._returned[plan] = min(self._returned.get(plan, found), found)

    def next_due_us(self) -> int | None:
        """When the first clip whose back-off ran or runs out in this session may be asked for; None without one."""
        found = self._connection.execute(_NEXT_DUE, self._keys(since_us=self._since_us)).fetchone()
        return None if found is None else int(found[0])

    def _keys(self, **values: int) -> dict[str, int | str]:
        return {"plans": json.dumps(self.plans), "session": self.session, **values}


def _wanted(video_id: str, rows: Iterable[tuple[int, int, str]]) -> Iterator[Wanted]:
    for (start_us, end_us), group in groupby(rows, key=lambda row: (row[0], row[1])):
        paths = dict.fromkeys(path for _, _, path in group)  # two datasets may name the same path
        yield Wanted(Clip(video_id, Span(start_us, end_us)), tuple(paths))
