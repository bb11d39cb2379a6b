"""A table as the Kinetics JSON: the rows of a video become one entry, videos in the order of their first row."""

from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from clipset.annotations.conversion.entry import entry_of
from clipset.annotations.conversion.json_form import needs_columns
from clipset.annotations.conversion.row import Row, Table
from clipset.annotations.json_stream import Number, json_text
from clipset.annotations.reader import OWN_KEY


def write_json(table: Table, rows: Callable[[], Iterable[Row]], text: TextIO) -> None:
    """One entry a line. Reads the rows twice; memory for the ids and for the rows of videos with several clips."""
    separator = "{\n"
    for video_id, group in grouped(rows):
        entry = entry_of(video_id, group)
        if separator == "{\n" and "plain" not in group[0].kept and needs_columns(table.header, video_id, group):
            entry[OWN_KEY] = {"columns": list(table.header.names)}
        text.write(f"{separator}{json_text(video_id)}: {json_text(entry)}")
        separator = ",\n"
    text.write("\n}\n")


def grouped(rows: Callable[[], Iterable[Row]]) -> Iterator[tuple[str, list[Row]]]:
    """Yield (video_id, its rows) in the order of first appearance."""
    later = _later_rows(rows())
    done = set()
    for row in rows():
        video_id = row.cells["youtube_id"]
        if video_id in later:
            if video_id not in done:
                yield video_id, [row, *later[video_id]]
            done.add(video_id)
        else:
            yield video_id, [row]


def _later_rows(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows that repeat a video; those that do not follow it directly remember their place."""
    last_at: dict[str, int] = {}
    later: dict[str, list[Row]] = {}
    for at, row in enumerate(rows):
        video_id = row.cells["youtube_id"]
        before = last_at.setdefault(video_id, at)
        if before == at:
            continue
        if before == at - 1:
            last_at[video_id] = at
        else:
            row.kept["row"] = Number(at)
        later.setdefault(video_id, []).append(row)
    return later
