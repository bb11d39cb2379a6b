"""A scenario around a real list: its videos exist, are long enough, and come in every container and frame rate."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil

from clipset.rehearsal.media import Layout
from clipset.rehearsal.scenario import Scenario, Video

FRAME_RATES = (Fraction(25), Fraction(30), Fraction(30_000, 1001), Fraction(24_000, 1001))
_KINDS = (((18,), Layout.FRONT), ((18,), Layout.TAIL), ((134, 140), Layout.FRONT), ((243, 251), Layout.FRONT))
_LADDER_S = (20, 40, 60, 100, 160, 240, 360, 500)
_WEBM_UP_TO_S = 100  # VP9 costs three times the CPU of H.264
_EXACT_EVERY = 5  # ... videos, one ends with its last clip


def covering(needed_s: Mapping[str, float]) -> Scenario:
    """`needed_s` tells how far into each video its clips reach. Other ids are unavailable.

    Cheap to generate: half size, few lengths, and videos of one frame rate share their pictures: their media key is
    1 + the rate's place in FRAME_RATES. Rates and containers rotate in the order given.
    """
    videos = {video_id: _video(index, end_s) for index, (video_id, end_s) in enumerate(needed_s.items())}
    return Scenario(videos=videos, default=Video(outcome="unavailable"))


def _video(index: int, end_s: float) -> Video:
    duration_s = ceil(end_s) if index % _EXACT_EVERY == 0 else _rung(end_s)
    rate = index % len(FRAME_RATES)
    itags, layout = _KINDS[index // len(FRAME_RATES) % len(_KINDS)]
    if 243 in itags and duration_s > _WEBM_UP_TO_S:
        itags, layout = (134, 140), Layout.FRONT
    return Video(duration_s=duration_s, fps=FRAME_RATES[rate], itags=itags, layout=layout, shrink=2, media_key=1 + rate)


def _rung(end_s: float) -> int:
    """The shortest length of few that holds the clips; beyond the ladder by the minute."""
    return next((rung for rung in _LADDER_S if rung >= end_s), ceil(end_s / 60) * 60)
