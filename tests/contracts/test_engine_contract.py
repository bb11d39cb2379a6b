"""What every engine promises the loop: in the calling thread, in threads, on a cluster of one node."""

import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parents[1] / folder) for folder in ("unit", "ray")]

from benches import ScriptedSource, bench, clip, failure, wanted
from cluster import LocalCluster

from clipset.engines import Engine
from clipset.engines.inline import InlineEngine
from clipset.engines.local import LocalEngine
from clipset.materialise import Bench
from clipset.reasons import Reason
from clipset.sources.youtube.config import Egress
from clipset.types import Outcome, Stored, VideoJob

JOBS = [VideoJob(f"video{number:06d}", wanted(clip(f"video{number:06d}"))) for number in range(12)]
THERE = {want.clip for job in JOBS[:-2] for want in job.wanted}
BUGGY = VideoJob("buggybuggyb", wanted(clip("buggybuggyb")))
STOPPED = VideoJob("stoppedstop", wanted(clip("stoppedstop")))


class Source(ScriptedSource):
    """Has most of the videos, stumbles over one, and is stopped at another."""

    def __init__(self) -> None:
        super().__init__("youtube", THERE)

    def locate(self, job, meter):
        if job.video_id == BUGGY.video_id:
            raise ZeroDivisionError("a bug")
        if job.video_id == STOPPED.video_id:
            return ScriptedSource("youtube", interrupted=True).locate(job, meter)
        if job.video_id == JOBS[-1].video_id:
            return ScriptedSource("youtube", fails=failure(Reason.PRIVATE)).locate(job, meter)
        return super().locate(job, meter)


def make_bench() -> Bench:
    return bench(Source())


@dataclass(frozen=True)
class Blueprint:
    """engines.ray.messages.Blueprint."""

    outside: str = "nobody"

    def build(self, site):
        from clipset.engines.ray.messages import Workplace  # noqa: PLC0415 - in the station's process

        return Workplace(LocalEngine(make_bench, 2), {})


def on_a_cluster(address: str, folder: Path) -> Engine:
    from ray import cloudpickle  # noqa: PLC0415 - slow to load

    from clipset.engines.ray.engine import Charter, RayEngine  # noqa: PLC0415

    for module in ("benches", __name__):
        cloudpickle.register_pickle_by_value(sys.modules[module])
    (folder / ".clipset").mkdir()
    charter = Charter(Blueprint(), (Egress.of(),), {}, folder)
    return RayEngine(address, charter, threading.Event(), threading.Event(), lambda line: None)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with LocalCluster() as cluster:
        yield cluster.address


@pytest.fixture(
    params=["inline", "local", pytest.param("ray", marks=[pytest.mark.slow, pytest.mark.enable_socket])],
    scope="module",
)
def engine(request, tmp_path_factory) -> Iterator[Engine]:
    if request.param == "inline":
        made: Engine = InlineEngine(make_bench())
    elif request.param == "local":
        made = LocalEngine(make_bench, 2)
    else:
        made = on_a_cluster(request.getfixturevalue("address"), tmp_path_factory.mktemp("dataset"))
    yield made
    made.close()


def ran(engine: Engine, jobs: list[VideoJob]) -> list[Outcome]:
    """Through the engine as the loop does it: never more in flight than it takes."""
    left, outcomes, in_flight = list(jobs), [], 0
    until_s = time.monotonic() + 60
    while len(outcomes) < len(jobs):
        assert time.monotonic() < until_s
        while left and in_flight < engine.capacity:
            engine.submit(left.pop())
            in_flight += 1
        found = engine.poll(0.2)
        in_flight -= len(found)
        outcomes += found
    return outcomes


def test_every_job_comes_back_once_with_a_word_on_every_clip(engine):
    outcomes = ran(engine, JOBS)
    assert sorted(outcome.job.video_id for outcome in outcomes) == [job.video_id for job in JOBS]
    for outcome in outcomes:
        (attempt,) = outcome.verdicts
        number = JOBS.index(outcome.job)
        if number < 10:
            assert isinstance(attempt.result, Stored)
        else:
            assert attempt.result.reason is (Reason.ABSENT if number == 10 else Reason.PRIVATE)


def test_a_job_that_was_stopped_comes_back_unreached(engine):
    (outcome,) = ran(engine, [STOPPED])
    assert outcome.job == STOPPED
    assert outcome.unreached


def test_nothing_in_flight_is_nothing_to_wait_for_longer_than_told(engine):
    assert engine.capacity >= 1
    began_s = time.monotonic()
    assert engine.poll(0.1) == []
    assert time.monotonic() - began_s < 5


def test_a_bug_in_a_worker_reaches_the_loop(engine):
    with pytest.raises(ZeroDivisionError, match="a bug"):
        ran(engine, [BUGGY])
