"""A history that shards kept in ledgers of their own, merged in any order, is that of one ledger which saw it all."""

import csv
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from random import Random
from types import SimpleNamespace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clipset.existing.merge import Merge, SourceReport, merge
from clipset.ledger import Ledger, PlanHeader
from clipset.plan import Seen, Selection, select, shard_of
from clipset.reasons import Reason
from clipset.types import (
    Annotation,
    Attempt,
    BadRow,
    Clip,
    Cost,
    Facts,
    Failure,
    Outcome,
    Stage,
    Stored,
    VideoJob,
    Wanted,
)

S = 1_000_000
FACTS = Facts(64, 36, Fraction(25), 25, S, "h264", None, "18")
VIDEOS = [f"video{number:06d}" for number in range(6)]
ROWS: list[Annotation | BadRow] = [
    Annotation(video, start * S, (start + 1) * S, split, label)
    for number, video in enumerate(VIDEOS)
    for start, split, label in [(0, "train", "cycling"), (0, "train", "biking"), (number % 3, "val", "juggling")]
]
ROWS.insert(3, BadRow(4, "#NAME?", "no id"))
CLIPS = list(dict.fromkeys(row.clip for row in ROWS if isinstance(row, Annotation)))
RESULTS = [None, None, Reason.PRIVATE, Reason.PRIVATE, Reason.NETWORK, Reason.ABSENT, Reason.THROTTLED]


class Quiet:
    """Shows nothing of a merge."""

    @contextmanager
    def reading(self, number: int) -> Iterator[None]:
        yield

    @contextmanager
    def bringing(self, number: int) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(begin=lambda files: None, found=lambda finding: None)


def merged(directory: Path, sources: list[Path], **how: bool) -> list[SourceReport]:
    return list(merge(Merge(sources, directory, **how), Quiet()))


def retry(reason: Reason, _tries: int) -> float | None:
    return {Reason.NETWORK: 60.0, Reason.ABSENT: 0.0}.get(reason)


def path_of(row: Annotation) -> str:
    return f"{row.split}/{row.label}/{row.clip.id}.mp4"


class Shard:
    """A ledger with its files, of one shard (index, count) or of everything."""

    def __init__(self, directory: Path, shard: tuple[int, int] | None) -> None:
        self.directory = directory
        header = PlanHeader("list.csv", "0" * 64, f'{{"shard": "{shard}"}}', "exact-h360", "kinetics")
        self.ledger = Ledger.open(directory)  # stays open: what is merged may be in use
        self.ledger._connection.execute("PRAGMA synchronous = OFF")
        self.ledger.load(header, select(ROWS, Selection(shard=shard), Seen()), path_of)
        self.ledger.set_meta("recipe_id", "exact-h360")

    def session(self, now_us: int) -> int:
        return self.ledger.start_session(now_us, "{}", f'{{"node": "{self.directory.name}"}}')

    def answer(self, clip: Clip, reason: Reason | None, session: int, now_us: int) -> None:
        paths = tuple(path_of(row) for row in ROWS if isinstance(row, Annotation) and row.clip == clip)
        if reason is None:
            for path in paths:
                (self.directory / path).parent.mkdir(parents=True, exist_ok=True)
                (self.directory / path).write_text(clip.id)
        result = Failure(reason, f"text {now_us}", Stage.RESOLVE) if reason else Stored(paths[0], 25, "0", FACTS)
        cost = Cost(total_s=now_us / S, fetched_bytes=now_us % 1000, requests=1)
        job = VideoJob(clip.video_id, (Wanted(clip, paths),), now_us)
        attempt = Attempt(clip, result, "youtube", "direct", cost, "tool")
        self.ledger.record(Outcome(job, (attempt,)), session, now_us, retry)


class History:
    """The same answers into one ledger and into those of the shards; how many these are changes from round to round."""

    def __init__(self, folder: Path, draw: Random) -> None:
        self.folder, self.draw = folder, draw
        self.whole = Shard(folder / "whole", None)
        self.shards: dict[tuple[int, int], Shard] = {}
        self.now_us = 1_000 * S

    def tick(self) -> int:
        self.now_us += self.draw.randrange(1, 90) * S + 1
        return self.now_us

    def shard(self, key: tuple[int, int]) -> Shard:
        if key not in self.shards:
            self.shards[key] = Shard(self.folder / f"shard-{key[0]}-of-{key[1]}", key)
        return self.shards[key]

    def round(self) -> None:
        count = self.draw.randrange(1, 4)
        parts = [self.shard((index, count)) for index in range(1, count + 1)]
        whole, sessions = self.whole.session(self.tick()), [part.session(self.tick()) for part in parts]
        for clip in self.draw.sample(CLIPS, self.draw.randrange(len(CLIPS) + 1)):
            if self.is_wanted(clip):
                reason, now_us = self.draw.choice(RESULTS), self.tick()
                index = shard_of(clip.video_id, count) - 1
                self.whole.answer(clip, reason, whole, now_us)
                parts[index].answer(clip, reason, sessions[index], now_us)
        if self.draw.random() < 0.4:
            states, now_us = set(self.draw.choice(["lost", "lost wanted"]).split()), self.tick()
            for each in [self.whole, *self.shards.values()]:
                each.ledger.want_again(states, now_us)

    def is_wanted(self, clip: Clip) -> bool:
        sql = "SELECT state FROM clip JOIN video ON video.key = video_key WHERE id = ? AND start_us = ? AND end_us = ?"
        found = self.whole.ledger.select(sql, clip.video_id, clip.span.start_us, clip.span.end_us)
        return list(found) == [("wanted",)]

    def close(self) -> None:
        for each in [self.whole, *self.shards.values()]:
            each.ledger.close()

    def some(self) -> list[Path]:
        """The shards in any order."""
        return self.draw.sample([shard.directory for shard in self.shards.values()], len(self.shards))


def tables(directory: Path) -> tuple[object, ...]:
    """What a dataset says of itself, whatever the order and the numbers of its sessions."""
    with Ledger.read(directory) as ledger:
        status = ledger.status(0)
        tries = list(ledger.select("SELECT count(*), sum(fetched_bytes), sum(verdict) FROM attempt"))
        asked = "SELECT video.id, start_us, not_before_us, clip.attempts FROM clip JOIN video ON video.key = video_key"
        clips = sorted(ledger.select(asked))
        again = ledger.select(
            "SELECT clip.key, (SELECT count(*) FROM attempt WHERE clip_key = clip.key AND key > tries_after) FROM clip"
            " WHERE state <> 'done' ORDER BY (SELECT id FROM video WHERE key = video_key), start_us"
        )
        tries += [count for _, count in again]
    rows = []
    for name in ("stats.csv", "failed.csv"):
        with (directory / name).open(newline="") as file:
            rows.append(sorted(tuple(row[key] for key in row if key != "session") for row in csv.DictReader(file)))
    return status.clips, status.videos, status.splits, status.reasons, status.bytes, tries, clips, rows


def tree(directory: Path) -> dict[str, str]:
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*.mp4")}


def check(draw: Random) -> None:
    with tempfile.TemporaryDirectory(prefix="clipset-merge-test-") as name, ExitStack() as stack:
        history, out = History(Path(name), draw), Path(name) / "out"
        stack.callback(history.close)
        for _ in range(draw.randrange(1, 4)):
            history.round()
            if draw.random() < 0.3:
                merged(out, history.some()[: draw.randrange(1, 3)])
        merged(out, history.some())
        history.whole.ledger.write_tables()
        assert tables(out) == tables(history.whole.directory)
        assert tree(out) == tree(history.whole.directory)
        before = tables(out)
        again = merged(out, history.some())
        assert [report.taken.claims for report in again] == [0] * len(again)
        assert tables(out) == before


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(draw=st.randoms(use_true_random=False))
def test_shards_merged_in_any_order_are_the_ledger_that_saw_it_all(draw: Random) -> None:
    check(draw)


def test_a_loss_that_a_later_source_overrules_does_not_hide_what_an_earlier_one_said() -> None:
    check(Random(455))  # merged while lost, then asked anew, then tried by a shard that is named before
