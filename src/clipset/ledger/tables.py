"""The two tables beside the clips: stats.csv (what is there, what it took) and failed.csv (what is not, and why).

Rows stand in the order in which the lists first named the clips. A clip that several annotations name has one row,
with the split and label of the first. A clip that was never tried has no reason and no row yet.

Texts are made safe to open: a message is one line of at most MESSAGE_LIMIT characters, control characters are
spelt out (the ledger keeps the raw text), and a text that a spreadsheet would run as a formula (it begins with
= + @ or a tab) gets a ' in front. Ids are left alone: they may begin with -, and hold nothing that could do harm.
"""

import csv
import os
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from clipset.durable import plain_os_errors, sync_folder
from clipset.ledger.reader import LedgerReader
from clipset.ledger.status import iso
from clipset.types import US_PER_S, Clip, Span

STATS_HEADER = (
    "clip_id,video_id,label,split,source,download_duration,ffmpeg_duration,total_duration,fetched_bytes,requests,"
    "size_bytes,duration,finished_at,session"
)
MESSAGE_LIMIT = 2_000
"""Characters of a message in failed.csv; Python's csv module refuses to read fields above 131,072."""

# SQLite takes the bare columns of a min() from the row that holds the minimum: here the first annotation's names
FIRST_NAMED = "min(annotation.dataset_key << 40 | annotation.position)"
_STATS = f"""
SELECT {FIRST_NAMED}, video.id, clip.start_us, clip.end_us, annotation.label, annotation.split, attempt.source,
       attempt.download_us, attempt.trim_us, attempt.total_us, attempt.fetched_bytes, attempt.requests,
       stored.size_bytes, stored.duration_us, clip.last_at_us, clip.session_key
FROM clip CROSS JOIN video ON video.key = clip.video_key CROSS JOIN stored ON stored.clip_key = clip.key
CROSS JOIN attempt ON attempt.key = clip.attempt_key CROSS JOIN annotation ON annotation.clip_key = clip.key
WHERE clip.state = 'done' GROUP BY clip.key ORDER BY clip.key
"""  # noqa: S608 - constants of this module

_LINE_ENDS = re.compile(r"[ \t]*[\r\n\v\f\x85\u2028\u2029][\s]*")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
FORMULA = ("=", "+", "@", "\t")
Cell = str | int


def write_stats(ledger: LedgerReader, path: Path) -> None:
    """Replace `path` by the table of finished clips. Raises ClipsetError (disk_full, no_permission), LedgerCorrupt."""
    write_table(path, STATS_HEADER, (_stats_row(*row[1:]) for row in ledger.select(_STATS)))


def _stats_row(
    video_id: str, start_us: int, end_us: int, label: str, split: str, source: str, *rest: int
) -> list[Cell]:
    download_us, trim_us, total_us, fetched_bytes, requests, size_bytes, duration_us, finished_us, session = rest
    return [
        *clip_cells(video_id, start_us, end_us, label, split),
        _name(source),
        seconds(download_us),
        seconds(trim_us),
        seconds(total_us),
        fetched_bytes,
        requests,
        size_bytes,
        seconds(duration_us),
        iso(finished_us),
        session,
    ]


def clip_cells(video_id: str, start_us: int, end_us: int, label: str, split: str) -> list[Cell]:
    """The columns with which both tables begin."""
    return [Clip(video_id, Span(start_us, end_us)).id, video_id, _name(label), _name(split)]


@lru_cache(maxsize=4096)
def _name(text: str) -> str:
    return one_line(text)


def seconds(time_us: int) -> str:
    """Seconds with up to three decimals: 10, 9.5, 0.033."""
    return f"{time_us / US_PER_S:.3f}".rstrip("0").rstrip(".")


def one_line(text: str) -> str:
    """The text as a cell that neither a terminal nor a spreadsheet can be led astray by."""
    text = _LINE_ENDS.sub(" / ", text[: 2 * MESSAGE_LIMIT].strip())
    text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    text = "'" + text if text.startswith(FORMULA) else text
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"


def write_table(path: Path, header: str, rows: Iterable[list[Cell]]) -> None:
    """Whole or not at all. Raises ClipsetError (disk_full, no_permission).

    The temporary name is fixed, so that one left behind by a crash is used up by the next.
    """
    draft = path.with_name(f".{path.name}.tmp")
    with plain_os_errors(path):
        try:
            with draft.open("w", encoding="utf-8", newline="") as file:
                file.write(header + "\n")
                csv.writer(file, lineterminator="\n").writerows(rows)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(path.parent)
