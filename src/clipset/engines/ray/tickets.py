"""Which job is where. Pure.

A ticket that is not in the book any more is nobody's: what comes back for it is dropped, because the job has been
handed out again. The ledger's attempt numbers fence the same once more.
"""

from collections import Counter
from collections.abc import Hashable

from clipset.engines.ray.messages import Done, Ticket
from clipset.reasons import Reason
from clipset.types import Attempt, Failure, Outcome, Stage, VideoJob

MOST_LOSSES = 3
"""So many stations may die with a video before the video is suspected of it."""


class TicketBook:
    """Tickets in flight, by station."""

    def __init__(self) -> None:
        self._issued = 0
        self._jobs: dict[int, tuple[VideoJob, Hashable]] = {}
        self._load: Counter[Hashable] = Counter()
        self._losses: Counter[str] = Counter()

    def issue(self, job: VideoJob, station: Hashable) -> Ticket:
        self._issued += 1
        self._jobs[self._issued] = (job, station)
        self._load[station] += 1
        return Ticket(self._issued, job)

    def load(self, station: Hashable) -> int:
        """How many tickets the station holds."""
        return self._load[station]

    def settle(self, done: Done, node: str) -> Outcome | None:
        """What became of a job; None when its ticket is not current."""
        found = self._jobs.pop(done.number, None)
        if found is None:
            return None
        job, station = found
        self._load[station] -= 1
        self._losses.pop(job.video_id, None)
        return Outcome(job, done.attempts, node)

    def lose(self, station: Hashable) -> list[Outcome]:
        """The station is gone. Its jobs come back unreached, so that they are handed out again and lose no attempt;
        a video that so many stations died with has failed.
        """
        lost = [number for number, (_, holder) in self._jobs.items() if holder == station]
        jobs = [self._jobs.pop(number)[0] for number in lost]
        del self._load[station]
        self._losses.update(job.video_id for job in jobs)
        return [self._lost(job) for job in jobs]

    def _lost(self, job: VideoJob) -> Outcome:
        if self._losses[job.video_id] < MOST_LOSSES:
            return Outcome(job, ())
        del self._losses[job.video_id]
        failure = Failure(Reason.MEDIA_CRASH, f"{MOST_LOSSES} nodes ended while they worked on this video", Stage.TRIM)
        return Outcome(job, tuple(Attempt(wanted.clip, failure, "") for wanted in job.wanted))
