"""How the ledger bears large lists: load, resume, hand out, record, status, tables. CPU seconds, peak memory, bytes.

    python bench/bench_load.py [ROWS]          650,000 rows by default

The list is synthetic, in the shape of Kinetics: 700 labels sorted, ids in random order, 0.5 % of the videos with
several clips. Peak memory is of the whole process, after each step.
"""

import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from clipset.ledger import Ledger, PlanHeader
from clipset.ledger.failures import write_failed
from clipset.ledger.tables import write_stats
from clipset.reasons import Reason
from clipset.types import Annotation, Attempt, Cost, Facts, Failure, Outcome, Stage, Stored, VideoJob

T = TypeVar("T")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
HEADER = PlanHeader("synthetic", "0" * 64, "{}", "exact-h360", "synthetic")
NOW_US = 1_795_359_845_000_000
FACTS = Facts(640, 360, Fraction(30000, 1001), 300, 10_010_000, "h264", "aac", "18")


def rows(count: int) -> Iterator[Annotation]:
    """Seeded; yields as a reader does, holding nothing."""
    draw = random.Random(1)  # noqa: S311 - a seeded list, not a secret
    video_id = ""
    for number in range(count):
        if number % 200 or not video_id:
            video_id = "".join(draw.choices(ALPHABET, k=11))
        start_us = draw.randrange(300) * 1_000_000
        yield Annotation(video_id, start_us, start_us + 10_000_000, "train", f"label number {number * 700 // count}")


def path_of(row: Annotation) -> str:
    start_s, end_s = row.start_us // 1_000_000, row.end_us // 1_000_000
    return f"{row.split}/{(row.label or '').replace(' ', '_')}/{row.video_id}_{start_s:06d}_{end_s:06d}.mp4"


def outcome(job: VideoJob, number: int) -> Outcome:
    cost = Cost(1.2, 0.8, 2.0, 1_300_000, 6)
    failure = Failure(Reason.PRIVATE, "Private video. Sign in if you've been granted access to it", Stage.RESOLVE)
    attempts = []
    for want in job.wanted:
        result = failure if number % 8 == 7 else Stored(want.paths[0], 1_000_000, "a" * 64, FACTS)
        attempts.append(Attempt(want.clip, result, "youtube", "direct", cost, "yt-dlp 2026.08.19 visionos 18"))
    return Outcome(job, tuple(attempts))


def give_up(_reason: Reason, _tries: int) -> None:
    """A retry policy without retries."""


def measured(what: str, units: int, action: Callable[[], T]) -> T:
    began_s = time.process_time()
    result = action()
    cpu_s = time.process_time() - began_s
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 if sys.platform != "darwin" else 1024)
    print(f"{what:<44}{cpu_s:>9.3f} s{cpu_s / units * 1e6:>10.2f} us{peak_kib // 1024:>8} MiB")
    return result


def finish(ledger: Ledger, plan: int, session: int, count: int, batch: int) -> None:
    """Record `count` jobs as done (seven of eight) or lost, a transaction for each `batch`."""
    for began in range(0, count, batch):
        jobs = ledger.next_jobs([plan], NOW_US, min(batch, count - began), (), session)
        outcomes = [outcome(job, number) for number, job in enumerate(jobs)]
        ledger.record_all(outcomes, session, NOW_US, give_up)


def bench(directory: Path, count: int) -> None:
    print(f"{count:,} rows{'CPU':>43}{'per unit':>14}{'peak':>11}")
    with Ledger.open(directory) as ledger:
        rows_s = -time.process_time()
        assert all(path_of(row) for row in rows(count))
        rows_s += time.process_time()
        print(f"{'(making rows and paths, part of load)':<44}{rows_s:>9.3f} s")
        plan = measured("load", count, lambda: ledger.load(HEADER, rows(count), path_of)).plan_id
        session = ledger.start_session(NOW_US, "{}", "{}")
        jobs = measured(
            "next_jobs, first call, all wanted", 32, lambda: ledger.next_jobs([plan], NOW_US, 32, (), session)
        )
        ledger.record_all([outcome(job, 0) for job in jobs], session, NOW_US, give_up)
        measured("status, all wanted", count, lambda: ledger.status(NOW_US))
        measured("next_jobs and record, one by one", 2_000, lambda: finish(ledger, plan, session, 2_000, 1))
        measured(
            "next_jobs and record, 500 together", count, lambda: finish(ledger, plan, session, count * 99 // 100, 500)
        )
    with Ledger.open(directory) as ledger:
        session = ledger.start_session(NOW_US, "{}", "{}")
        measured("resume: find_plan and summary", count, lambda: ledger.summary(ledger.find_plan(HEADER) or 0))
        measured("next_jobs, first call, nearly all done", 8, lambda: ledger.next_jobs([plan], NOW_US, 8, (), session))
        measured("next_jobs, second call", 8, lambda: ledger.next_jobs([plan], NOW_US, 8, (), session))
    with Ledger.read(directory) as reader:
        measured("status, nearly all done", count, lambda: reader.status(NOW_US))
        measured("stats.csv", count, lambda: write_stats(reader, directory / "stats.csv"))
        measured("failed.csv", count, lambda: write_failed(reader, directory / "failed.csv"))
    size_bytes = (directory / ".clipset" / "ledger.db").stat().st_size
    print(f"ledger.db {size_bytes / 1e6:.0f} MB, {size_bytes / count:.0f} bytes a row")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="clipset-bench-") as folder:
        bench(Path(folder) / "dataset", int(sys.argv[1]) if len(sys.argv) > 1 else 650_000)
