"""`clipset reasons`, `reclassify`, `retry` as a user types them."""

import csv
import json
from pathlib import Path

import pytest
from test_ledger_jobs import Desk, row

from clipset.cli import main
from clipset.ledger import Ledger
from clipset.reasons import Reason
from clipset.types import Attempt, Failure, Outcome, Stage


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def dataset(*failures: tuple[Reason, str]) -> None:
    """`d`, with a clip for each failure and one that was never tried."""
    with Ledger.open(Path("d")) as ledger:
        desk = Desk(ledger, [row(f"v{number}") for number in range(len(failures) + 1)])
        for job, (reason, text) in zip(desk.jobs(len(failures)), failures, strict=True):
            failed = Failure(reason, text, Stage.RESOLVE)
            desk.record(Outcome(job, (Attempt(job.wanted[0].clip, failed, "youtube"),)))
        ledger.write_tables()


def printed(capsys) -> dict:
    return json.loads(capsys.readouterr().out)


def failed_csv() -> list[dict[str, str]]:
    with Path("d/failed.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_names_every_reason_with_its_disposition(capsys):
    assert main(["reasons", "--json"]) == 0
    rows = {row["reason"]: row for row in printed(capsys)["reasons"]}
    assert rows.keys() == {reason.value for reason in Reason}
    assert all(row["disposition"] == Reason(name).disposition and row["meaning"] for name, row in rows.items())
    assert main(["reasons"]) == 0
    assert "throttled" in capsys.readouterr().out


def test_texts_in_no_table_are_listed_and_those_known_by_now_are_not(capsys):
    dataset((Reason.UNKNOWN, "The moon is in the way \x1b[31m"), (Reason.UNKNOWN, "Private video. Sign in"))
    assert main(["reasons", "--unmatched", "d", "--json"]) == 0
    assert [row["message"] for row in printed(capsys)["unmatched"]] == ["The moon is in the way \x1b[31m"]
    assert main(["reasons", "--unmatched", "d"]) == 0
    out = capsys.readouterr().out
    assert "The moon is in the way" in out
    assert "\x1b" not in out


LOGS = {
    "2019, bytes literals": (
        """abcdefghijk,b'ERROR: This video is unavailable.\\n'
bbcdefghijk,cycling,b'ERROR: abc: YouTube said: This video is private.\\n'
""",
        {"unavailable": 1, "private": 1},
    ),
    "with a header": (
        'video_id,message\nabcdefghijk,"Private video. Sign in if you\'ve been granted access"\n',
        {"private": 1},
    ),
    "a download report": (
        json.dumps([["abcdefghijk_000001_000011", False, "Video unavailable"], ["b", True, "Downloaded"]]),
        {"unavailable": 1},
    ),
}


@pytest.mark.parametrize("case", LOGS)
def test_the_failure_logs_of_others_are_read(case, capsys):
    text, reasons = LOGS[case]
    Path("log").write_text(text, encoding="utf-8")
    assert main(["reasons", "--import", "log", "--json", "--csv", "out.csv"]) == 0
    assert printed(capsys)["reasons"] == reasons
    with Path("out.csv").open(encoding="utf-8", newline="") as file:
        assert sorted(row["reason"] for row in csv.DictReader(file)) == sorted(reasons)
    assert main(["reasons", "--import", "log"]) == 0


def test_a_newer_table_is_applied_to_what_came(capsys):
    dataset(
        (Reason.UNKNOWN, "Private video. Sign in if you've been granted access"),
        (Reason.UNAVAILABLE, "This content isn't available, try again later."),
        (Reason.UNKNOWN, "The moon is in the way"),
    )
    assert main(["reclassify", "d", "--dry-run", "--json"]) == 0
    foreseen = printed(capsys)
    assert foreseen["changes"] == [
        {"from": "unknown", "to": "private", "clips": 1},
        {"from": "unavailable", "to": "throttled", "clips": 1},
    ]
    assert [row["reason"] for row in failed_csv()] == ["unknown", "unavailable", "unknown"]
    assert main(["reclassify", "d", "--json"]) == 0
    assert printed(capsys) == foreseen
    assert [(row["reason"], row["disposition"]) for row in failed_csv()] == [
        ("private", "lost"),
        ("throttled", "pace"),
        ("unknown", "lost"),
    ]
    assert main(["reclassify", "d"]) == 0
    assert "no reason changes" in capsys.readouterr().err


def test_clips_are_asked_for_anew_by_reason(capsys):
    dataset((Reason.PRIVATE, "a"), (Reason.PRIVATE, "b"), (Reason.COPYRIGHT, "c"))
    assert main(["retry", "d", "--reason", "private", "--json"]) == 0
    assert printed(capsys) == {"clips": 2, "reasons": {"private": 2}}
    assert [row["disposition"] for row in failed_csv()] == ["retry", "retry", "lost"]
    assert main(["retry", "d", "--reason", "geo-blocked"]) == 0
    assert "0 clips" in capsys.readouterr().err


MISTAKES = {
    "no such reason": (["retry", "d", "--reason", "privat"], "did you mean private"),
    "no reason": (["retry", "d"], "--reason"),
    "no dataset to retry": (["retry", "nowhere", "--reason", "private"], "no clipset dataset"),
    "no dataset to read anew": (["reclassify", "nowhere"], "no clipset dataset"),
    "none to try it on": (["reclassify", "nowhere", "--dry-run"], "no clipset dataset"),
    "no dataset with texts": (["reasons", "--unmatched", "nowhere"], "no clipset dataset"),
    "no log": (["reasons", "--import", "nowhere.csv"], "cannot be read"),
    "an empty log": (["reasons", "--import", "empty"], "holds no failure"),
    "a list of something else": (["reasons", "--import", "object.json"], "download report"),
    "two questions": (["reasons", "--import", "empty", "--unmatched", "d"], "one at a time"),
    "a clock that does not exist": (["fetch", "l.csv", "--out", "n", "--until", "24:10"], "07:30"),
    "no time at all": (["fetch", "l.csv", "--out", "n", "--max-hours", "0"], "--max-hours"),
    "no clips": (["fetch", "l.csv", "--out", "n", "--max-clips", "0"], "--max-clips"),
    "an age without its question": (["fetch", "l.csv", "--out", "n", "--older-than", "30d"], "--recheck lost"),
    "an age that is none": (["fetch", "l.csv", "--out", "n", "--recheck", "lost", "--older-than", "long"], "30d"),
    "a list that knows no licences": (["plan", "l.csv", "--only-cc"], "is_cc"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_plain_line_and_exit_2(mistake, capsys):
    dataset((Reason.PRIVATE, "a"))
    Path("empty").write_text("", encoding="utf-8")
    Path("object.json").write_text("{}", encoding="utf-8")
    Path("l.csv").write_text("label,youtube_id,time_start,time_end\na,abcdefghijk,0,10\n", encoding="utf-8")
    words, hint = MISTAKES[mistake]
    assert main(words) == 2
    err = capsys.readouterr().err
    assert hint in err
    assert "Traceback" not in err
    assert not Path("nowhere").exists()
    assert not Path("n").exists()


def test_only_clips_under_creative_commons_are_planned(capsys):
    header = "label,youtube_id,time_start,time_end,is_cc\n"
    Path("cc.csv").write_text(header + "a,abcdefghijk,0,10,1\na,bbcdefghijk,0,10,0\n", encoding="utf-8")
    assert main(["plan", "cc.csv", "--only-cc", "--json"]) == 0
    assert printed(capsys)["clips"] == 1
    assert main(["plan", "cc.csv", "--json"]) == 0
    assert printed(capsys)["clips"] == 2
