"""Everything in the calling thread: for debugging and for tests that want no threads."""

from clipset.materialise import Bench, materialise
from clipset.types import Outcome, VideoJob


class InlineEngine:
    capacity = 1

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._jobs: list[VideoJob] = []

    def submit(self, job: VideoJob) -> None:
        self._jobs.append(job)

    def poll(self, timeout_s: float) -> list[Outcome]:  # noqa: ARG002 - there is nothing to wait for
        jobs, self._jobs = self._jobs, []
        return [materialise(job, self._bench) for job in jobs]

    def close(self) -> None:
        self._bench.close()
