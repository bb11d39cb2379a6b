"""`clipset failures`: the reasons, and the clips behind them."""

import csv
import io
import json
import sys

import pytest
from reference_run import ReferenceRun
from test_ledger_jobs import Desk, outcome, row

from clipset.cli import main
from clipset.ledger import Ledger
from clipset.ledger.failures import FAILED_HEADER, write_failed
from clipset.reasons import Disposition, Reason, advice
from clipset.types import BadRow

WIDTH = 80
HOSTILE = '=<b>\x1b[31m"a\nb'
ROWS = {  # name: (label, split, what became of it)
    "a": ("cycling", "train", Reason.PRIVATE),
    "b": ("cycling", "val", Reason.NETWORK),
    "c": ("riding", "validate", Reason.NETWORK),
    "d": (HOSTILE, "train", Reason.THROTTLED),
    "e": ("riding", "train", None),
    "f": ("riding", "train", Reason.PRIVATE),
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Four reasons, two spellings of a split, a bad row, and a clip that was never tried."""
    directory = tmp_path_factory.mktemp("failures") / "d"
    rows = [row(name, label=label)._replace(split=split) for name, (label, split, _) in ROWS.items()]
    with Ledger.open(directory) as ledger:
        desk = Desk(ledger, [*rows, row("z"), BadRow(9, "", "no id")])
        desk.delays = {Reason.NETWORK: [600.0]}
        for job, (_, _, reason) in zip(desk.jobs(len(ROWS)), ROWS.values(), strict=True):
            desk.record(outcome(job, reason))
        desk.ledger.stop_session(desk.session, desk.now_us, "limit")
        write_failed(ledger, directory / "failed.csv")
    return directory


@pytest.fixture
def said(dataset, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(WIDTH))

    def say(*words: object) -> str:
        assert main(["failures", str(dataset), *map(str, words)]) == 0
        return capsys.readouterr().out

    return say


def names(text: str) -> list[str]:
    """Of the clips in a table of comma-separated values."""
    return [line["video_id"].rstrip("x") for line in csv.DictReader(io.StringIO(text))]


def test_the_table_is_failed_csv_itself(dataset, said):
    assert said("--csv") == (dataset / "failed.csv").read_text(encoding="utf-8")


ASKED = {
    "a reason": (["--reason", "network"], ["b", "c"]),
    "its other spelling": (["--reason", "bad-annotation"], [""]),
    "two reasons": (["--reason", "private", "--reason", "throttled"], ["a", "d", "f"]),
    "what holds": (["--disposition", "lost"], ["a", "f", ""]),
    "two that hold": (["--disposition", "retry", "--disposition", "pace"], ["b", "c", "d"]),
    "a label": (["--label", "riding"], ["c", "f"]),
    "a split in any spelling": (["--split", "validation"], ["b", "c"]),
    "all at once": (["--reason", "private", "--label", "riding", "--split", "train", "--disposition", "lost"], ["f"]),
    "the first": (["--limit", "2"], ["a", "b"]),
    "nothing fits": (["--reason", "private", "--split", "val"], []),
}


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_asked_for_comes_in_every_form(said, asked):
    words, wanted = ASKED[asked]
    table = said(*words, "--csv")
    assert names(table) == wanted
    found = json.loads(said(*words, "--json"))
    assert [clip["video_id"].rstrip("x") for clip in found["clips"]] == wanted
    assert list(csv.DictReader(io.StringIO(table))) == [
        {name: str(value) for name, value in clip.items()} for clip in found["clips"]
    ]
    if asked != "the first":
        assert sum(reason["clips"] for reason in found["reasons"]) == len(wanted)
    if wanted and asked != "its other spelling":
        page = said(*words)
        assert [line.split("x")[0] for line in page.splitlines() if "xx_0000" in line] == [n for n in wanted if n]


def test_without_a_question_the_reasons_are_told_most_first_with_what_to_do(said):
    found = json.loads(said("--json"))
    assert found.keys() == {"reasons"}
    assert [(each["reason"], each["disposition"], each["clips"]) for each in found["reasons"]] == [
        ("network", "retry", 2),
        ("private", "lost", 2),
        ("bad_annotation", "lost", 1),
        ("throttled", "pace", 1),
    ]
    assert all(each["meaning"] and each["advice"] for each in found["reasons"])
    page = " ".join(said().split())
    assert "The uploader made the video private." in page
    assert "xx_0000" not in page


def test_the_screen_shows_each_clip_on_two_lines_that_fit_and_cannot_be_steered(said):
    page = said("--limit", "9")
    assert "\x1b" not in page
    assert max(map(len, page.splitlines())) <= WIDTH
    (head, about) = (line for line in page.splitlines() if "bxxxx" in line or "; val; " in line)
    assert head.split()[:3] == ["bxxxxxxxxxx_000000_000010", "network", "retry,"]
    assert "1 try" in head
    assert about.split(";")[0].startswith("  next ")
    assert "raw text of network" in about
    assert "line 9: no id" in page


def test_a_screen_that_lacks_a_letter_still_gets_the_page_and_tables_stay_utf8(tmp_path, monkeypatch):
    with Ledger.open(tmp_path / "d") as ledger:
        desk = Desk(ledger, [row("a", label="Fußball")])
        desk.record(outcome(desk.jobs()[0], Reason.PRIVATE))
    for words, wanted in ((["--limit", "1"], b"Fu?ball"), (["--csv"], "Fußball".encode())):
        raw = io.BytesIO()
        terminal = io.TextIOWrapper(raw, encoding="ascii")
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", terminal)
            assert main(["failures", str(tmp_path / "d"), *words]) == 0
        terminal.flush()
        assert wanted in raw.getvalue()


def test_where_nothing_failed_that_is_said(tmp_path, capsys):
    with Ledger.open(tmp_path / "d") as ledger:
        Desk(ledger, [row("a")])
    assert main(["failures", str(tmp_path / "d")]) == 0
    assert "no clip has failed" in capsys.readouterr().err
    assert main(["failures", str(tmp_path / "d"), "--reason", "private"]) == 0
    assert "fits" in capsys.readouterr().err
    assert main(["failures", str(tmp_path / "d"), "--csv"]) == 0
    assert capsys.readouterr().out == f"{FAILED_HEADER}\n"


MISTAKES = {
    "a reason with a typo": (["--reason", "privat"], "did you mean private"),
    "a label with a typo": (["--label", "cyclin"], "did you mean 'cycling'"),
    "a label as its folder": (["--label", "rid_ing"], "did you mean 'riding'"),
    "a split that is not there": (["--split", "tset"], "--split"),
    "a disposition that is none": (["--disposition", "gone"], "lost"),
    "no clip at all": (["--limit", "0"], "--limit"),
    "two forms at once": (["--csv", "--json"], "ask for one"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_plain_line(dataset, capsys, mistake):
    words, hint = MISTAKES[mistake]
    assert main(["failures", str(dataset), *words]) == 2
    found = capsys.readouterr()
    assert hint in found.err
    assert (found.err.count("\n"), found.out) == (1, "")


def test_every_reason_has_advice_for_whatever_holds():
    assert all(advice(reason, held).endswith(".") for reason in Reason for held in Disposition)
    assert "clipset retry" in advice(Reason.NETWORK, Disposition.LOST)
    assert "clipset retry" not in advice(Reason.NETWORK, Disposition.RETRY)


def test_the_reference_runs_reasons_are_told(tmp_path, capsys):
    run = ReferenceRun(500)
    run.write(tmp_path / "d")
    assert main(["failures", str(tmp_path / "d"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {each["reason"]: each["clips"] for each in found["reasons"]} == run.reasons
