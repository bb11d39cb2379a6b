"""Datasets by name: what ships, what users add, what a mistake says."""

import pytest

from clipset import catalogue
from clipset.config import UserError

LIST = '[[lists]]\nurl = "https://example.org/a.csv"\n'


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    """The user's folder, empty."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = catalogue.user_folder()
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("name", "classes", "clips", "videos"),
    [
        ("kinetics400", 400, 306_245, 306_245),
        ("kinetics600", 600, 495_547, 495_547),
        ("kinetics700", 700, 650_317, 646_984),
        ("kinetics700-2020", 700, 648_000, 643_910),
    ],
)
def test_each_kinetics_is_known_with_its_published_figures(name, classes, clips, videos):
    found = catalogue.find(name)
    assert (found.classes, found.clips, found.videos) == (classes, clips, videos)
    assert list(found.splits) == ["train", "validate", "test"]
    assert "CC BY 4.0" in found.licence


def test_every_figure_that_ships_says_where_it_comes_from():
    for dataset in catalogue.datasets():
        figures = {"clips": dataset.clips, "videos": dataset.known_videos, "mirror_bytes": dataset.mirror_bytes}
        unsourced = {key for key, figure in figures.items() if figure is not None} - set(dataset.sources)
        assert not unsourced, dataset.name


def test_splits_of_known_size_add_up_to_the_clips():
    for dataset in catalogue.datasets():
        known = [rows for rows in dataset.splits.values() if rows is not None]
        if dataset.clips is not None and len(known) == len(dataset.splits):
            assert sum(known) == dataset.clips, dataset.name


@pytest.mark.parametrize("name", ["kinetics_700", "Kinetics700", "kinetics70", "kinetics700_2020"])
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(name):
    with pytest.raises(UserError, match=r"did you mean .*kinetics700"):
        catalogue.find(name)


def test_a_name_that_is_like_none_is_answered_with_all_there_are():
    with pytest.raises(UserError, match=r"there are: .*kinetics400.*vggsound"):
        catalogue.find("ucf101")


def test_a_user_adds_a_dataset_and_replaces_a_built_in_one(own, tmp_path):
    (own / "mine.toml").write_text(f'title = "Mine"\n{LIST}split = "train"\nrows = 3\ncolumns = {{ start = "from" }}\n')
    (own / "kinetics400.toml").write_text(f"clips = 7\n{LIST}")
    mine = catalogue.find("mine")
    assert (mine.title, mine.splits, mine.lists[0].columns) == ("Mine", {"train": 3}, {"start": "from"})
    assert catalogue.find("kinetics400").videos == 7
    assert "mine" in catalogue.names()


def test_a_description_may_be_given_by_its_path(tmp_path):
    path = tmp_path / "ours.toml"
    path.write_text(LIST)
    assert catalogue.find(str(path)).name == "ours"


FAULTS = {
    "not TOML": ("clips = ", "no dataset description"),
    "no list": ("clips = 1", "lists is missing"),
    "a mistyped key": (f"clisp = 1\n{LIST}", "clisp is not known"),
    "a mistyped key of a list": (f"{LIST}memmber = 'x'", "memmber is not known"),
    "a count that is text": (f"clips = 'many'\n{LIST}", "clips must be"),
    "a count below zero": (f"clips = -1\n{LIST}", "clips must not be negative"),
    "a truth for a count": (f"clips = true\n{LIST}", "clips must be"),
    "a list without address": ("[[lists]]\nsplit = 'train'", "url is missing"),
    "an address of another kind": ("[[lists]]\nurl = 'file:///etc/passwd'", "https"),
    "a hash that is none": (f"{LIST}sha256 = 'abc'", "64 hex"),
    "a member that is no file": (f"{LIST}member = 'a/..'", "names no file"),
    "a member outside its archive": (f"{LIST}member = '../a.csv'", "names no file"),
    "lists that are no tables": ("lists = [1]", "tables"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_description_with_a_fault_names_the_file_and_the_key(fault, own):
    text, message = FAULTS[fault]
    (own / "faulty.toml").write_text(text)
    with pytest.raises(UserError, match=rf"faulty.toml.*{message}"):
        catalogue.find("faulty")
    assert catalogue.find("kinetics400").classes == 400


def test_a_description_that_is_not_there_is_a_plain_error(tmp_path):
    with pytest.raises(UserError, match="cannot be read: No such file"):
        catalogue.find(str(tmp_path / "nowhere.toml"))
