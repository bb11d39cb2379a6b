"""Converting lists: the published forms exactly, nothing lost, or an error and no file."""

import csv
import gzip
import json
import lzma
import os
from pathlib import Path

import pytest

from clipset.annotations import AnnotationError, convert, read
from clipset.types import Annotation

HEADER = "label,youtube_id,time_start,time_end,split"
PUBLISHED_CSV = f"{HEADER}\ntestifying,---QUuC4vJs,84,94,validate\neating spaghetti,--3ouPhoy2A,20,30,validate\n"
PUBLISHED_JSON = {
    "---QUuC4vJs": {
        "annotations": {"label": "testifying", "segment": [84.0, 94.0]},
        "duration": 10.0,
        "subset": "validate",
        "url": "https://www.youtube.com/watch?v=---QUuC4vJs",
    },
    "--3ouPhoy2A": {
        "annotations": {"label": "eating spaghetti", "segment": [20.0, 30.0]},
        "duration": 10.0,
        "subset": "validate",
        "url": "https://www.youtube.com/watch?v=--3ouPhoy2A",
    },
}


def written(directory: Path, name: str, content: str) -> Path:
    path = directory / name
    path.write_text(content)
    return path


def converted(directory: Path, content: str, *suffixes: str) -> str:
    """What a list in the form of the first suffix becomes on the way through the others."""
    source = written(directory, "0" + suffixes[0], content)
    for number, suffix in enumerate(suffixes[1:], 1):
        target = directory / f"{number}{suffix}"
        convert(source, target)
        source = target
    return source.read_text()


def test_a_plain_csv_becomes_exactly_the_published_json(tmp_path: Path) -> None:
    text = converted(tmp_path, PUBLISHED_CSV, ".csv", ".json")
    assert json.loads(text) == PUBLISHED_JSON
    assert '"segment": [84.0, 94.0]}, "duration": 10.0, "subset": "validate"' in text


def test_a_published_json_becomes_exactly_the_csv(tmp_path: Path) -> None:
    assert converted(tmp_path, json.dumps(PUBLISHED_JSON, indent=4), ".json", ".csv") == PUBLISHED_CSV


def test_both_forms_read_as_the_same_annotations(tmp_path: Path) -> None:
    converted(tmp_path, PUBLISHED_CSV, ".csv", ".json", ".jsonl.gz", ".tsv.xz", ".json.zst", ".csv")
    lists = [[row._replace(line=0) for row in read(path) if isinstance(row, Annotation)] for path in tmp_path.iterdir()]
    assert len(lists) == 6
    assert all(rows == lists[0] for rows in lists)


def test_the_clips_of_a_video_stand_in_one_list_and_come_back_in_place(tmp_path: Path) -> None:
    table = (
        f"{HEADER}\na,abcdefghijk,1,2,train\nb,ABCDEFGHIJK,1,2,val\nc,abcdefghijk,1.5,9,val\na,abcdefghijk,1,2,train\n"
    )
    entries = json.loads(converted(tmp_path, table, ".csv", ".json"))
    assert list(entries) == ["abcdefghijk", "ABCDEFGHIJK"]
    assert [clip["subset"] for clip in entries["abcdefghijk"]["annotations"]] == ["train", "val", "train"]
    assert "subset" not in entries["abcdefghijk"]
    assert converted(tmp_path, table, ".csv", ".json", ".csv") == table


@pytest.mark.parametrize(
    "start", ["84", "84.0", "084", "84.000000", "6.195294851794072", "1e1", "+5", ".5", "0.0000001"]
)
@pytest.mark.parametrize("way", [".json", ".jsonl", ".tsv"])
def test_numbers_keep_their_text(start: str, way: str, tmp_path: Path) -> None:
    table = f"{HEADER}\na,abcdefghijk,{start},99,val\n"
    assert converted(tmp_path, table, ".csv", way, ".csv") == table


@pytest.mark.parametrize("way", [".json", ".jsonl", ".tsv"])
@pytest.mark.parametrize(
    "header",
    [
        f"{HEADER},is_cc",
        f"{HEADER},duration,url",
        "split,time_end,time_start,youtube_id,label,x",
        "Label,YouTube_ID,time_start,time_end,split,empty,",
        "label,youtube_id,time_start,time_end,split,subset,annotations,segment",
    ],
)
def test_extra_columns_and_their_order_come_back(header: str, way: str, tmp_path: Path) -> None:
    cells = {"label": "a", "youtube_id": "abcdefghijk", "time_start": "1", "time_end": "2", "split": "val", "empty": ""}
    rows = [",".join(cells.get(name.lower(), text) for name in header.split(",")) for text in ("0", "10.0")]
    table = "\n".join([header, *rows, ""])
    assert converted(tmp_path, table, ".csv", way, ".csv") == table


@pytest.mark.parametrize("way", [".csv", ".jsonl", ".json"])
@pytest.mark.parametrize(
    "change",
    [
        {"duration": 300.5},
        {"duration": None},
        {"url": "https://youtu.be/abcdefghijk"},
        {"is_cc": 1},
        {"is_cc": "1", "tags": {"a": [1, 2.50, None, True, "\ud800"]}},
        {"subset": None},
        {"url": "\ud800"},
        {"\ud800": "\udfff"},
        {"annotations": {"label": "\ud800", "segment": [1, 2], "\ud800": ""}},
        {"annotations": [{"label": "a", "segment": [1.0, 2.0]}]},
        {"annotations": {"segment": [1.25, 2.0]}},
        {"annotations": {"label": "", "segment": ["1", "2"]}},
        {"annotations": {"label": 7, "segment": [1, 2], "is_cc": "0"}},
        {"annotations": [{"label": "a", "segment": [1, 2]}, {"segment": [1, 3]}], "is_cc": "0"},
    ],
    ids=str,
)
def test_what_a_csv_cannot_say_comes_back(change: dict[str, object], way: str, tmp_path: Path) -> None:
    entries = PUBLISHED_JSON | {
        "abcdefghijk": {"annotations": {"label": "a", "segment": [1, 2]}, "subset": "x"} | change
    }
    assert json.loads(converted(tmp_path, json.dumps(entries), ".json", way, ".json")) == entries


def test_labels_with_every_awkward_character_come_back(tmp_path: Path) -> None:
    labels = [
        'say "hi", then wave',
        "two\nlines",
        "two\r\nlines",
        "a\rb",
        "tab\there",
        "\x00",
        "'quoted'",
        "é😀",
        '"',
        " ",
    ]
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(
            [HEADER.split(","), *([label, "abcdefghijk", "1", "2", "val"] for label in labels)]
        )
    for source, target in (("a.csv", "b.tsv"), ("b.tsv", "c.json"), ("c.json", "d.jsonl"), ("d.jsonl", "e.csv")):
        convert(tmp_path / source, tmp_path / target)
    assert [row.label for row in read(tmp_path / "e.csv") if isinstance(row, Annotation)] == labels


def test_the_summary_counts_rows_and_repeated_headers(tmp_path: Path) -> None:
    summary = convert(written(tmp_path, "a", PUBLISHED_CSV * 2), tmp_path / "b.json.gz")
    assert (summary.source, summary.target, summary.rows, summary.repeated_headers) == ("kinetics CSV", ".json", 4, 1)


def test_the_same_list_gives_the_same_archive(tmp_path: Path) -> None:
    source = written(tmp_path, "a.csv", PUBLISHED_CSV)
    convert(source, tmp_path / "b.csv.gz")
    convert(source, tmp_path / "c.csv.gz")
    assert (tmp_path / "b.csv.gz").read_bytes() == (tmp_path / "c.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "b.csv.gz").read_bytes()).decode() == PUBLISHED_CSV


def test_bad_rows_fail_the_conversion_and_are_named(tmp_path: Path) -> None:
    source = written(tmp_path, "a.csv", PUBLISHED_CSV + "x,#NAME?,1,2,val\n" * 7)
    target = written(tmp_path, "b.json", "untouched")
    with pytest.raises(AnnotationError, match=r"7 bad rows(?s:.*)line 4: the id was destroyed(?s:.*)and 2 more"):
        convert(source, target)
    assert target.read_text() == "untouched"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.json"]


def test_an_entry_without_a_clip_fails_the_conversion(tmp_path: Path) -> None:
    source = written(tmp_path, "a.json", json.dumps(PUBLISHED_JSON | {"abcdefghijk": {"annotations": []}}))
    with pytest.raises(AnnotationError, match=r"1 bad rows.*\n.*'abcdefghijk': the entry has no clip"):
        convert(source, tmp_path / "b.csv")


@pytest.mark.parametrize("name", ["b", "b.txt", "b.gz", "b.csv.bz2", "b.xlsx"])
def test_a_target_of_no_known_form_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"must end with \.csv"):
        convert(written(tmp_path, "a.csv", PUBLISHED_CSV), tmp_path / name)


def test_the_source_is_never_overwritten(tmp_path: Path) -> None:
    source = written(tmp_path, "a.csv", PUBLISHED_CSV)
    (tmp_path / "link.csv").symlink_to(source)
    os.link(source, tmp_path / "hard.csv")
    for name in ("a.csv", "link.csv", "hard.csv"):
        with pytest.raises(AnnotationError, match="the same file"):
            convert(source, tmp_path / name)
    assert source.read_text() == PUBLISHED_CSV


def test_a_target_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"b\.csv: cannot be written: No such file or directory"):
        convert(written(tmp_path, "a.csv", PUBLISHED_CSV), tmp_path / "absent" / "b.csv")


def test_a_source_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "a.csv.xz"
    source.write_bytes(lzma.compress((PUBLISHED_CSV + "a,abcdefghijk,1,2,val\n" * 50_000).encode())[:-40])
    with pytest.raises(AnnotationError, match=r"a\.csv\.xz: the archive is cut off"):
        convert(source, tmp_path / "b.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv.xz"]


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="two columns are named 'x'"):
        convert(written(tmp_path, "a.csv", f"{HEADER},x,x\na,abcdefghijk,1,2,val,3,4\n"), tmp_path / "b.json")


@pytest.mark.parametrize("own", ["5", '{"row": "x"}', '{"entry": 5}', '{"other": 1}', '{"cells": {"a": 1}}', "text"])
def test_a_foreign_column_of_our_name_is_refused(own: str, tmp_path: Path) -> None:
    cell = own.replace('"', '""')
    source = written(tmp_path, "a.csv", f'{HEADER},clipset\na,abcdefghijk,1,2,val,"{cell}"\n')
    with pytest.raises(AnnotationError, match="is not as convert writes it"):
        convert(source, tmp_path / "b.json")


def test_a_duration_of_nan_comes_back(tmp_path: Path) -> None:
    entries = {"---QUuC4vJs": PUBLISHED_JSON["---QUuC4vJs"] | {"duration": float("nan")}}
    text = converted(tmp_path, json.dumps(entries), ".json", ".csv", ".json")
    assert '"duration": NaN' in text


def test_another_duration_or_address_becomes_a_column_and_comes_back(tmp_path: Path) -> None:
    for key, other in (("duration", 300.0), ("url", "https://youtu.be/---QUuC4vJs")):
        entries = PUBLISHED_JSON | {"---QUuC4vJs": PUBLISHED_JSON["---QUuC4vJs"] | {key: other}}
        table = converted(tmp_path, json.dumps(entries), ".json", ".csv")
        assert table.startswith(f"{HEADER},{key}\ntestifying,---QUuC4vJs,84,94,validate,{other}\n")
        assert json.loads(converted(tmp_path, table, ".csv", ".json")) == entries


def test_clips_that_claim_one_place_are_all_kept(tmp_path: Path) -> None:
    clip = {"label": "a", "segment": [1.0, 2.0]}
    moved = [clip, *(clip | {"label": label, "clipset": {"row": 1}} for label in "bc")]
    entries = {
        "abcdefghijk": {"annotations": moved, "subset": "val"},
        "ABCDEFGHIJK": {"annotations": clip, "subset": "val"},
    }
    source, target = written(tmp_path, "a.json", json.dumps(entries)), tmp_path / "b.csv"
    convert(source, target)
    assert [row.label for row in read(target) if isinstance(row, Annotation)] == ["a", "b", "c", "a"]


@pytest.mark.parametrize(("start", "cell"), [(84, "84"), (84.0, "84"), (10.5, "10.5")])
def test_whole_seconds_of_a_json_are_integers_in_a_csv(start: float, cell: str, tmp_path: Path) -> None:
    entry = PUBLISHED_JSON["---QUuC4vJs"] | {
        "annotations": {"label": "a", "segment": [start, 94]},
        "duration": 94 - start,
    }
    text = converted(tmp_path, json.dumps({"---QUuC4vJs": entry}), ".json", ".csv")
    assert text == f"{HEADER}\na,---QUuC4vJs,{cell},94,validate\n"
