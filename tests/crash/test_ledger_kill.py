"""SIGKILL at random moments: the ledger stays whole, a load is all or nothing, and no answered clip is asked again."""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest

from clipset.ledger import Ledger, PlanHeader
from clipset.reasons import Reason
from clipset.sinks import FolderSink
from clipset.types import Annotation, Attempt, Facts, Failure, Outcome, Stage, Stored

S = 1_000_000
NOW_US = 1_795_359_845 * S
FACTS = Facts(64, 36, Fraction(25), 25, S, "h264", None, "18")
HEADER = PlanHeader("list.csv", "0" * 64, "{}", "exact-h360", "kinetics400")
KILLS = 24
ROWS = 800


def rows(count: int) -> Iterator[Annotation]:
    """Every tenth video has two clips."""
    for number in range(count):
        yield Annotation(f"{number - (number % 10 == 9):011d}", number * S, (number + 1) * S, "train", "cycling")


def path_of(row: Annotation) -> str:
    return f"train/cycling/{row.clip.id}.mp4"


def killed_after(progress: int, delay_s: float, work: Callable[[Callable[[], None]], None]) -> bool:
    """Run `work` in a child, which calls its argument at each step; kill it `delay_s` after the step `progress`.

    True if it was still at it.
    """
    steps, tell = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work(lambda: os.write(tell, b".") and None)
            status = 0
        finally:
            os._exit(status)
    os.close(tell)
    with os.fdopen(steps, "rb") as reader:
        reader.read(progress)  # ends early where the child does
        time.sleep(delay_s)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def check_integrity(directory: Path) -> None:
    with closing(sqlite3.connect(directory / ".clipset" / "ledger.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_load_that_is_killed_happened_whole_or_not_at_all(tmp_path: Path) -> None:
    draw = random.Random(1)
    for number in range(KILLS):
        directory = tmp_path / str(number)

        def work(step: Callable[[], None], directory: Path = directory) -> None:
            def stepping() -> Iterator[Annotation]:
                for row in rows(3_000):
                    step()
                    yield row

            with Ledger.open(directory) as ledger:
                ledger.load(HEADER, stepping(), path_of)

        # half of them in the middle of the list, half in what comes after its last row
        killed_after(draw.choice([draw.randrange(3_000), 3_000]), draw.uniform(0.0, 0.03), work)
        with Ledger.open(directory) as ledger:
            found = ledger.status(NOW_US).clips.wanted
            assert (found, ledger.find_plan(HEADER) is not None) in {(0, False), (3_000, True)}
            assert ledger.load(HEADER, rows(3_000), path_of).wanted == 3_000
        check_integrity(directory)


def make(directory: Path, step: Callable[[], None] = lambda: None) -> None:
    """The loop in short: bytes first, record second, until nothing is left. Every seventh video is private."""
    sink = FolderSink(directory)
    with Ledger.open(directory) as ledger:
        plan = ledger.load(HEADER, rows(ROWS), path_of).plan_id
        session = ledger.start_session(NOW_US, "{}", "{}")
        sink.sweep()
        while jobs := ledger.next_jobs([plan], NOW_US, 3, (), session):
            for job in jobs:
                private = int(job.video_id) % 7 == 0
                attempts = []
                for want in job.wanted:
                    if not private:
                        sink.put(want.paths[0], want.clip.id.encode())
                    stored = Stored(want.paths[0], len(want.clip.id), "0", FACTS)
                    failure = Failure(Reason.PRIVATE, "private video", Stage.RESOLVE)
                    attempts.append(Attempt(want.clip, failure if private else stored, "youtube"))
                ledger.record(Outcome(job, tuple(attempts)), session, NOW_US, lambda _reason, _tries: None)
                step()
        ledger.stop_session(session, NOW_US, "finished")


def tree(directory: Path) -> dict[str, bytes]:
    files = (path for path in directory.rglob("*") if path.is_file() and ".clipset" not in path.parts)
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def states(directory: Path) -> list[tuple[object, ...]]:
    with Ledger.read(directory) as reader:
        columns = "video.id, start_us, state, reason, clip.attempts, not_before_us, stored.path"
        return list(
            reader.select(
                f"SELECT {columns} FROM clip JOIN video ON video.key = clip.video_key"  # noqa: S608 - constants
                " LEFT JOIN stored ON stored.clip_key = clip.key ORDER BY clip.key"
            )
        )


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    draw = random.Random(2)
    disturbed, undisturbed = tmp_path / "disturbed", tmp_path / "undisturbed"
    done_before = 0
    for _ in range(KILLS):
        assert killed_after(draw.randrange(16), draw.uniform(0.0, 0.005), partial(make, disturbed))
        if (disturbed / ".clipset" / "ledger.db").exists():
            check_integrity(disturbed)
            with Ledger.open(disturbed) as ledger:
                done = ledger.status(NOW_US).clips.done
            assert done_before <= done <= len(tree(disturbed)), "a record without its file, or a record that was lost"
            done_before = done
    make(disturbed)
    make(undisturbed)
    assert tree(disturbed) == tree(undisturbed)
    assert states(disturbed) == states(undisturbed)
    assert not list((disturbed / ".clipset" / "tmp").iterdir())
    with Ledger.read(disturbed) as reader:
        sessions = reader.status(NOW_US).sessions
    *before, last = [session.stopped_by for session in sessions]
    assert (set(before), last) == ({"killed"}, "finished")
    assert sum(session.done for session in sessions) == len(tree(disturbed))


def test_the_lock_of_a_killed_writer_is_free_at_once(tmp_path: Path) -> None:
    def work(step: Callable[[], None]) -> None:
        Ledger.open(tmp_path / "dataset")
        step()
        signal.pause()

    assert killed_after(1, 0.0, work)
    Ledger.open(tmp_path / "dataset").close()
