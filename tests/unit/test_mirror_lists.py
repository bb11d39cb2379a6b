"""Which tars may hold a clip, and what is remembered of them."""

import json
import threading

import pytest

from clipset.config import UserError
from clipset.reasons import Reason
from clipset.rehearsal import MirrorFile, Rehearsal, Scenario
from clipset.rehearsal.kinetics import kinetics_mirror
from clipset.sources.mirror.cvdf import REPLACEMENT, Cvdf, Tar, folded, mirror_split, parse_versions, versions_of
from clipset.sources.mirror.index import TarIndex, folder_of
from clipset.types import ClipsetError
from clipset.web import Web

NAMES = {
    "kinetics400": ("400",),
    "kinetics400_val": ("400",),
    "Kinetics-600 test": ("600",),
    "k700_2020_val": ("700_2020",),
    "kinetics700-2020": ("700_2020",),
    "kinetics700": ("700_2020",),  # the lists of 2019 name nearly the same clips
    "kinetics-700_val": ("700_2020",),
    "mini-k400": ("400",),
    "list": ("400", "600", "700_2020"),
    "bark400": ("400", "600", "700_2020"),
    "kinetics4000": ("400", "600", "700_2020"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_datasets_name_says_where_to_look(name):
    assert versions_of(name) == NAMES[name]


SPLITS = {
    "train": "train", "val": "val", "validate": "val", "Validation": "val", "test": "test", "holdout_test": "test",
    "": "", "all": "",
}  # fmt: skip


@pytest.mark.parametrize("split", SPLITS)
def test_splits_have_many_names(split):
    assert mirror_split(split) == SPLITS[split]


def test_versions_can_be_named():
    assert parse_versions("") == ()
    assert parse_versions("600,400") == ("600", "400")
    assert parse_versions("700") == parse_versions("700-2020") == parse_versions("700_2020") == ("700_2020",)
    with pytest.raises(UserError, match="there are 400, 600, 700_2020"):
        parse_versions("500")


def test_a_tar_of_one_class_may_hold_that_class_only():
    tar = Tar("u", "600", "val", label=folded("Playing_guitar"))
    assert tar.may_hold(("600",), "validate", "playing guitar")
    assert tar.may_hold(("400", "600"), "", "")  # a list without splits and labels may mean any
    assert not tar.may_hold(("600",), "val", "abseiling")
    assert not tar.may_hold(("600",), "train", "playing guitar")
    assert not tar.may_hold(("400",), "val", "playing guitar")


@pytest.fixture
def cvdf():
    def of(files: dict[str, MirrorFile]) -> Cvdf:
        rehearsal = Rehearsal(Scenario(mirror=files))
        running.append(rehearsal.__enter__())
        return Cvdf(Web(threading.Event(), rehearsal.origin, waits_s=()))

    running: list[Rehearsal] = []
    yield of
    for rehearsal in running:
        rehearsal.__exit__()


def test_the_lists_of_all_versions_are_understood(cvdf):
    mirror = cvdf(kinetics_mirror())
    found = {(v, s): mirror.tars(v, s) for v in ("400", "600", "700_2020") for s in ("train", "val", "test")}
    assert [tar.label for tar in found["400", "val"]] == [None, None]
    first, *others = found["400", "train"]
    assert (first.url, first.goes_first) == (REPLACEMENT, True)
    assert not any(tar.goes_first for tar in others)
    assert [tar.label for tar in found["600", "val"]] == [
        "abseiling", "massaging person's head", "mountain climber (exercise)",
    ]  # fmt: skip
    assert [tar.label for tar in found["600", "test"]] == [None]
    assert [tar.label for tar in found["700_2020", "val"]] == [
        "abseiling", "massaging person's head", "mountain climber (exercise)",
    ]  # fmt: skip
    assert [tar.label for tar in found["700_2020", "test"]] == [None]
    assert found["600", "val"][2].name == "600/val/mountain climber (exercise).tar.gz"


@pytest.mark.parametrize("classes", [None, "label\nonly one\n"])
def test_numbers_mean_nothing_without_the_classes_that_they_count(cvdf, classes):
    files = kinetics_mirror()
    del files["700_2020/annotations/val.csv"]
    if classes is not None:
        files["700_2020/annotations/val.csv"] = MirrorFile(text=classes)
    assert {tar.label for tar in cvdf(files).tars("700_2020", "val")} == {None}


LISTS = {
    "an empty list": ("", 0),
    "a page": ("<html><body>Please log in</body></html>", 0),
    "words": ("no tars today\n\n", 0),
    "another protocol": ("file:///etc/passwd.tar\nftp://host/a.tar.gz\n", 0),
    "Windows line ends, blank lines, doubles": ("https://h/a.tar.gz\r\n\r\nhttps://h/a.tar.gz\r\nhttps://h/b.tgz", 2),
    "names without a host": ("part_0.tar.gz\npart_1.tar.gz\n", 2),
}


@pytest.mark.parametrize("what", LISTS)
def test_a_list_that_names_nothing_is_said_to(what, cvdf):
    text, tars = LISTS[what]
    mirror = cvdf({"400/val/k400_val_path.txt": MirrorFile(text=text)})
    if tars:
        assert len(mirror.tars("400", "val")) == tars
        return
    with pytest.raises(ClipsetError, match=r"k400_val_path\.txt names no tar") as raised:
        mirror.tars("400", "val")
    assert raised.value.failure.reason is Reason.NOT_FOUND


def test_what_a_tar_holds_outlives_the_run_and_the_last_word_counts(tmp_path):
    index = TarIndex(tmp_path / "host")
    index.add("u1", '"a"', ["abcdefghijk_000001_000004", "-bcdefghijk_000001_000004"])
    index.add("u2", "", [])
    index.add("u1", '"b"', ["abcdefghijk_000001_000004"])
    again = TarIndex(tmp_path / "host")
    assert {url: (listing.version, listing.ids()) for url, listing in again} == {
        "u1": ('"b"', ["abcdefghijk_000001_000004"]),
        "u2": ("", []),
    }


def test_a_torn_line_costs_that_tar_only(tmp_path):
    index = TarIndex(tmp_path)
    index.add("u1", "a", ["x"])
    with (tmp_path / "index.jsonl").open("a") as file:
        file.write('{"url": "u2", "vers')
    TarIndex(tmp_path).add("u3", "c", ["y"])
    assert {url for url, _ in TarIndex(tmp_path)} == {"u1", "u3"}


def test_what_one_knows_another_takes_over_but_what_he_read_himself_stays(tmp_path):
    ours, theirs = TarIndex(tmp_path / "ours"), TarIndex(tmp_path / "theirs")
    theirs.add("u1", "theirs", ["x"])
    theirs.add("u2", "theirs", ["y", "z"])
    ours.add("u1", "ours", ["x"])
    assert theirs.export(tmp_path / "file.jsonl") == 2
    assert ours.take_over(tmp_path / "file.jsonl") == 2
    assert {url: listing.version for url, listing in TarIndex(tmp_path / "ours")} == {"u1": "ours", "u2": "theirs"}


NO_INDEX = {
    "words": "hello",
    "another object": '{"url": "u"}',
    "a list": "[1, 2]",
    "clips that are numbers": '{"url": "u", "version": "", "clips": [1]}',
    "clips with spaces": '{"url": "u", "version": "", "clips": ["a b"]}',
    "a second line that is torn": json.dumps({"url": "u", "version": "", "clips": []}) + '\n{"url"',
    "deep nesting": "[" * 100_000,
}


@pytest.mark.parametrize("what", NO_INDEX)
def test_a_file_that_is_no_index_changes_nothing(what, tmp_path):
    (tmp_path / "file").write_text(NO_INDEX[what])
    index = TarIndex(tmp_path / "host")
    with pytest.raises(UserError, match="nothing was taken over"):
        index.take_over(tmp_path / "file")
    assert list(TarIndex(tmp_path / "host")) == []


def test_servers_are_kept_apart(tmp_path):
    assert folder_of(tmp_path, None) == tmp_path / "mirror" / "s3.amazonaws.com"
    assert folder_of(tmp_path, "http://127.0.0.1:8080/") == tmp_path / "mirror" / "127.0.0.1_8080"
