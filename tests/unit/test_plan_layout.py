"""Where clips lie: safe on every file system, and no two labels in one folder."""

import hashlib
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clipset.plan import Layout, label_folder, split_folder
from clipset.types import Annotation

unhurried = settings(deadline=None)
LONG = "x" * 300
TURNED = {
    "playing american football (not in game)": "playing_american_football_(not_in_game)",
    "massaging person's head": "massaging_person's_head",
    "Rock-paper-scissors": "Rock-paper-scissors",
    "/m/068hy": "_m_068hy",
    'a\\b<c>d:e"f|g?h*i': "a_b_c_d_e_f_g_h_i",
    "a\x00b\tc\nd\x7fe\x85f\u2028g\u202eh\u00a0i": "a_b_c_d_e_f_g_h_i",
    ".": "_",
    "..": "__",
    "...hidden": "___hidden",
    "ends.": "ends_",
    "ends. ": "ends._",
    " ": "_",
    "": "_",
    "~": "~",
    "CON": "CON_",
    "con": "con_",
    "nul.txt": "nul_.txt",
    "COM1": "COM1_",
    "lpt9.tar.gz": "lpt9_.tar.gz",
    "COM¹": "COM¹_",
    "console": "console",
    "COM10": "COM10",
    "abcdefghijk_000001_000011.mp4": "abcdefghijk_000001_000011.mp4_",
    "e\N{COMBINING ACUTE ACCENT}te": "éte",
    "跳舞 😀": "跳舞_😀",
    "\ud800": "_",
    LONG: "x" * 191 + "~" + hashlib.sha256(LONG.encode()).hexdigest()[:8],
    "é" * 150: "é" * 95 + "~" + hashlib.sha256(("é" * 150).encode()).hexdigest()[:8],
}
alphabet = st.one_of(st.characters(), st.sampled_from("aAbBéÉß\u017f\u0131\u0130\u212ak_ ./\\~:\x00"))
labels = st.one_of(
    st.text(alphabet, min_size=1, max_size=12),
    st.sampled_from([*TURNED, "Foo bar", "foo bar", "foo_bar", "ß", "ss"]),
    st.text(min_size=150),
).filter(bool)


def row(label: str | None, split: str | None = "val") -> Annotation:
    return Annotation("abcdefghijk", 1_000_000, 11_000_000, split, label)


def on_any_file_system(name: str) -> str:
    return unicodedata.normalize("NFD", name).casefold()


@pytest.mark.parametrize(("label", "folder"), TURNED.items(), ids=lambda text: ascii(text[:30]))
def test_a_label_becomes_a_folder(label: str, folder: str) -> None:
    assert label_folder(label) == folder


@pytest.mark.parametrize(
    ("split", "folder"),
    [
        ("validate", "validate"),
        ("holdout_test", "holdout_test"),
        ("stats.csv", "stats.csv_"),
        ("Failed.CSV", "Failed.CSV_"),
        (".clipset", "_clipset"),
    ],
)
def test_a_split_keeps_its_spelling_and_leaves_our_own_files_alone(split: str, folder: str) -> None:
    assert split_folder(split) == folder


def test_a_clip_lies_under_split_and_label() -> None:
    assert Layout().path(row("arm wrestling")) == "val/arm_wrestling/abcdefghijk_000001_000011.mp4"


def test_times_with_fractions_are_in_the_name() -> None:
    part = Annotation("abcdefghijk", 6_195_000, 77_731_000, "val", "x")
    assert Layout().path(part) == "val/x/abcdefghijk_000006.195_000077.731.mp4"


def test_a_clip_without_a_label_lies_directly_under_its_split() -> None:
    assert Layout().path(row(None)) == "val/abcdefghijk_000001_000011.mp4"


def test_a_clip_without_a_split_lies_under_all() -> None:
    layout = Layout()
    assert layout.path(row("x", None)) == "all/x/abcdefghijk_000001_000011.mp4"
    assert layout.path(row("x", "all")).startswith("all~")


@pytest.mark.parametrize(
    "pair",
    [("Foo bar", "foo bar"), ("a b", "a_b"), ("straße", "STRASSE"), ("é", "e\N{COMBINING ACUTE ACCENT}"), (".x", "_x")],
)
def test_of_two_labels_with_one_folder_the_first_keeps_it(pair: tuple[str, str]) -> None:
    for first, second in (pair, pair[::-1]):
        layout = Layout()
        layout.path(row(first))
        layout.path(row(second))
        digest = hashlib.sha256(second.encode()).hexdigest()[:8]
        assert dict(layout.labels) == {first: label_folder(first), second: f"{label_folder(second)}~{digest}"}


def test_a_label_remembered_keeps_its_folder_though_it_comes_later() -> None:
    layout = Layout(labels={"foo bar": "foo_bar"}, splits={"VAL": "VAL"})
    assert layout.path(row("Foo bar")).startswith("val~")
    assert layout.labels["Foo bar"].startswith("Foo_bar~")
    assert layout.path(row("foo bar")).split("/")[1] == "foo_bar"


def test_a_label_that_names_the_folder_we_would_choose_does_not_get_it() -> None:
    digest = hashlib.sha256(b"foo bar").hexdigest()[:8]
    layout = Layout()
    for label in ("Foo bar", f"foo bar~{digest}", "foo bar"):
        layout.path(row(label))
    assert len({on_any_file_system(folder) for folder in layout.labels.values()}) == 3


@unhurried
@given(st.lists(labels, max_size=12), st.lists(labels, max_size=4))
def test_no_two_labels_and_no_two_splits_share_a_folder(some: list[str], splits: list[str]) -> None:
    layout = Layout()
    for label in some:
        for split in [None, *splits]:
            layout.path(row(label, split))
    for folders in (layout.labels, layout.splits):
        assert len({on_any_file_system(folder) for folder in folders.values()}) == len(folders)


@unhurried
@given(labels, labels)
@example("..", ".clipset")
@example("C:", "D:\\x")
def test_a_path_stays_inside_the_dataset_on_every_system(label: str, split: str) -> None:
    path = Layout().path(row(label, split))
    assert path.count("/") == 2
    for pure in (PurePosixPath(path), PureWindowsPath(path)):
        assert not pure.is_absolute()
        assert not pure.drive
        assert len(pure.parts) == 3
        assert not {"..", "."} & set(pure.parts)
    assert not any(PureWindowsPath(part).is_reserved() for part in path.split("/"))
    assert not any(part.startswith(".") or part.endswith((".", " ")) for part in path.split("/"))


@unhurried
@given(st.lists(labels, min_size=1, max_size=8))
def test_no_name_is_longer_than_a_file_system_allows(some: list[str]) -> None:
    layout = Layout()
    assert all(len(part.encode()) <= 255 for label in some for part in layout.path(row(label, label)).split("/"))


@unhurried
@given(labels)
def test_a_folder_name_is_its_own_folder_name(label: str) -> None:
    assert label_folder(label_folder(label)) == label_folder(label)
    assert split_folder(split_folder(label)) == split_folder(label)


@unhurried
@given(st.lists(labels, max_size=10))
def test_what_is_remembered_gives_the_same_paths_again(some: list[str]) -> None:
    layout = Layout()
    paths = [layout.path(row(label, label)) for label in some]
    again = Layout(layout.labels, layout.splits)
    assert [again.path(row(label, label)) for label in reversed(some)] == paths[::-1]
