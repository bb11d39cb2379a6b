"""stats.csv, failed.csv and the status: what a user and a script see of the ledger."""

import csv
import json
import os
import platform
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from clipset.ledger import EgressRow, Ledger, PlanHeader
from clipset.ledger.failures import disposition, write_failed
from clipset.ledger.tables import one_line, seconds, write_stats
from clipset.reasons import Reason
from clipset.types import Annotation, Attempt, BadRow, ClipsetError, Cost, Facts, Failure, Outcome, Stage, Stored

S = 1_000_000
NOW_US = 1_795_359_845 * S  # 2026-11-22T15:04:05Z
FACTS = Facts(640, 360, Fraction(30000, 1001), 300, 10_010_000, "h264", "aac", "18")
STATS = (
    "clip_id,video_id,label,split,source,download_duration,ffmpeg_duration,total_duration,fetched_bytes,requests,"
    "size_bytes,duration,finished_at,session"
)
FAILED = "clip_id,video_id,label,split,reason,disposition,message,attempts,last_at,not_before"


def row(video_id: str, start_us: int = 0, label: str | None = "cycling", split: str | None = "train") -> Annotation:
    return Annotation(video_id, start_us, start_us + 10 * S, split, label)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "dataset") as opened:
        yield opened


def play(ledger: Ledger, rows: list[Annotation | BadRow], *results: Reason | str | None) -> None:
    """Load rows and record a result for each clip: None is done, a text is the message of a private video."""
    header = PlanHeader("list.csv", "0" * 64, "{}", "exact-h360", "kinetics400")
    plan = ledger.load(header, rows, lambda row: f"{row.split}/{row.label}/{row.clip.id}.mp4").plan_id
    session = ledger.start_session(NOW_US, "{}", "{}")
    pending = iter(results)
    for job in ledger.next_jobs([plan], NOW_US, 99, (), session):
        attempts = tuple(
            Attempt(want.clip, answer(want.paths[0], result), "youtube", "direct", Cost(1.25, 2, 3.2504, 9_000, 4))
            for want, result in zip(job.wanted, pending, strict=False)
        )
        ledger.record(Outcome(job, attempts), session, NOW_US, retry)


def retry(reason: Reason, _tries: int) -> float | None:
    return 90.0 if reason is Reason.NETWORK else None


def answer(path: str, result: Reason | str | None) -> Stored | Failure:
    if result is None:
        return Stored(path, 1_000, "ab" * 32, FACTS)
    if isinstance(result, Reason):
        return Failure(result, f"raw text of {result}", Stage.RESOLVE)
    return Failure(Reason.PRIVATE, result, Stage.RESOLVE)


def cells(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_stats_has_a_row_for_each_finished_clip_in_the_order_of_the_list(ledger: Ledger, tmp_path: Path) -> None:
    rows = [row("-bbbbbbbbbb"), row("aaaaaaaaaaa", 1_500_000), row("ccccccccccc")]
    play(ledger, rows, None, None, Reason.PRIVATE)
    write_stats(ledger, tmp_path / "stats.csv")
    assert (tmp_path / "stats.csv").read_text() == (
        f"{STATS}\n"
        "-bbbbbbbbbb_000000_000010,-bbbbbbbbbb,cycling,train,youtube,1.25,2,3.25,9000,4,1000,10.01,2026-11-22T15:04:05Z,1\n"
        "aaaaaaaaaaa_000001.500_000011.500,aaaaaaaaaaa,cycling,train,youtube,1.25,2,3.25,9000,4,1000,10.01,"
        "2026-11-22T15:04:05Z,1\n"
    )


def test_failed_has_a_row_for_each_clip_with_a_reason_and_each_bad_row(ledger: Ledger, tmp_path: Path) -> None:
    names = ["done", "private", "network", "throttled", "never"]
    rows = [row(name.ljust(11, "x"), label=None) for name in names]
    bad = [BadRow(17, "x,,", "no start"), BadRow(0, "x", "key 'x': no segment")]
    play(ledger, [*rows, *bad], None, Reason.PRIVATE, Reason.NETWORK, Reason.THROTTLED)
    write_failed(ledger, tmp_path / "failed.csv")
    assert (tmp_path / "failed.csv").read_text() == (
        f"{FAILED}\n"
        "privatexxxx_000000_000010,privatexxxx,,train,private,lost,raw text of private,1,2026-11-22T15:04:05Z,\n"
        "networkxxxx_000000_000010,networkxxxx,,train,network,retry,raw text of network,1,2026-11-22T15:04:05Z,"
        "2026-11-22T15:05:35Z\n"
        "throttledxx_000000_000010,throttledxx,,train,throttled,pace,raw text of throttled,0,2026-11-22T15:04:05Z,\n"
        ",,,,bad_annotation,lost,line 17: no start,0,,\n"
        ",,,,bad_annotation,lost,key 'x': no segment,0,,\n"
    )


def test_a_clip_with_several_annotations_has_one_row_with_the_first(ledger: Ledger, tmp_path: Path) -> None:
    play(ledger, [row("aaaaaaaaaaa", label="zumba"), row("aaaaaaaaaaa", label="aerobics", split="val")], None)
    write_stats(ledger, tmp_path / "stats.csv")
    ((_, first),) = [cells(tmp_path / "stats.csv")]
    assert first[2:4] == ["zumba", "train"]


def test_a_new_ledger_gives_tables_with_a_header_only(ledger: Ledger, tmp_path: Path) -> None:
    write_stats(ledger, tmp_path / "stats.csv")
    write_failed(ledger, tmp_path / "failed.csv")
    assert (tmp_path / "stats.csv").read_text() == STATS + "\n"
    assert (tmp_path / "failed.csv").read_text() == FAILED + "\n"


def test_writing_a_table_again_replaces_it_and_a_half_written_one(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / ".stats.csv.tmp").write_text("left behind by a crash")
    for _ in range(2):
        write_stats(ledger, tmp_path / "stats.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dataset", "stats.csv"]


HOSTILE = [
    ('He said "no", then', 'He said "no", then'),
    ("one\ntwo\r\n\n three\u2028four", "one / two / three / four"),
    ("bell \a, nul \0, escape \x1b[31m, del \x7f", "bell \\x07, nul \\x00, escape \\x1b[31m, del \\x7f"),
    ("a lone \ud800 surrogate \udcff", "a lone \\ud800 surrogate \\udcff"),
    ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
    ("+1", "'+1"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("-1 is no formula here", "-1 is no formula here"),
    ("著作権者: 株式会社テレビ東京", "著作権者: 株式会社テレビ東京"),
    ("", ""),
    (" \n ", ""),
]


@pytest.mark.parametrize(("raw", "shown"), HOSTILE)
def test_a_message_survives_as_one_readable_cell(ledger: Ledger, tmp_path: Path, raw: str, shown: str) -> None:
    play(ledger, [row("aaaaaaaaaaa", label=raw or None), row("bbbbbbbbbbb")], raw, "the row after it")
    write_failed(ledger, tmp_path / "failed.csv")
    _, hostile, after = cells(tmp_path / "failed.csv")
    assert (hostile[6], hostile[2], after[6]) == (shown, shown, "the row after it")
    assert (tmp_path / "failed.csv").read_bytes().count(b"\n") == 3


def test_a_message_of_a_megabyte_is_cut_in_the_table_and_kept_long_in_the_ledger(
    ledger: Ledger, tmp_path: Path
) -> None:
    play(ledger, [row("aaaaaaaaaaa")], 'x,"\n' * 300_000)
    write_failed(ledger, tmp_path / "failed.csv")
    _, (_, _, _, _, _, _, message, *_) = cells(tmp_path / "failed.csv")
    assert (len(message), message[-1]) == (2_000, "…")
    ((kept,),) = ledger.select("SELECT length(detail) FROM attempt")
    assert kept == 16_000


def test_a_table_that_cannot_be_written_leaves_the_old_one(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "stats.csv").mkdir()
    with pytest.raises(ClipsetError, match="directory; move away what stands there"):
        write_stats(ledger, tmp_path / "stats.csv")
    assert not (tmp_path / ".stats.csv.tmp").exists()


@pytest.mark.parametrize(
    ("time_us", "text"),
    [(0, "0"), (10 * S, "10"), (100 * S, "100"), (9_500_000, "9.5"), (33_366, "0.033"), (1_999_600, "2"), (499, "0")],
)
def test_seconds_have_at_most_three_decimals(time_us: int, text: str) -> None:
    assert seconds(time_us) == text


@pytest.mark.parametrize(
    ("reason", "state", "shown"),
    [
        ("private", "lost", "lost"),
        ("network", "lost", "lost"),
        ("network", "wanted", "retry"),
        ("damaged_media", "wanted", "retry"),
        ("throttled", "wanted", "pace"),
        ("disk_full", "wanted", "stop"),
        ("a reason of a later version", "wanted", "retry"),
    ],
)
def test_the_disposition_shown_is_what_holds_for_the_clip(reason: str, state: str, shown: str) -> None:
    assert disposition(reason, state) == shown


def test_a_tab_in_front_is_gone_and_a_long_line_is_cut() -> None:
    assert one_line("\t=1") == "'=1"
    assert len(one_line("x" * 5_000)) == 2_000


def test_the_status_is_what_scripts_rely_on(ledger: Ledger) -> None:
    rows = [row("a" * 11), row("a" * 11, 20 * S), row("b" * 11, split="val"), row("c" * 11), BadRow(5, "", "no id")]
    play(ledger, rows, None, Reason.PRIVATE, None)
    ledger.save_egress(EgressRow("direct", NOW_US + S, 240.0, "{}"))
    ledger.save_egress(EgressRow("proxy b", NOW_US, None, "{}", "lab-2"))
    assert json.loads(json.dumps(ledger.status(NOW_US).to_json())) == {
        "clips": {"wanted": 1, "done": 2, "lost": 1},
        "videos": {"wanted": 1, "done": 1, "lost": 1},
        "splits": {"train": {"wanted": 1, "done": 1, "lost": 1}, "val": {"wanted": 0, "done": 1, "lost": 0}},
        "reasons": {"private": 1, "bad_annotation": 1},
        "bad_rows": 1,
        "bytes": {
            "fetched": 27_000,
            "stored": 2_000,
            "least": 0,
            "least_clips": 0,
            "fetched_for_least": 0,
            "peak_temporary": None,
        },
        "egress": [
            {
                "name": "direct",
                "state": "cooling",
                "not_before": "2026-11-22T15:04:06Z",
                "permits_per_hour": 240.0,
                "node": "",
            },
            {"name": "proxy b", "state": "open", "not_before": None, "permits_per_hour": None, "node": "lab-2"},
        ],
        "sessions": [
            {
                "started_at": "2026-11-22T15:04:05Z",
                "stopped_at": None,
                "done": 2,
                "failed": 1,
                "stopped_by": None,
                "peak_temporary_bytes": None,
            }
        ],
        "nodes": [{"name": "", "clips_done": 2}],
        "active": {"pid": os.getpid(), "host": platform.node(), "clips_per_h": 10_800.0, "eta_s": 1 / 3},
        "next_due": None,
    }


def test_a_video_is_wanted_while_one_of_its_clips_is_and_lost_when_one_is_missing_for_good(ledger: Ledger) -> None:
    rows = [row("a" * 11), row("a" * 11, 20 * S), row("b" * 11), row("b" * 11, 20 * S), row("c" * 11)]
    play(ledger, rows, Reason.PRIVATE, Reason.NETWORK, Reason.PRIVATE, None, None)
    videos = ledger.status(NOW_US).videos
    assert (videos.wanted, videos.lost, videos.done) == (1, 1, 1)


def test_a_list_under_two_selections_counts_its_bad_rows_once(ledger: Ledger) -> None:
    for selection in ("{}", '{"limit": 2}'):
        header = PlanHeader("list.csv", "0" * 64, selection, "exact-h360", "kinetics400")
        ledger.load(header, [row("a" * 11), BadRow(2, "x", "no start")], lambda row: f"{row.clip.id}.mp4")
    assert ledger.status(NOW_US).bad_rows == 1


def test_the_status_of_a_new_ledger_is_all_noughts(ledger: Ledger) -> None:
    status = ledger.status(NOW_US).to_json()
    assert status["clips"] == status["videos"] == {"wanted": 0, "done": 0, "lost": 0}
    assert (status["reasons"], status["egress"], status["sessions"]) == ({}, [], [])
