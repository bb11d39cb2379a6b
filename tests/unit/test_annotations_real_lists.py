"""The published lists: every row parses, both forms round-trip."""

import csv
import json
import lzma
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from clipset.annotations import READERS, convert, read
from clipset.annotations.archive import open_text
from clipset.annotations.formats import HEAD_CHARS, recognise
from clipset.ledger.overlap import Overlap, Shared
from clipset.types import Annotation

LISTS = Path(__file__).parents[2].parent / "shared" / "data" / "annotations"
pytestmark = pytest.mark.skipif(not LISTS.is_dir(), reason="the folder of real data is not beside the repository")

COUNTS = {
    "kinetics400_val": 19_906,
    "kinetics400_test": 38_685,
    "kinetics600_val": 30_000,
    "kinetics700_val": 35_000,
    "kinetics400_train_200_classes": 80_000,
    "kinetics600_test_labelled": 58_818,
    "kinetics600_holdout_test": 12_840,
}
# of the neighbours: form, then annotations, bad rows, different clips, different videos, different labels
NEIGHBOURS = {
    "activitynet13.json.xz": ("ActivityNet JSON", 22_140, 12, 22_090, 14_367, 200),
    "audioset_eval.csv.xz": ("AudioSet CSV", 51_804, 0, 20_371, 20_371, 527),
    "countix_val.csv.xz": ("Countix CSV", 1_434, 0, 1_271, 1_254, 53),
    "vggsound_test.csv.xz": ("VGG-Sound CSV", 15_446, 0, 15_446, 14_851, 309),
}
SEVERAL_CLIPS_A_VIDEO = {"kinetics600_val": 6, "kinetics700_val": 54}


def packed(name: str) -> Path:
    return LISTS / f"{name}.csv.xz"


@pytest.mark.parametrize("name", COUNTS)
def test_every_row_of_a_published_list_parses(name: str) -> None:
    rows = list(read(packed(name)))
    assert Counter(map(type, rows)) == {Annotation: COUNTS[name]}


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_every_list_of_a_neighbour_parses_to_its_published_counts(name: str) -> None:
    form, annotations, bad_rows, clips, videos, labels = NEIGHBOURS[name]
    with open_text(LISTS / name) as text:
        assert recognise(text) == form
    rows = list(read(LISTS / name))
    good = [row for row in rows if isinstance(row, Annotation)]
    assert (len(good), len(rows) - len(good)) == (annotations, bad_rows)
    assert len({row[:3] for row in good}) == clips
    assert (len({row.video_id for row in good}), len({row.label for row in good})) == (videos, labels)


@pytest.mark.parametrize("name", COUNTS)
def test_a_list_of_kinetics_is_taken_for_nothing_else(name: str) -> None:
    with open_text(packed(name)) as text:
        head = text.read(HEAD_CHARS)
    assert [form for form, reader in READERS.items() if reader.sniff(head)] == ["kinetics CSV"]


@pytest.mark.parametrize(("name", "videos"), SEVERAL_CLIPS_A_VIDEO.items())
def test_several_clips_of_a_video_are_all_there(name: str, videos: int) -> None:
    clips = Counter(row.video_id for row in read(packed(name)) if isinstance(row, Annotation))
    assert sum(count - 1 for count in clips.values()) == videos


@pytest.mark.parametrize("name", COUNTS)
def test_a_published_list_comes_back_the_same_through_json(name: str, tmp_path: Path) -> None:
    assert convert(packed(name), tmp_path / "a.json").rows == COUNTS[name]
    convert(tmp_path / "a.json", tmp_path / "b.csv")
    with lzma.open(packed(name), "rt", newline="") as original, (tmp_path / "b.csv").open(newline="") as came_back:
        assert list(csv.reader(original)) == list(csv.reader(came_back))


@pytest.mark.parametrize("name", ["kinetics600_val", "kinetics600_holdout_test"])
def test_the_json_of_a_published_list_comes_back_the_same_through_csv(name: str, tmp_path: Path) -> None:
    for source, target in pairwise([packed(name), *(tmp_path / name for name in ("a.json", "b.csv", "c.json"))]):
        convert(source, target)
    assert json.loads((tmp_path / "a.json").read_text()) == json.loads((tmp_path / "c.json").read_text())


# clips, videos, and clips with another label that two lists share
SHARED = {
    ("kinetics400_val", "kinetics600_val"): (13_566, 13_569, 358),
    ("kinetics400_val", "kinetics700_val"): (200, 209, 0),
    ("kinetics400_test", "kinetics600_test_labelled"): (27_134, 27_147, 0),
    ("kinetics400_test", "kinetics600_holdout_test"): (38, 38, 0),
    ("kinetics400_test", "kinetics700_val"): (4_292, 4_354, 0),
    ("kinetics600_val", "kinetics700_val"): (29, 38, 0),
    ("kinetics600_test_labelled", "kinetics700_val"): (5_389, 5_609, 0),
    ("kinetics600_holdout_test", "kinetics700_val"): (905, 905, 0),
    ("kinetics400_train_200_classes", "kinetics600_val"): (316, 316, None),
}


def test_what_the_versions_share_is_what_was_counted() -> None:
    with Overlap() as overlap:
        for name in COUNTS:
            overlap.add(name, read(packed(name)))
        shared: list[Shared] = []
        _groups, pairs = overlap.compare(shared.append)
    found = {
        frozenset((pair.first.dataset, pair.second.dataset)): (pair.clips, pair.videos, pair.other_label)
        for pair in pairs
    }
    for names, counts in SHARED.items():
        same = found[frozenset(names)]
        assert same[:2] == counts[:2], names
        assert counts[2] in {None, same[2]}, names
    assert sum(bool(item.clip_id) for item in shared) == sum(pair.clips for pair in pairs)
    assert frozenset(("kinetics400_val", "kinetics400_test")) not in found
