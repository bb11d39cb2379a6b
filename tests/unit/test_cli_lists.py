"""Lists as users name them: catalogue names, changed lists, several versions together, leaks, classes."""

import csv
import json
import shutil
import subprocess
import sys
import threading
import time

import pytest
from listserver import ListServer, tar

from clipset.annotations import read
from clipset.catalogue import user_folder
from clipset.catalogue.download import cache_folder
from clipset.cli import main

HEADER = "label,youtube_id,time_start,time_end,split\n"
TRAIN = HEADER + "juggling,aaaaaaaaaaa,0,10,train\nabseiling,bbbbbbbbbbb,5,15,train\n"
VAL = HEADER + "juggling,ccccccccccc,0,10,validate\n"
TOY = """title = "Toy"
[[lists]]
split = "train"
url = "https://example.org/toy.tar.gz"
member = "toy/train.csv"
[[lists]]
split = "validate"
url = "https://example.org/toy.tar.gz"
member = "toy/validate.csv"
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory; datasets and cache of this test alone."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    user_folder().mkdir(parents=True)
    (user_folder() / "toy.toml").write_text(TOY)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def server():
    with ListServer() as server:
        publish(server)
        yield server


def publish(server, train: str = TRAIN, val: str = VAL) -> None:
    server.files["/toy.tar.gz"] = tar({"toy/train.csv": train.encode(), "toy/validate.csv": val.encode()})


@pytest.fixture
def run(capsys):
    """(exit status, standard output as JSON or text, standard error) of a command line."""

    def call(*words: str):
        status = main(words)
        said = capsys.readouterr()
        out = json.loads(said.out.splitlines()[-1]) if "--json" in words and said.out else said.out
        return status, out, said.err

    return call


def test_a_name_stands_where_a_file_may_and_is_fetched_once(run, server):
    words = ("plan", "toy", "--annotations-origin", server.origin, "--json")
    status, found, said = run(*words)
    assert (status, found["clips"], [plan["clips"] for plan in found["plans"]]) == (0, 3, [2, 1])
    assert "fetching toy.tar.gz from example.org" in said
    server.files.clear()
    assert run(*words)[1] == found
    assert len(server.seen) == 1


def test_a_download_whose_process_was_killed_goes_on_where_it_stopped(run, server):
    rows = "".join(f"x,{number:011x},{number % 977},{number % 977 + 10},train\n" for number in range(1, 60_000))
    publish(server, train=HEADER + rows)
    server.cut_after, server.cuts, server.stalled = 400_000, 1, threading.Event()
    words = ["plan", "toy", "--annotations-origin", server.origin, "--json"]
    with subprocess.Popen([sys.executable, "-m", "clipset", *words], stderr=subprocess.DEVNULL) as process:
        while not any(part.stat().st_size for part in cache_folder().rglob("part")):
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    server.stalled.set()
    (part,) = cache_folder().rglob("part")
    kept_bytes = part.stat().st_size
    assert run(*words)[1]["clips"] == 60_000
    assert server.seen == [("/toy.tar.gz", ""), ("/toy.tar.gz", f"bytes={kept_bytes}-")]


def test_splits_are_selected_as_ever(run, server):
    words = ("plan", "toy", "--annotations-origin", server.origin, "--json", "--split", "val")
    assert run(*words)[1]["clips"] == 1


def test_a_list_that_names_no_split_has_that_of_its_description(run, server, here):
    publish(server, val="label,youtube_id,time_start,time_end\njuggling,ccccccccccc,0,10\n")
    run("fetch", "toy", "--out", "d", "--annotations-origin", server.origin, "--source", f"folder:{here}")
    with (here / "d" / "failed.csv").open() as file:
        assert [row["split"] for row in csv.DictReader(file)] == ["train", "train", "validate"]


def test_a_file_wins_over_a_dataset_of_its_name_but_a_folder_does_not(run, server, here):
    (here / "toy").mkdir()
    words = ("plan", "toy", "--annotations-origin", server.origin, "--json")
    assert run(*words)[1]["clips"] == 3
    (here / "toy").rmdir()
    (here / "toy").write_text(VAL)
    assert run(*words)[1]["clips"] == 1


def test_a_description_is_given_by_its_path_too(run, server, here):
    (here / "ours.toml").write_text(TOY)
    assert run("plan", "ours.toml", "--annotations-origin", server.origin, "--json")[1]["clips"] == 3


def test_a_dataset_whose_list_has_changed_since_is_told_so(run, server, here):
    out = ("--out", "d", "--annotations-origin", server.origin)
    assert "this list has" not in run("fetch", "toy", *out, "--source", f"folder:{here}")[2]
    publish(server, train=TRAIN + "juggling,ddddddddddd,0,10,train\n")
    shutil.rmtree(cache_folder())
    message = "toy, train.csv: this list has 3 rows, the one this dataset was planned from had 2"
    assert message in run("plan", "toy", *out)[2]
    assert message in run("fetch", "toy", *out, "--source", f"folder:{here}", "--split", "train")[2]
    assert "this list has" not in run("fetch", "toy", *out, "--source", f"folder:{here}", "--split", "train")[2]


def test_a_list_that_is_not_as_long_as_published_is_told_so(run, server):
    (user_folder() / "toy.toml").write_text(TOY.replace('split = "validate"', 'split = "validate"\nrows = 7'))
    said = run("plan", "toy", "--annotations-origin", server.origin)[2]
    assert "toy, validate.csv: this list has 1 rows, the published one 7" in said


def test_a_list_of_another_content_than_the_known_one_is_taken_only_on_demand(run, server):
    (user_folder() / "toy.toml").write_text(TOY.replace('split = "train"', f'split = "train"\nsha256 = "{"0" * 64}"'))
    words = ("plan", "toy", "--annotations-origin", server.origin)
    status, _, said = run(*words)
    assert (status, "--accept-changed-lists" in said, "train.csv has the SHA-256" in said) == (2, True, True)
    assert run(*words, "--accept-changed-lists", "--json")[1]["clips"] == 3


MISTAKES = {
    "a name that is nearly right": (["plan", "kinetics40"], "did you mean kinetics400"),
    "a name that is like none": (["plan", "ucf101"], "there is no such file, and there is no dataset 'ucf101'"),
    "a file that is not there": (["plan", "ucf101.csv"], "no such file"),
    "an origin that is none": (["plan", "toy", "--annotations-origin", "localhost"], "http://"),
    "a column that is no pair": (["plan", "list.csv", "--column", "start"], "is no pair"),
    "a column that nothing has": (["plan", "list.csv", "--column", "begin=x"], "start"),
    "a category without its file": (["plan", "list.csv", "--category", "x"], "--categories"),
    "categories that are not there": (["plan", "list.csv", "--categories", "no.json", "--category", "x"], "no.json"),
    "categories that are none": (["plan", "list.csv", "--categories", "list.csv", "--category", "x"], "cannot read"),
    "no such category": (["plan", "list.csv", "--categories", "c.json", "--category", "dancin"], "'dancing'?"),
    "a dataset that nobody knows": (["datasets", "kinetics40"], "did you mean kinetics400"),
    "leaks of nothing": (["leaks", "nowhere.csv"], "no such file"),
    "classes of nothing": (["classes", "nowhere"], "no dataset"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_plain_line_and_exit_2(mistake, run, here):
    (here / "list.csv").write_text(TRAIN)
    (here / "c.json").write_text('{"dancing": ["tango"]}')
    words, hint = MISTAKES[mistake]
    status, _, said = run(*words)
    assert (status, hint in said, said.count("\n")) == (2, True, 1), said


def write(here, **lists: str) -> list[str]:
    for name, rows in lists.items():
        (here / f"{name}.csv").write_text(HEADER + rows)
    return [f"{name}.csv" for name in lists]


OLD = "a,aaaaaaaaaaa,0,10,train\na,bbbbbbbbbbb,0,10,val\na,ccccccccccc,0,10,val\n"
NEW = "a,aaaaaaaaaaa,0,10,val\nb,bbbbbbbbbbb,0,10,train\na,ccccccccccc,20,30,train\na,ddddddddddd,0,10,test\n"


def test_several_versions_are_planned_with_each_clip_and_video_once(run, here):
    lists = write(here, old=OLD, new=NEW)
    _, found, _ = run("plan", *lists, "--json", "--rate", "100/h")
    assert (found["clips"], found["videos"], found["duration_h"]) == (5, 4, 0.04)
    saved = found["saved_by_sharing"]
    assert (saved["clips"], saved["videos"]) == (2, 3)
    assert saved["duration_h"] == pytest.approx(0.03)
    alone = [run("plan", name, "--json", "--rate", "100/h")[1]["transfer_bytes"] for name in lists]
    assert found["transfer_bytes"] + saved["transfer_bytes"] == sum(alone)
    assert "saves 2 clips of 3 videos" in " ".join(run("plan", *lists, "--rate", "100/h")[1].split())


def test_a_run_over_several_versions_counts_each_clip_once(run, here, capsys):
    lists = write(here, old=OLD, new=NEW)
    assert main(["fetch", *lists, "--out", "d", "--source", f"folder:{here}", "--json"]) == 3  # a folder may grow
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {event["event"]: event["clips"] for event in events if "clips" in event} == {"progress": 5, "summary": 5}
    assert events[-1]["wanted"] == 5
    assert run("plan", *lists, "--out", "d", "--json")[1]["remaining_clips"] == 5


def test_leaks_are_what_two_splits_share(run, here):
    lists = write(here, old=OLD, new=NEW)
    _, found, _ = run("leaks", *lists, "--json", "--csv", "shared.csv")
    assert len(found["splits"]) == 5
    pairs = {
        (pair["first"]["dataset"], pair["first"]["split"], pair["second"]["split"]): (
            pair["clips"],
            pair["videos"],
            pair["other_label"],
        )
        for pair in found["pairs"]
    }
    assert pairs == {("old", "train", "val"): (1, 1, 0), ("old", "val", "train"): (1, 2, 1)}
    with (here / "shared.csv").open(newline="") as file:
        rows = [(row["shared"], row["clip_id"], row["labels_a"], row["labels_b"]) for row in csv.DictReader(file)]
    assert rows == [
        ("clip", "aaaaaaaaaaa_000000_000010", "a", "a"),
        ("clip", "bbbbbbbbbbb_000000_000010", "a", "b"),
        ("video", "", "a", "a"),
    ]
    assert "old val" in run("leaks", *lists)[1]


def test_leaks_inside_one_list_are_found_and_two_files_of_one_name_told_apart(run, here):
    write(here, one="a,aaaaaaaaaaa,0,10,train\na,aaaaaaaaaaa,20,30,val\na,bbbbbbbbbbb,0,10,val\n")
    (here / "sub").mkdir()
    shutil.copy(here / "one.csv", here / "sub" / "one.csv")
    _, found, _ = run("leaks", "one.csv", "--json")
    assert [(pair["clips"], pair["videos"]) for pair in found["pairs"]] == [(0, 1)]
    _, found, _ = run("leaks", "one.csv", "sub/one.csv", "--json")
    assert {split["dataset"] for split in found["splits"]} == {"one.csv", "sub/one.csv"}
    assert sum(pair["clips"] for pair in found["pairs"]) == 3


def test_classes_of_lists_are_counted_by_split(run, here):
    lists = write(here, old=OLD, new=NEW)
    _, found, _ = run("classes", *lists, "--json", "--csv", "classes.csv")
    assert found == [
        {"label": "a", "clips": {"train": 2, "val": 3, "test": 1}},
        {"label": "b", "clips": {"train": 1, "val": 0, "test": 0}},
    ]
    assert (here / "classes.csv").read_text() == "label,train,val,test\na,2,3,1\nb,1,0,0\n"
    (here / "c.json").write_text('{"first": ["a"], "both": ["a", "b"], "none": ["c"]}')
    _, found, _ = run("classes", *lists, "--json", "--categories", "c.json")
    assert [(row["category"], sum(row["clips"].values())) for row in found] == [("first", 6), ("both", 7), ("none", 0)]


def test_classes_of_a_dataset_are_counted_by_what_became_of_their_clips(run, here):
    lists = write(here, old=OLD, new=NEW)
    run("fetch", *lists, "--out", "d", "--source", f"folder:{here}")
    _, found, _ = run("classes", "d", "--json", "--csv", "classes.csv")
    assert [(row["label"], row["clips"]) for row in found] == [
        ("a", {"wanted": 5, "done": 0, "lost": 0}),
        ("b", {"wanted": 1, "done": 0, "lost": 0}),
    ]
    assert (here / "classes.csv").read_text().splitlines()[0] == "label,wanted,done,lost"
    assert run("classes", "d", "old.csv")[0] == 2


def test_a_category_selects_its_classes(run, here):
    write(here, old=OLD, new=NEW)
    (here / "c.json").write_text('{"first": ["a"], "second": ["b"]}')
    words = ("plan", "new.csv", "--json", "--categories", "c.json")
    assert run(*words, "--category", "second")[1]["clips"] == 1
    assert run(*words, "--category", "second", "--category", "first")[1]["clips"] == 4
    assert run(*words, "--category", "second", "--class", "a")[1]["clips"] == 4


def test_a_table_of_no_known_form_is_read_by_its_columns_from_the_settings_too(run, here):
    (here / "odd.csv").write_text("vid,from,len,what\naaaaaaaaaaa,1,2.5,x\n")
    columns = ["youtube_id=vid", "start=from", "duration=len", "label=what"]
    words = [word for column in columns for word in ("--column", column)]
    assert run("plan", "odd.csv", "--json", *words)[1]["clips"] == 1
    (here / "clipset.toml").write_text(f"column = {json.dumps(columns)}\n")
    assert run("plan", "odd.csv", "--json")[1]["clips"] == 1
    assert run("classes", "odd.csv", "--json")[1] == [{"label": "x", "clips": {"no split": 1}}]


def test_datasets_lists_what_can_be_given_by_name_the_users_own_too(run):
    status, found, _ = run("datasets", "--json")
    named = {dataset["name"]: dataset for dataset in found}
    assert (status, {"toy", "kinetics400", "audioset"} <= set(named)) == (0, True)
    assert named["kinetics400"]["splits"] == {"train": 246_534, "validate": 19_906, "test": 39_805}
    assert named["toy"]["splits"] == {"train": None, "validate": None}
    shown = " ".join(run("datasets")[1].split())
    assert "kinetics400 400 306,245 306,245 298.9 GiB" in shown


def test_one_dataset_is_shown_with_the_source_of_its_figures(run):
    shown = " ".join(run("datasets", "kinetics700")[1].split())
    assert all(text in shown for text in ("650,317", "arXiv 1907.06987", "CC BY 4.0", "kinetics700.tar.gz"))


def test_a_fetched_list_is_the_published_one(run, server):
    run("plan", "toy", "--annotations-origin", server.origin)
    (train,) = cache_folder().rglob("train.csv")
    assert [row.video_id for row in read(train)] == ["aaaaaaaaaaa", "bbbbbbbbbbb"]
