"""What the two tables say is what was written into them, as far as they can say it."""

from pathlib import Path

import pytest

from clipset.ledger.failures import FAILED_HEADER
from clipset.ledger.reread import FailedRow, RefusedRow, done_rows, failed_rows
from clipset.ledger.tables import STATS_HEADER
from clipset.types import Clip

STATS = (
    "abcdefghijk_000001_000002.500,abcdefghijk,{label},val,youtube,1.5,0.25,1.75,100,3,2000,1.5,2026-11-22T15:04:05Z,7"
)
FAILED = "abcdefghijk_000001_000003,abcdefghijk,x,val,{reason},{disposition},{message},2,2026-11-22T15:04:05Z,{later}"
AT_US = 1_795_359_845_000_000


def written(path: Path, header: str, *rows: str) -> Path:
    path.write_text("\n".join((header, *rows, "")), encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(
    ("cell", "label"), [("juggling", "juggling"), ("'=2+2", "=2+2"), ("'quoted'", "'quoted'"), ('"a, b"', "a, b")]
)
def test_a_finished_clip_comes_back_with_all_that_it_took(tmp_path, cell, label):
    (row,) = done_rows(written(tmp_path / "stats.csv", STATS_HEADER, STATS.format(label=cell)))
    assert (row.clip, row.label, row.split, row.source) == (
        Clip.from_id("abcdefghijk_000001_000002.500"),
        label,
        "val",
        "youtube",
    )
    costs = (row.download_us, row.trim_us, row.total_us, row.fetched_bytes, row.requests, row.size_bytes)
    assert costs == (1_500_000, 250_000, 1_750_000, 100, 3, 2000)
    assert (row.at_us, row.session) == (AT_US, 7)


def test_a_clip_that_is_not_there_comes_back_with_its_reason(tmp_path):
    rows = [
        FAILED.format(reason="private", disposition="lost", message="Private video", later=""),
        FAILED.format(reason="network", disposition="retry", message="'@host", later="2026-11-22T15:04:06Z"),
        ",,,,bad_annotation,lost,line 8: no id,0,,",
        ",,,,bad_annotation,lost,the whole list,0,,",
    ]
    lost, later, *bad = failed_rows(written(tmp_path / "failed.csv", FAILED_HEADER, *rows))
    assert isinstance(lost, FailedRow)
    assert (lost.reason, lost.is_lost, lost.message, lost.attempts, lost.at_us, lost.not_before_us) == (
        "private",
        True,
        "Private video",
        2,
        AT_US,
        0,
    )
    assert (later.is_lost, later.message, later.not_before_us) == (False, "@host", AT_US + 1_000_000)
    assert bad == [RefusedRow(8, "no id"), RefusedRow(0, "the whole list")]


GARBAGE = ["", "x", STATS.replace("1.5,0.25", "nan,inf"), STATS.replace(",7", ",-7"), STATS.replace("_000001", "_1")]
GARBAGE += [STATS.replace("2026", "20260"), "\0" * 50, '"', STATS.replace("2000", "9" * 40)]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_rows_that_make_no_sense_are_left_out(tmp_path, garbage):
    path = written(tmp_path / "stats.csv", STATS_HEADER, STATS.format(label="x"), garbage)
    assert len(list(done_rows(path))) == 1


def test_no_table_has_no_rows_and_neither_has_garbage(tmp_path):
    assert list(done_rows(tmp_path / "stats.csv")) == []
    (tmp_path / "failed.csv").write_bytes(bytes(range(256)) * 100)
    assert list(failed_rows(tmp_path / "failed.csv")) == []
