"""The finished clips of a dataset with all their names, a batch at a time: a long reading holds up no writer."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

from clipset.ledger.reader import LedgerReader
from clipset.types import Clip, Span

_BATCH_CLIPS = 2_000
_BATCH = """
SELECT clip.key, video.id, clip.start_us, clip.end_us, stored.path, stored.frames, stored.duration_us,
       stored.audio_codec, annotation.split, annotation.label, annotation.path
FROM (SELECT key FROM clip WHERE state = 'done' AND key > ? ORDER BY key LIMIT ?) AS batch
CROSS JOIN clip ON clip.key = batch.key CROSS JOIN video ON video.key = clip.video_key
CROSS JOIN stored ON stored.clip_key = clip.key CROSS JOIN annotation ON annotation.clip_key = clip.key
ORDER BY clip.key, annotation.dataset_key, annotation.position
"""


class Place(NamedTuple):
    """Where a clip lies for one annotation; '' is no split, no label."""

    split: str
    label: str
    path: str


class FinishedClip(NamedTuple):
    """A done clip as it was when it was verified; `path` is its file, `places` are all its names in list order."""

    clip: Clip
    path: str
    frames: int
    duration_us: int
    audio_codec: str | None
    places: tuple[Place, ...]


def finished_clips(ledger: LedgerReader) -> Iterator[FinishedClip]:
    """In the order in which the lists first named them; those that are done meanwhile may come or not."""
    last_key = 0
    while rows := list(ledger.select(_BATCH, last_key, _BATCH_CLIPS)):
        for (video_id, start_us, end_us, path, frames, duration_us, audio_codec), named in groupby(rows, _clip_cells):
            places = tuple(Place(*row[8:]) for row in named)
            yield FinishedClip(Clip(video_id, Span(start_us, end_us)), path, frames, duration_us, audio_codec, places)
        last_key = rows[-1][0]


def _clip_cells(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return row[1:8]


def names_in(ledger: LedgerReader) -> tuple[set[str], set[str]]:
    """All splits and all labels of a dataset, without ''."""
    splits = {split for (split,) in ledger.select("SELECT DISTINCT split FROM annotation WHERE split <> ''")}
    return splits, {label for (label,) in ledger.select("SELECT DISTINCT label FROM annotation WHERE label <> ''")}
