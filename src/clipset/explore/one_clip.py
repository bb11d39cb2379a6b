"""Everything that is known of one clip."""

import json
from typing import Any

from clipset.explore.failures import said_of
from clipset.explore.keeper import Keeper
from clipset.ledger.failures import disposition
from clipset.ledger.record import StoredFile, Try, record_of
from clipset.ledger.status import iso
from clipset.types import US_PER_S, Clip, Span


def one_clip(keeper: Keeper, clip: Clip) -> dict[str, Any] | None:
    """None for a clip that no list named. Raises LedgerError, ClipsetError."""
    with keeper.desk() as desk:
        found = record_of(desk, clip)
    if found is None:
        return None
    span = clip.span
    return {
        "clip_id": clip.id,
        "video_id": clip.video_id,
        "start_s": span.start_us / US_PER_S,
        "end_s": span.end_us / US_PER_S,
        "watch_url": f"https://www.youtube.com/watch?v={clip.video_id}&t={span.start_us // US_PER_S}s",
        "state": found.state,
        "reason": found.reason,
        **_said(found.reason, found.state),
        "attempts": found.attempts,
        "last_at": None if found.last_at_us is None else iso(found.last_at_us),
        "not_before": iso(found.not_before_us) if found.not_before_us else None,
        "annotations": [place._asdict() | {"extra": _extra(place.extra)} for place in found.places],
        "file": None if found.file is None else _file(found.file),
        "tries": [_try(one) for one in found.tries],
        "siblings": [
            {"clip_id": Clip(clip.video_id, Span(start_us, end_us)).id, "state": state}
            for start_us, end_us, state in found.siblings
        ],
    }


def _said(reason: str | None, state: str) -> dict[str, str | None]:
    if reason is None:
        return dict.fromkeys(("disposition", "meaning", "advice"))
    held = disposition(reason, state)
    return {"disposition": held.value, **said_of(reason, held)}


def _file(file: StoredFile) -> dict[str, Any]:
    found = file._asdict()
    rate = found.pop("fps_numerator"), found.pop("fps_denominator")
    return found | {
        "fps": rate[0] / rate[1] if rate[1] else None,
        "fps_exact": f"{rate[0]}/{rate[1]}",
        "duration_s": found.pop("duration_us") / US_PER_S,
    }


def _extra(text: str) -> dict[str, str]:
    """The columns that clipset does not interpret; an older or foreign ledger may have another form."""
    try:
        return {str(name): str(value) for name, value in json.loads(text or "[]")}
    except (ValueError, TypeError):
        return {"": text}


def _try(one: Try) -> dict[str, Any]:
    found = one._asdict()
    times = {f"{name}_s": found.pop(f"{name}_us") / US_PER_S for name in ("download", "trim", "total")}
    del found["key"]
    return {"at": iso(found.pop("at_us")), **found, "verdict": bool(one.verdict), **times}
