"""When a clip may be asked for again after a failure: back-off per reason, with a cap per reason. Pure.

| reasons | wait after failure 1, 2, 3, … | given up after |
|---|---|---|
| network, server_error, media_timeout, media_crash, tool_failure, unknown | 2 s, 15 s, 10 min, 1 h, 6 h, 1 d, 1 d | 8 |
| expired_url | 2 s, 1 min, 1 h, 6 h, 1 d | 6 |
| processing | 10 min, 1 h, 6 h, 1 d, then daily | 10 |
| live | 6 h, then daily | 30 |
| premiere | daily | 60 |
| tool_outdated | 1 h, then daily | never: an update of yt-dlp cures it |
| damaged_media, no_video | 2 s: the transfer may have been damaged | 2 |
| store_error | 1 h, 6 h, then daily | never: it is not about the video |
| absent | 0: at once, but in the next session | never |
| throttled, and what stops the run | 0: it was not about the clip | never |
| everything else is lost | - | 1 |

Two quick tries catch a hiccup while the video is still at hand; the long ones outlast an outage without knocking.
Jitter is the caller's: clips that failed together should not come back together.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from clipset.reasons.reason import Disposition, Reason

_MINUTE_S = 60.0
_HOUR_S = 3600.0
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class _Ladder:
    """`waits_s[n-1]` after failure n, the last one again and again; given up with failure `tries`."""

    waits_s: tuple[float, ...]
    tries: int | None


_HICCUP = _Ladder((2.0, 15.0, 10 * _MINUTE_S, _HOUR_S, 6 * _HOUR_S, _DAY_S), 8)
_ONCE_MORE = _Ladder((2.0,), 2)
_LOST = _Ladder((0.0,), 1)
_UNTOUCHED = _Ladder((0.0,), None)

_LADDERS: Mapping[Reason, _Ladder] = {
    Reason.NETWORK: _HICCUP,
    Reason.SERVER_ERROR: _HICCUP,
    Reason.MEDIA_TIMEOUT: _HICCUP,
    Reason.MEDIA_CRASH: _HICCUP,
    Reason.TOOL_FAILURE: _HICCUP,
    Reason.UNKNOWN: _HICCUP,
    Reason.EXPIRED_URL: _Ladder((2.0, _MINUTE_S, _HOUR_S, 6 * _HOUR_S, _DAY_S), 6),
    Reason.PROCESSING: _Ladder((10 * _MINUTE_S, _HOUR_S, 6 * _HOUR_S, _DAY_S), 10),
    Reason.LIVE: _Ladder((6 * _HOUR_S, _DAY_S), 30),
    Reason.PREMIERE: _Ladder((_DAY_S,), 60),
    Reason.TOOL_OUTDATED: _Ladder((_HOUR_S, _DAY_S), None),
    Reason.STORE_ERROR: _Ladder((_HOUR_S, 6 * _HOUR_S, _DAY_S), None),
    Reason.DAMAGED_MEDIA: _ONCE_MORE,
    Reason.NO_VIDEO: _ONCE_MORE,
    Reason.ABSENT: _UNTOUCHED,
}


def delay_s(reason: Reason, tries: int) -> float | None:
    """Seconds until the clip may be asked for after its `tries`-th failure (from 1) with this reason.

    0.0 means at once in the next session; None gives up: the clip is lost with this reason. Raises ValueError for
    `tries` < 1.
    """
    if tries < 1:
        raise ValueError(f"failures are counted from 1, not {tries}")
    ladder = _LADDERS.get(reason) or (_LOST if reason.disposition is Disposition.LOST else _UNTOUCHED)
    if ladder.tries is not None and tries >= ladder.tries:
        return None
    return ladder.waits_s[min(tries, len(ladder.waits_s)) - 1]
