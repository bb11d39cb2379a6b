"""From a member's bytes to a clip in its place: checked, kept as it is unless the recipe asks for something else.

What a recipe means for a clip that is ready: its start and end are the mirror's, so `precision` changes nothing;
`max_height_px` chooses between renditions, of which there is one; `min_share` is asked of it as of any clip. Scaling
(`short_side_px` below its own) makes it anew, with the frames of the span. Leaving sound out copies the pictures.
"""

import hashlib
from dataclasses import replace

from clipset.held import HeldBytes
from clipset.reasons import Reason
from clipset.types import (
    Clip,
    ClipsetError,
    Facts,
    Failure,
    MediaInput,
    Precision,
    Recipe,
    Sink,
    Stored,
    Trimmed,
    Trimmer,
    Wanted,
)

_AGAIN = frozenset({Reason.MEDIA_CRASH, Reason.MEDIA_TIMEOUT})


def recipe_for(recipe: Recipe) -> Recipe:
    """How a trimmer makes a ready clip anew: what needs no new pictures copies them."""
    return replace(recipe, precision=Precision.COPY)


def keep(data: bytes, want: Wanted, recipe: Recipe, trimmer: Trimmer, sink: Sink) -> Stored | Failure:
    """Raises Interrupted. A child that died is asked once more, for reading the tar again would cost much more."""
    result = _kept(data, want, recipe, trimmer, sink)
    if isinstance(result, Failure) and result.reason in _AGAIN:
        result = _kept(data, want, recipe, trimmer, sink)
    return result


def _kept(data: bytes, want: Wanted, recipe: Recipe, trimmer: Trimmer, sink: Sink) -> Stored | Failure:
    try:
        made = Trimmed(data, trimmer.check(HeldBytes(data), want.clip))
        if _asks_for_more(recipe, made.facts):
            made = _made_anew(made, want.clip, trimmer)
        path = want.paths[0]
        sink.put(path, made.data)
        for name in want.paths[1:]:
            sink.link(name, path)
    except ClipsetError as error:
        failure = error.failure
        # a file of this name that is another thing will be one the next time too
        return replace(failure, reason=Reason.DAMAGED_MEDIA) if failure.reason is Reason.ABSENT else failure
    return Stored(path, len(made.data), hashlib.sha256(made.data).hexdigest(), made.facts)


def _asks_for_more(recipe: Recipe, facts: Facts) -> bool:
    too_large = recipe.short_side_px is not None and min(facts.width_px, facts.height_px) > recipe.short_side_px
    return too_large or (not recipe.audio and facts.audio_codec is not None)


def _made_anew(ready: Trimmed, clip: Clip, trimmer: Trimmer) -> Trimmed:
    with trimmer.open(MediaInput(HeldBytes(ready.data), origin_us=clip.span.start_us)) as cutter:
        return cutter.cut(clip)
