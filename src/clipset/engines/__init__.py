"""Where the work runs. An engine says where, never what: all of them call `materialise`."""

from typing import Protocol

from clipset.types import Outcome, VideoJob


class Engine(Protocol):
    """Runs jobs at least once each and unordered. Results may come twice; the ledger is fenced against that."""

    @property
    def capacity(self) -> int:
        """How many jobs may be in flight."""
        ...

    def submit(self, job: VideoJob) -> None:
        """Start a job; never blocks. At most `capacity` may be in flight."""
        ...

    def poll(self, timeout_s: float) -> list[Outcome]:
        """Outcomes that are there, waiting at most `timeout_s` for the first. Raises what a worker raised (a bug)."""
        ...

    def close(self) -> None:
        """End the workers and release what they hold. Work in flight must have been drained or aborted before."""
        ...
