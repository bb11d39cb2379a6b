"""Joining ledgers: what others say goes into this one, a source at a time, and what is there already stays.

The rows of a source come in one transaction, from one state of it, whoever writes it meanwhile. Its finished clips are
claims then, which count when `keep` is told that their files are here. So whatever ends a merge, the same merge again
goes on from there.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from clipset.ledger import deciding, uniting
from clipset.ledger.database import attached, connect_reader, connect_writer, unchecked
from clipset.ledger.home import Home
from clipset.ledger.ledger import Ledger
from clipset.ledger.rows import EgressRow, Folder
from clipset.types import Clip, Span

_BATCH = 200

_DRIFTED = """
SELECT DISTINCT dataset.name, their.name FROM theirs.plan AS their
JOIN theirs.dataset AS named ON named.key = their.dataset_key JOIN main.dataset AS dataset ON dataset.name = named.name
JOIN main.plan AS ours ON ours.dataset_key = dataset.key AND ours.name = their.name
WHERE NOT EXISTS (
    SELECT 1 FROM main.plan AS known WHERE known.dataset_key = dataset.key AND known.sha256 = their.sha256)
"""
_DIFFERENT = """
SELECT video.id, clip.start_us, clip.end_us FROM theirs.stored AS their
CROSS JOIN temp.their_clip AS pair ON pair.key = their.clip_key
CROSS JOIN main.stored AS ours ON ours.clip_key = pair.ours
CROSS JOIN main.clip AS clip ON clip.key = pair.ours CROSS JOIN main.video AS video ON video.key = clip.video_key
WHERE ours.sha256 <> their.sha256 ORDER BY video.id, clip.start_us
"""
_WON_OVER_LOST = """
SELECT count(*) FROM temp.word AS word LEFT JOIN temp.own_word AS own ON own.clip_key = word.clip_key
JOIN main.clip AS clip ON clip.key = word.clip_key
WHERE (clip.state = 'done' AND word.state = 'lost') OR (own.state = 'lost' AND word.state = 'done')
"""
_OVERRULED = """
SELECT count(*) FROM temp.word AS word JOIN temp.own_word AS own ON own.clip_key = word.clip_key
WHERE own.state = 'lost' AND own.last_at_us > own.anew_us AND own.last_at_us <= word.anew_us
"""
_COUNTS = """
SELECT count(*), count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'lost') FROM theirs.clip
"""
_CLAIMED = """
SELECT claim.clip_key, claim.path, claim.size_bytes, claim.sha256, video.id, clip.start_us, clip.end_us,
       coalesce(annotation.path, claim.path)
FROM (SELECT * FROM claim WHERE clip_key > ? ORDER BY clip_key LIMIT ?) AS claim
CROSS JOIN main.clip AS clip ON clip.key = claim.clip_key CROSS JOIN video ON video.key = clip.video_key
LEFT JOIN annotation ON annotation.clip_key = clip.key
ORDER BY claim.clip_key, annotation.dataset_key, annotation.position
"""
_KEEP = (
    """
INSERT INTO stored (clip_key, path, size_bytes, sha256, width_px, height_px, fps_numerator, fps_denominator, frames,
                    duration_us, video_codec, audio_codec, format_id)
SELECT clip_key, kept.path, size_bytes, sha256, width_px, height_px, fps_numerator, fps_denominator, frames,
       duration_us, video_codec, audio_codec, format_id
FROM kept CROSS JOIN claim ON claim.clip_key = kept.key
""",
    """
UPDATE clip SET (state, reason, not_before_us, last_at_us, session_key, attempt_key)
    = ('done', NULL, 0, claim.last_at_us, claim.session_key, claim.attempt_key)
FROM kept CROSS JOIN claim ON claim.clip_key = kept.key WHERE clip.key = kept.key
""",
    "UPDATE annotation SET unlinked = 0 WHERE clip_key IN (SELECT key FROM kept)",
    "DELETE FROM kept",
)


def copy_ledger(directory: Path, scratch: Path) -> None:
    """The ledger of a dataset as that of another directory, for a merge that is only tried; one writes none of it."""
    home = Home.take(scratch)
    try:
        with (
            closing(connect_reader(Home.database_of(directory))) as source,
            closing(connect_writer(home.database)) as copy,
        ):
            source.backup(copy)
    finally:
        home.release()


class Claim(NamedTuple):
    """A clip that a source has finished: its file there (`path`, relative) and all its names here, the first first."""

    key: int
    clip: Clip
    path: str
    size_bytes: int
    sha256: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """What a ledger that is to be merged says of itself."""

    meta: dict[str, str]
    egresses: list[EgressRow]
    done: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of the rows of one source. `claims` is how many finished clips are still to be brought.

    `different` are clips that both have, made of other bytes; `won_over_lost` clips that one has and the other had
    given up; `overruled` clips given up here and asked for anew there, of which sources taken before may know more;
    `drifted` the (dataset, list) with another content here; `folders` those that have another name here.
    """

    clips: int
    done: int
    lost: int
    claims: int
    claimed_bytes: int
    won_over_lost: int
    overruled: int
    different: tuple[Clip, ...]
    drifted: tuple[tuple[str, str], ...]
    folders: tuple[Folder, ...]


def _claim(cells: tuple[Any, ...], paths: list[str]) -> Claim:
    key, path, size_bytes, sha256, video_id, start_us, end_us = cells
    return Claim(key, Clip(video_id, Span(start_us, end_us)), path, size_bytes, sha256, tuple(dict.fromkeys(paths)))


class Merging(Ledger):
    """The ledger that others are merged into."""

    def take(self, directory: Path, name_folders: uniting.NameFolders, *, keeps_paths: bool) -> Taken:
        """All that the ledger of `directory` says, all of it or nothing; its finished clips become the claims.

        Raises LedgerMissing, LedgerCorrupt, LedgerVersion, ClipsetError.
        """
        connection = self._connection
        with attached(connection, Home.database_of(directory), "theirs"), unchecked(connection):
            try:
                with self._writing():
                    drifted = connection.execute(_DRIFTED).fetchall()
                    folders = uniting.take_lists(connection, name_folders, keeps_paths=keeps_paths)
                    deciding.note_own(connection)
                    different = connection.execute(_DIFFERENT).fetchall()
                    uniting.take_tries(connection)
                    deciding.decide(connection)
                    clips, done, lost = connection.execute(_COUNTS).fetchone()
                    (won,) = connection.execute(_WON_OVER_LOST).fetchone()
                    (overruled,) = connection.execute(_OVERRULED).fetchone()
            finally:
                uniting.forget(connection)
        claims, size_bytes = self._one("SELECT count(*), coalesce(sum(size_bytes), 0) FROM claim")
        unlike = tuple(Clip(video_id, Span(start_us, end_us)) for video_id, start_us, end_us in different)
        return Taken(clips, done, lost, claims, size_bytes, won, overruled, unlike, tuple(drifted), tuple(folders))

    def claims(self) -> Iterator[list[Claim]]:
        """Those of the last `take`, some at a time, each batch read when it is asked for."""
        last_key = 0
        while rows := list(self.select(_CLAIMED, last_key, _BATCH)):
            named = groupby(rows, lambda row: row[:-1])
            yield [_claim(cells, [row[-1] for row in of_clip]) for cells, of_clip in named]
            last_key = rows[-1][0]

    def keep(self, claims: Collection[Claim] | None) -> None:
        """Their files are here, under all their names; None: those of all claims are where they were."""
        connection = self._connection
        with self._writing():
            connection.execute("CREATE TEMP TABLE IF NOT EXISTS kept (key INTEGER PRIMARY KEY, path TEXT)")
            if claims is None:
                connection.execute("INSERT INTO kept SELECT clip_key, path FROM claim")
            else:
                connection.executemany("INSERT INTO kept VALUES (?, ?)", ((row.key, row.paths[0]) for row in claims))
            for statement in _KEEP:
                connection.execute(statement)

    def unlinked_anywhere(self) -> list[tuple[str, str]]:
        """(target, path) of the further names of clips that were here before: link path to target."""
        sql = (
            "SELECT DISTINCT stored.path, annotation.path FROM annotation"
            " JOIN stored ON stored.clip_key = annotation.clip_key WHERE annotation.unlinked = 1"
        )
        return [(target, path) for target, path in self.select(sql)]

    def replace_egresses(self, rows: Sequence[EgressRow]) -> None:
        """These and no others."""
        with self._writing():
            self._connection.execute("DELETE FROM egress")
            self._connection.executemany(
                "INSERT INTO egress (name, not_before_us, permits_per_hour, state, node) VALUES (?, ?, ?, ?, ?)",
                ((row.name, row.not_before_us, row.permits_per_hour, row.state, row.node) for row in rows),
            )
