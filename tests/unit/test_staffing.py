"""How many videos are in flight: enough for the cores to be full, and no more than helps."""

import pytest
from benches import ScriptedSource, bench, clip, wanted

from clipset.engines.local import LocalEngine
from clipset.engines.staffing import SPARE, Staffing
from clipset.types import Cost, VideoJob

LEAST, MOST = 4, 16
CORES = 2


def settle(waiting_s: float, working_s: float, line_clips_per_s: float = 1e9) -> tuple[int, float]:
    """(jobs, clips a second) after many clips of a machine on which `waiting_s` and `working_s` are a clip's own."""
    staffing = Staffing(CORES, LEAST, MOST)
    for _ in range(500):
        jobs = staffing.jobs
        rate = min(jobs / (waiting_s + working_s), CORES / working_s, line_clips_per_s)
        worked_s = working_s
        if rate == CORES / working_s:  # all that is not waited is spent beside others on a core
            worked_s = jobs / rate - waiting_s
        waited_s = jobs / rate - worked_s
        staffing.learn([Cost(download_s=waited_s, trim_s=worked_s)])
    return jobs, rate


@pytest.mark.parametrize(
    ("waiting_s", "working_s"), [(0.05, 1.2), (0.3, 0.35), (1.0, 1.2), (2.3, 0.6), (4.0, 1.2), (0.7, 0.2)]
)
def test_the_cores_are_full_however_long_the_network_takes(waiting_s, working_s):
    jobs, rate = settle(waiting_s, working_s)
    assert rate >= 0.85 * CORES / working_s
    assert jobs <= CORES * (1 + waiting_s / working_s) + SPARE + 1


def test_the_cores_need_no_more_than_the_least_when_nothing_is_waited_for():
    assert settle(0.0, 1.0) == (LEAST, 2.0)


def test_a_full_line_ends_the_growth_at_the_most():
    assert settle(1.0, 0.2, line_clips_per_s=1.0)[0] == MOST


def test_nothing_learned_is_the_least():
    staffing = Staffing(CORES, LEAST, MOST)
    staffing.learn([Cost(download_s=9.0)])
    assert staffing.jobs == LEAST


class SlowSource(ScriptedSource):
    """Says that it waited a minute for the network."""

    def locate(self, job, meter):
        meter.seconds += 60.0
        return super().locate(job, meter)


@pytest.mark.parametrize(("most", "capacity"), [(None, 2), (5, 5)])
def test_an_engine_takes_more_jobs_when_those_before_waited_for_the_network(most, capacity):
    engine = LocalEngine(lambda: bench(SlowSource("youtube", {clip()})), 2, most)
    assert engine.capacity == 2
    engine.submit(VideoJob(clip().video_id, wanted(clip())))
    assert engine.poll(30)
    assert engine.capacity == capacity
    engine.close()
