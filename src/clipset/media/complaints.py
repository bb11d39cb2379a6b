"""What libav's H.264 decoder says while a clip is judged: it goes on after much that shows that something is amiss."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import av.logging

from clipset.media.faults import damaged
from clipset.types import Stage


@contextmanager
def refused() -> Iterator[None]:
    """Raises damaged_media at the end if the decoder had anything to say."""
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture() as said:
            yield
    finally:
        av.logging.set_level(None)
    if any(name == "h264" for _, name, _ in said):
        raise damaged("the decoder of the clip complains", Stage.VERIFY)
