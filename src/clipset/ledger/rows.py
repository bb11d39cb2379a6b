"""The ledger's nouns: what goes in with a list, what comes out of it. Frozen values without SQL."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from clipset.types import BadRow

TEXT_LIMIT = 16_000
"""Characters kept of a raw text: enough to classify it again, while one hostile page cannot fill the disk."""


def storable(text: str) -> str:
    """The text as SQLite takes it: lone surrogates spelt out, cut at TEXT_LIMIT."""
    text = text[:TEXT_LIMIT]
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True, slots=True)
class PlanHeader:
    """Which list under which selection. The same `sha256`, `selection_json` and `dataset` are the same plan."""

    name: str
    sha256: str
    selection_json: str
    recipe_id: str
    dataset: str


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan in the ledger. `duplicates` repeat a row of the same list; `clips` counts each clip once."""

    plan_id: int
    rows: int
    bad_rows: int
    duplicates: int
    clips: int
    videos: int
    done: int
    lost: int
    wanted: int
    wanted_videos: int
    wanted_us: int  # the spans of the wanted clips together
    longest_wanted_us: int
    first_bad: tuple[BadRow, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """Several plans together, each clip and each video once, whatever lists name it."""

    clips: int
    videos: int
    done: int
    lost: int
    wanted: int
    wanted_videos: int
    wanted_us: int  # the spans of the wanted clips together
    longest_wanted_us: int


class Folder(NamedTuple):
    """The folder that the layout gave a split or a label."""

    kind: Literal["split", "label"]
    name: str
    folder: str


@dataclass(frozen=True, slots=True)
class EgressRow:
    """An egress as the governor left it; `state` is its own JSON text, `node` its machine. No secrets in `name`."""

    name: str
    not_before_us: int | None
    permits_per_hour: float | None
    state: str
    node: str = ""
