"""Commands as a user types them: what they print, what they return, what they leave behind."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clipset.cli import main
from clipset.cli.options import ReachOptions
from clipset.cli.workshop import age_warning

GOOD = "label,youtube_id,time_start,time_end,split\njuggling,abcdefghijk,0,10,val\nabseiling,-bcdefghijk,5,15,train\n"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory, no settings of the user's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listed(text: str = GOOD, name: str = "list.csv") -> str:
    with open(name, "w", encoding="utf-8") as file:  # noqa: PTH123 - the working directory
        file.write(text)
    return name


MISTAKES = {
    "no command's name": (["fetsh"], "Did you mean"),
    "an unknown option": (["fetch", "list.csv", "--out", "d", "--ratee", "1"], "--rate"),
    "no list": (["fetch", "--out", "d"], "ANNOTATIONS"),
    "no such list": (["fetch", "nowhere.csv", "--out", "d"], "no such file"),
    "no out": (["fetch", "list.csv"], "--out"),
    "an impossible rate": (["fetch", "list.csv", "--out", "d", "--rate", "fast"], "250/h"),
    "an unknown source": (["fetch", "list.csv", "--out", "d", "--source", "vimeo"], "youtube"),
    "a folder that is not there": (["fetch", "list.csv", "--out", "d", "--source", "folder:nowhere"], "nowhere"),
    "a folder without a path": (["fetch", "list.csv", "--out", "d", "--source", "folder"], "folder:PATH"),
    "no such version": (["fetch", "list.csv", "--out", "d", "--source", "cvdf:500"], "400, 600, 700_2020"),
    "a mirror that is none": (["fetch", "list.csv", "--out", "d", "--mirror-origin", "localhost"], "--mirror-origin: "),
    "an index that is none": (["index", "import", "list.csv"], "no index of a mirror"),
    "an index that is not there": (["index", "import", "nowhere"], "nowhere"),
    "no such class": (["fetch", "list.csv", "--out", "d", "--class", "jugling"], "juggling"),
    "no such split": (["fetch", "list.csv", "--out", "d", "--split", "trian"], "train"),
    "a limit of nothing": (["fetch", "list.csv", "--out", "d", "--limit", "0"], "limit"),
    "a shard that does not exist": (["fetch", "list.csv", "--out", "d", "--shard", "3/2"], "3/2"),
    "a share above one": (["fetch", "list.csv", "--out", "d", "--min-share", "2"], "--min-share"),
    "no jobs": (["fetch", "list.csv", "--out", "d", "--jobs", "0"], "--jobs"),
    "cookies that are not there": (["fetch", "list.csv", "--out", "d", "--cookies", "none.txt"], "none.txt"),
    "a proxy that is none": (["fetch", "list.csv", "--out", "d", "--proxy", "::"], "proxy"),
    "an origin that is none": (["fetch", "list.csv", "--out", "d", "--youtube-origin", "localhost"], "http://"),
    "no such client": (["fetch", "list.csv", "--out", "d", "--youtube-client", "visionoz"], "visionos"),
    "an engine that is none": (["fetch", "list.csv", "--out", "d", "--engine", "spark"], "--engine"),
    "no such precision": (["plan", "list.csv", "--precision", "roughly"], "--precision"),
    "no such dataset": (["status", "d"], "no clipset dataset"),
    "nothing to merge": (["merge", "d", "--out", "e"], "no clipset dataset"),
    "a form that is none": (["convert", "list.csv", "list.parquet"], ".csv"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_plain_line_exit_2_and_nothing_written(mistake, here, capsys):
    listed()
    words, hint = MISTAKES[mistake]
    assert main(words) == 2
    said = capsys.readouterr()
    assert hint in said.err
    assert said.err.startswith("clipset: ")
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    assert sorted(path.name for path in here.iterdir()) == ["list.csv"]


BAD_LISTS = {
    "empty": "",
    "a web page": "<!doctype html><title>Not here</title>",
    "no known column": "a,b,c\n1,2,3\n",
    "missing columns": "label,youtube_id\nx,abcdefghijk\n",
    "mostly bad rows": GOOD + "x,#NAME?,0,10,val\n" * 3,
    "no row": "label,youtube_id,time_start,time_end,split\n",
}


@pytest.mark.parametrize("kind", BAD_LISTS)
def test_a_list_that_makes_no_sense_is_exit_2_and_nothing_written(kind, here, capsys):
    listed(BAD_LISTS[kind])
    assert main(["fetch", "list.csv", "--out", "d", "--source", f"folder:{here}"]) == 2
    assert main(["plan", "list.csv"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not (here / "d").exists()


def test_the_plan_of_a_list_is_printed_and_nothing_is_written(here, capsys):
    listed()
    assert main(["plan", "list.csv", "--out", "d", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["clips"], found["videos"], found["there"]) == (2, 2, 0)
    assert found["duration_h"] == pytest.approx(2 / 300)
    assert not (here / "d").exists()


def test_more_egresses_shorten_the_plan(capsys):
    listed()
    main(["plan", "list.csv", "--json", "--source-address", "127.0.0.1", "--source-address", "127.0.0.2"])
    assert json.loads(capsys.readouterr().out)["duration_h"] == pytest.approx(1 / 300)


def test_the_plan_in_words_names_what_it_will_take(capsys):
    listed()
    assert main(["plan", "list.csv"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("2 of 2 videos", "at 300 videos an hour", "transfer", "disk", "temporary"))


def test_a_plan_with_a_mirror_says_that_it_takes_no_permit(capsys):
    listed()
    assert main(["plan", "list.csv", "--source", "cvdf", "--source", "youtube"]) == 0
    said = capsys.readouterr().out
    assert "without the mirror at least" in said
    assert "takes no permit" in said
    assert main(["plan", "list.csv", "--source", "cvdf:400", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["mirror"], found["duration_h"]) == (True, None)


def test_what_is_known_of_a_mirror_is_listed(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    entry = {"url": "https://h/a b.tar.gz", "version": "", "clips": ["abcdefghijk_000001_000011"]}
    (tmp_path / "known.jsonl").write_text(json.dumps(entry) + "\n")
    assert main(["index", "import", "known.jsonl"]) == 0
    capsys.readouterr()
    assert main(["index"]) == 0
    listing, total = capsys.readouterr().out.splitlines()
    assert listing.split(maxsplit=1) == ["1", "https://h/a b.tar.gz"]
    assert total == "1 tars read to their end, 1 clips"
    assert main(["index", "export", "out.jsonl"]) == 0
    assert json.loads((tmp_path / "out.jsonl").read_text()) == entry


def test_settings_come_from_the_command_line_then_the_environment_then_the_file(here, capsys, monkeypatch):
    listed()

    def rate_and_clips(*words):
        assert main(["plan", "list.csv", "--json", *words]) == 0
        found = json.loads(capsys.readouterr().out)
        return found["permits_per_hour"], found["clips"]

    (here / "clipset.toml").write_text('rate = "100/h"\nsplit = ["val"]\n')
    assert rate_and_clips() == (100, 1)
    monkeypatch.setenv("CLIPSET_RATE", "50/h")
    monkeypatch.setenv("CLIPSET_SPLIT", "val\ntrain")
    assert rate_and_clips() == (50, 2)
    assert rate_and_clips("--rate", "25/h", "--split", "train") == (25, 1)


def test_a_list_is_converted_there_and_back(here, capsys):
    listed()
    assert main(["convert", "list.csv", "list.json.gz"]) == 0
    assert main(["convert", "list.json.gz", "back.csv"]) == 0
    assert (here / "back.csv").read_text() == GOOD
    assert "2 clips" in capsys.readouterr().err


def test_whether_a_list_is_bad_is_judged_by_all_of_it_not_by_the_selection(capsys):
    listed(GOOD + "juggling,abcdefghijk,20,30,val\njuggling,abcdefghijk,40,50,val\n" + "x,#NAME?,0,10,val\n" * 3)
    assert main(["plan", "list.csv", "--class", "abseiling", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["clips"] == 1


@pytest.mark.parametrize(("text", "hint"), [('rte = "100/h"', "did you mean rate"), ("rate = ", "cannot be read")])
def test_a_mistyped_setting_is_not_passed_over(text, hint, here, capsys):
    listed()
    (here / "clipset.toml").write_text(text)
    assert main(["plan", "list.csv"]) == 2
    assert hint in capsys.readouterr().err


def test_the_reference_is_what_the_commands_say():
    page = Path(__file__).parents[2] / "docs" / "reference.md"
    script = Path(__file__).parents[2] / "scripts" / "reference.py"
    printed = subprocess.run([sys.executable, script], capture_output=True, check=True, text=True).stdout
    assert page.read_text(encoding="utf-8") == printed, "run scripts/reference.py > docs/reference.md"


@pytest.mark.parametrize(
    ("reach", "version", "is_said"),
    [
        ({}, "2026.8.19", True),
        ({}, "2026.11.1", False),
        ({}, "2026.9.1.232842.dev0", True),
        ({"youtube_origin": "http://127.0.0.1:1"}, "2026.8.19", False),
        ({"source": ("folder:x",)}, "2026.8.19", False),
    ],
)
def test_an_old_yt_dlp_is_named_where_the_real_youtube_is_asked(reach, version, is_said):
    now_us = 1_795_359_845_000_000  # 22 November 2026
    assert bool(age_warning(ReachOptions(**reach), version, now_us)) is is_said
