"""All that a report shows, as plain rows; what the files do not tell is empty or None."""

from dataclasses import dataclass, field

from clipset.ledger.tallies import CoolDown, ListRow, Way
from clipset.report.durations import Timings


@dataclass(frozen=True, slots=True)
class Counts:
    """`waiting` are the clips that are neither there nor given up."""

    done: int = 0
    lost: int = 0
    waiting: int = 0

    @property
    def wanted(self) -> int:
        return self.done + self.lost + self.waiting

    @property
    def missing(self) -> int:
        return self.lost + self.waiting

    @property
    def lost_share(self) -> float:
        return self.lost / self.wanted if self.wanted else 0.0


@dataclass(frozen=True, slots=True)
class Session:
    """Clips without a stop or a cool-down in between. Times as ISO 8601 in UTC, "" where unknown."""

    name: str
    clips: int
    first_at: str = ""
    last_at: str = ""
    ended_by: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """`splits` and `classes` count annotations: a clip that two lists name is in each of them.

    `notes` are the places where figures of the same thing disagree.
    """

    name: str
    made_at: str
    clips: Counts
    timings: Timings
    splits: dict[str, Counts] = field(default_factory=dict)
    classes: dict[str, Counts] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    losses: list[tuple[str, str, int]] = field(default_factory=list)  # split, reason, annotations
    sessions: list[Session] = field(default_factory=list)
    wall_s: float | None = None
    began_at: str = ""
    ended_at: str = ""
    per_hour: list[tuple[int, int]] = field(default_factory=list)  # hours since the epoch, clips
    cool_downs: list[CoolDown] = field(default_factory=list)
    fetched_bytes: int | None = None
    stored_bytes: int | None = None
    least_bytes: int = 0  # of the clips of which it is known
    least_clips: int = 0
    least_fetched_bytes: int = 0  # what was fetched for those
    peak_temporary_bytes: int | None = None
    attempts: int | None = None
    requests: int | None = None
    ways: list[Way] = field(default_factory=list)
    sources: list[tuple[str, int, int | None, int | None]] = field(default_factory=list)  # clips, fetched, stored bytes
    picture_sizes: list[tuple[int, int, int]] = field(default_factory=list)  # width, height, clips
    frame_rates: list[tuple[float, int]] = field(default_factory=list)
    lengths: list[tuple[float, int]] = field(default_factory=list)  # start of the bin in seconds, clips
    lists: list[ListRow] = field(default_factory=list)
    tools: dict[str, list[str]] = field(default_factory=dict)  # versions in the order of their first use
    notes: list[str] = field(default_factory=list)
