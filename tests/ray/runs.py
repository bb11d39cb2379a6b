"""The whole program on a cluster of local nodes, against the rehearsal."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cluster import LocalCluster
from program import clipset_command, environment, status, table

from clipset.rehearsal import Rehearsal, Scenario, Video

VIDEO = Video(duration_s=12, shrink=4, itags=(18,), media_key=7)
GONE = {"goneaaaaaa1": "removed", "goneaaaaaa2": "private"}
CLIPS_A_VIDEO = 10


def rows(clips: int) -> list[tuple[str, str, int, int, str]]:
    """So many clips of videos that are there, and one each of two that are not."""
    there = [(f"video{n // CLIPS_A_VIDEO:06d}", n % CLIPS_A_VIDEO) for n in range(clips)]
    return [
        ("juggling", video_id, start_s, start_s + 1, "val") for video_id, start_s in [*there, *((g, 0) for g in GONE)]
    ]


def offline(**scenario) -> Rehearsal:
    videos = {video_id: Video(outcome=outcome) for video_id, outcome in GONE.items()}
    return Rehearsal(Scenario(default=VIDEO, videos=videos, **scenario))


def said(dataset: Path) -> tuple:
    """What a dataset says of its clips, but for times and ways: what a dead node left in place was found on disk."""
    stats, failed = table(dataset / "stats.csv"), table(dataset / "failed.csv")
    same = ("clip_id", "video_id", "label", "split", "size_bytes", "duration")
    done = sorted(tuple(row[name] for name in same) for row in stats)
    lost = sorted((row["clip_id"], row["reason"], row["disposition"], row["attempts"]) for row in failed)
    return done, lost, status(dataset)["clips"]


@dataclass(frozen=True)
class Work:
    """A list, and what a run on one machine makes of it."""

    list: Path
    tree: dict[str, bytes]
    said: tuple


def words(annotations: Path, out: Path, youtube: Rehearsal, *more: object) -> list[str]:
    usual = {"--youtube-origin": youtube.origin, "--precision": "copy", "--rate": "unlimited"}
    rest = [word for name, value in usual.items() if name not in more for word in (name, value)]
    return [str(word) for word in ("fetch", annotations, "--out", out, *rest, *more)]


def on(cluster: LocalCluster, *more: object) -> tuple[object, ...]:
    return ("--engine", "ray", "--ray-address", cluster.address, "--jobs", 2, *more)


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    """The program at work; killed if the test does not wait for its end."""
    with subprocess.Popen(
        clipset_command(*command), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def until(what: Callable[[], object], timeout_s: float = 120) -> None:
    end_s = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end_s, "it did not come to that"
        time.sleep(0.02)


def clips_in(out: Path) -> int:
    return sum(1 for _ in out.rglob("*.mp4"))
