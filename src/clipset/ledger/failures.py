"""The clips that are not there: failed.csv, parts of it, and how many they are by reason.

Rows stand as in `tables`, which says what makes them safe to open. A clip that was never tried has no row yet.
"""

import json
from collections import Counter
from collections.abc import Collection, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from clipset.ledger.reader import LedgerReader
from clipset.ledger.status import BAD_ROWS, iso
from clipset.ledger.tables import FIRST_NAMED, Cell, clip_cells, one_line, write_table
from clipset.reasons import Disposition, Reason

FAILED_HEADER = "clip_id,video_id,label,split,reason,disposition,message,attempts,last_at,not_before"
_FAILED = f"""
SELECT {FIRST_NAMED}, video.id, clip.start_us, clip.end_us, annotation.label, annotation.split, clip.reason,
       attempt.detail, clip.state, clip.attempts, clip.last_at_us, clip.not_before_us
FROM clip CROSS JOIN video ON video.key = clip.video_key CROSS JOIN attempt ON attempt.key = clip.attempt_key
CROSS JOIN annotation ON annotation.clip_key = clip.key
WHERE clip.reason IS NOT NULL AND (?1 IS NULL OR clip.reason IN (SELECT value FROM json_each(?1)))
  AND (?2 IS NULL OR annotation.label IN (SELECT value FROM json_each(?2)))
  AND (?3 IS NULL OR annotation.split IN (SELECT value FROM json_each(?3)))
GROUP BY clip.key ORDER BY clip.key
"""  # noqa: S608 - constants of this module
_COUNTS = "SELECT reason, state, count(*) FROM clip WHERE reason IS NOT NULL GROUP BY 1, 2"
_BAD_ROWS = f"SELECT count(*) FROM ({BAD_ROWS})"  # noqa: S608 - a constant
_DISPOSITIONS = {reason.value: reason.disposition for reason in Reason}


@dataclass(frozen=True, slots=True)
class Which:
    """Part of the failures; None is any. A clip fits where one of its annotations does, and is named after that one."""

    reasons: frozenset[Reason] | None = None
    dispositions: frozenset[Disposition] | None = None
    labels: frozenset[str] | None = None
    splits: frozenset[str] | None = None

    def has(self, reason: str, held: Disposition) -> bool:
        return (self.reasons is None or reason in self.reasons) and (
            self.dispositions is None or held in self.dispositions
        )

    @property
    def has_bad_rows(self) -> bool:
        """They have no label and no split."""
        is_any_name = self.labels is None and self.splits is None
        return is_any_name and self.has(Reason.BAD_ANNOTATION.value, Disposition.LOST)


EVERY = Which()


class FailureCount(NamedTuple):
    reason: str
    disposition: Disposition
    clips: int


def write_failed(ledger: LedgerReader, path: Path) -> None:
    """Replace `path` by the table of clips that are not there and of bad rows. Raises as `write_stats`."""
    write_table(path, FAILED_HEADER, failed_rows(ledger))


def failed_rows(ledger: LedgerReader, which: Which = EVERY) -> Generator[list[Cell], None, None]:
    """Rows of failed.csv, one at a time, bad rows of the lists last."""
    names = (which.reasons, which.labels, which.splits)
    for row in ledger.select(_FAILED, *map(_json, names)):
        cells = _failed_row(*row[1:])
        if which.dispositions is None or cells[5] in which.dispositions:
            yield cells
    if which.has_bad_rows:
        for line, message in ledger.select(BAD_ROWS):
            text = f"line {line}: {message}" if line else message
            yield ["", "", "", "", Reason.BAD_ANNOTATION.value, Disposition.LOST.value, one_line(text), 0, "", ""]


def failure_counts(ledger: LedgerReader, which: Which = EVERY) -> list[FailureCount]:
    """Most first. For clips of one reason different things can hold: retries may be used up."""
    if which.labels is None and which.splits is None:
        found = ledger.select(_COUNTS)
        counts = Counter({(reason, disposition(reason, state)): clips for reason, state, clips in found})
        ((counts[Reason.BAD_ANNOTATION.value, Disposition.LOST],),) = ledger.select(_BAD_ROWS)
    else:
        counts = Counter((str(cells[4]), Disposition(str(cells[5]))) for cells in failed_rows(ledger, which))
    rows = (FailureCount(*key, clips) for key, clips in counts.items() if clips and which.has(*key))
    return sorted(rows, key=lambda row: (-row.clips, row.reason, row.disposition))


def _failed_row(video_id: str, start_us: int, end_us: int, label: str, split: str, *rest: Any) -> list[Cell]:
    reason, detail, state, attempts, last_us, not_before_us = rest
    return [
        *clip_cells(video_id, start_us, end_us, label, split),
        reason,
        disposition(reason, state).value,
        one_line(detail),
        attempts,
        iso(last_us),
        iso(not_before_us) if not_before_us else "",
    ]


def disposition(reason: str, state: str) -> Disposition:
    """What holds for this clip: retries that are used up make it lost, a second chance makes it wait."""
    if state == "lost":
        return Disposition.LOST
    known = _DISPOSITIONS.get(reason, Disposition.RETRY)
    return Disposition.RETRY if known is Disposition.LOST else known


def _json(names: Collection[str] | None) -> str | None:
    return None if names is None else json.dumps(sorted(names))
