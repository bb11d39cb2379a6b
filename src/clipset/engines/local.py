"""Threads on this machine, one bench each. The heavy work is in the media children, so threads suffice."""

import os
import queue
import threading
from collections.abc import Callable

from clipset.engines.staffing import SPARE, Staffing
from clipset.materialise import Bench, materialise
from clipset.types import Outcome, VideoJob

_MOST_JOBS = 32
_JOBS_PER_CORE = 8
_JOB_BYTES = 128 << 20
"""What a worker and its media child may take: three times what they do with 360p."""


def default_jobs() -> int:
    """Videos in flight when the user does not say: the encoders fill the cores, two more wait for the network."""
    return min(_cores() + SPARE, _MOST_JOBS)


def most_jobs() -> int:
    """What they may grow to where they wait for the network: half of the memory at most."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return max(default_jobs(), min(_cores() * _JOBS_PER_CORE, memory // _JOB_BYTES, _MOST_JOBS))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2


class LocalEngine:
    """`make_bench` is called in each worker thread when its first job comes.

    `jobs` are in flight at first, up to `most` where those wait for the network; without `most` it stays at `jobs`.
    What is submitted beyond that waits in line for a thread. One thread may submit while another polls.
    """

    def __init__(self, make_bench: Callable[[], Bench], jobs: int, most: int | None = None) -> None:
        self._make_bench = make_bench
        self._jobs: queue.SimpleQueue[VideoJob | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._staffing = Staffing(_cores(), jobs, most or jobs)
        self._in_flight = 0
        self._counting = threading.Lock()

    @property
    def capacity(self) -> int:
        return self._staffing.jobs

    def submit(self, job: VideoJob) -> None:
        with self._counting:
            self._in_flight += 1
        self._jobs.put(job)
        if len(self._threads) < min(self._in_flight, self.capacity):
            thread = threading.Thread(target=self._work, name=f"clipset-{len(self._threads) + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def poll(self, timeout_s: float) -> list[Outcome]:
        outcomes: list[Outcome] = []
        try:
            outcomes.append(self._take(timeout_s))
            while True:
                outcomes.append(self._take(0.0))
        except queue.Empty:
            return outcomes

    def _take(self, timeout_s: float) -> Outcome:
        done = self._done.get(timeout=timeout_s) if timeout_s > 0 else self._done.get_nowait()
        with self._counting:
            self._in_flight -= 1
        if isinstance(done, BaseException):
            raise done
        self._staffing.learn(attempt.cost for attempt in done.attempts)
        return done

    def close(self) -> None:
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(timeout=10)

    def _work(self) -> None:
        bench = None
        try:
            while (job := self._jobs.get()) is not None:
                bench = bench or self._make_bench()
                self._done.put(materialise(job, bench))
        except BaseException as bug:  # noqa: BLE001 - handed to the loop, which ends the run with it
            self._done.put(bug)
        finally:
            if bench is not None:
                bench.close()
