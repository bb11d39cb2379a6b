"""Whatever a list holds, reading never raises anything but AnnotationError, and converting loses nothing."""

import csv
import json
import string
import tempfile
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clipset.annotations import AnnotationError, convert, read
from clipset.annotations.conversion.entry import time_cell, time_number
from clipset.annotations.fields import time_us
from clipset.types import BadRow

few = settings(max_examples=30, deadline=None)  # an example is several files, each synced to the disk
unhurried = settings(deadline=None)

ids = st.sampled_from(["--abcdefghi", "abcdefghijk", "ABCDEFGHIJK", "___________", "00000000000"])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.one_of(
    st.integers(0, 900).map(str),
    st.decimals(0, 900, places=3).map(str),
    st.decimals(0, 900, places=3).map(lambda number: f"{number:.7f}"),
    st.integers(0, 900).map("{:05d}".format),
    st.integers(0, 900).map("{}.0".format),
    st.integers(1, 9).map("{}e1".format),
    st.sampled_from(["5.", ".5", "+7", " 8 ", "0.0000001", "1E-9"]),
)
ends = st.one_of(st.integers(901, 9_999).map(str), st.decimals(901, 9_999, places=4).map(str))
names = st.one_of(
    st.sampled_from(["is_cc", "duration", "url", "subset", "annotations", "segment", "line", "note", "é", ""]), texts
).filter(
    lambda name: (
        name.strip().casefold() not in {"label", "youtube_id", "time_start", "time_end", "split", "clipset"}
        and not {"\r", "\n"} & set(name)
    )
)
cells = st.one_of(
    texts, st.sampled_from(["", "0", "1", "10.0", "null", "{}", "https://www.youtube.com/watch?v=abcdefghijk"])
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """A header and rows with every required column, in any order, with optional and strange others."""
    spelled = [
        draw(st.sampled_from([name, name.upper(), f" {name}"])) for name in ("youtube_id", "time_start", "time_end")
    ]
    optional = draw(st.sets(st.sampled_from(["label", "split"])))
    extra = draw(st.lists(names, max_size=3, unique=True))
    header = draw(st.permutations([*spelled, *sorted(optional), *extra]))
    if draw(st.booleans()):
        header = [
            name for name in ("label", "youtube_id", "time_start", "time_end", "split") if name != "label" or optional
        ]
    rows = draw(
        st.lists(st.fixed_dictionaries({"cells": st.lists(cells, min_size=8, max_size=8)}), min_size=1, max_size=7)
    )
    kinds = {"youtube_id": ids, "time_start": numbers, "time_end": ends}
    return [
        list(header),
        *(
            [
                draw(kinds.get(name.strip().casefold(), st.just(cell)))
                for name, cell in zip(header, row["cells"], strict=False)
            ]
            for row in rows
        ),
    ]


def write_table(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)


def read_table(path: Path, delimiter: str = ",") -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file, delimiter=delimiter))


@pytest.mark.parametrize(
    "way", [[".json"], [".jsonl"], [".tsv"], [".csv"], [".json", ".jsonl"], [".jsonl", ".json.gz"]]
)
@few
@given(rows=tables())
@example(
    rows=[
        ["youtube_id", "time_start", "time_end"],
        *([name * 11, "1", "2"] for name in "ABABC"),
    ]
)
def test_a_table_comes_back_cell_by_cell(way: list[str], rows: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        paths = [Path(directory, f"{number}{suffix}") for number, suffix in enumerate([".csv", *way, ".csv"])]
        write_table(paths[0], rows)
        for source, target in pairwise(paths):
            convert(source, target)
        assert read_table(paths[-1]) == rows


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
labels = st.none() | st.integers(0, 5) | st.text(max_size=8)
segments = st.tuples(
    st.one_of(st.integers(0, 900), st.floats(0, 900)), st.one_of(st.integers(901, 999), st.floats(901, 999))
)
clips = st.builds(
    lambda required, some, more: {key: value for key, value in more.items() if key != "clipset"} | some | required,
    st.fixed_dictionaries({"segment": segments.map(list)}),
    st.fixed_dictionaries({}, optional={"label": labels, "subset": labels, "duration": anything, "is_cc": anything}),
    st.dictionaries(st.text(max_size=3), anything, max_size=1),
)
published = st.builds(
    lambda label, start, length: {
        "annotations": {"label": label, "segment": [float(start), float(start + length)]},
        "duration": float(length),
        "subset": "val",
    },
    st.text(max_size=8),
    st.integers(0, 900),
    st.integers(1, 20),
)
entries = st.one_of(
    published,
    st.builds(
        lambda required, some, more: {key: value for key, value in more.items() if key != "clipset"} | some | required,
        st.fixed_dictionaries({"annotations": st.one_of(clips, st.lists(clips, min_size=1, max_size=3))}),
        st.fixed_dictionaries(
            {}, optional={"subset": labels, "duration": anything, "url": anything, "label": anything}
        ),
        st.dictionaries(st.text(max_size=3), anything, max_size=2),
    ),
)


@pytest.mark.parametrize("way", [[".csv"], [".jsonl"], [".json"], [".tsv", ".jsonl"]])
@few
@given(objects=st.dictionaries(ids, entries, min_size=1, max_size=4), linked=st.booleans())
def test_a_json_comes_back_equal_as_objects(
    way: list[str], objects: dict[str, dict[str, object]], linked: bool
) -> None:
    if linked:
        for video_id, entry in objects.items():
            entry["url"] = f"https://www.youtube.com/watch?v={video_id}"
    with tempfile.TemporaryDirectory() as directory:
        paths = [Path(directory, f"{number}{suffix}") for number, suffix in enumerate([".json", *way, ".json"])]
        paths[0].write_text(json.dumps(objects))
        for source, target in pairwise(paths):
            convert(source, target)
        assert json.loads(paths[-1].read_text()) == objects
        assert list(json.loads(paths[-1].read_text())) == list(objects)


@few
@given(
    st.lists(
        st.fixed_dictionaries(
            {"youtube_id": ids, "time_start": st.integers(0, 9) | st.floats(0, 9), "time_end": st.integers(10, 99)},
            optional={"label": anything, "split": labels, "is_cc": anything, "more": anything},
        ),
        min_size=1,
        max_size=4,
    )
)
def test_json_lines_come_back_equal_as_objects(objects: list[dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        paths = [Path(directory, name) for name in ("a.jsonl", "b.csv", "c.json", "d.jsonl")]
        paths[0].write_text("".join(json.dumps(one) + "\n" for one in objects))
        for source, target in pairwise(paths):
            convert(source, target)
        assert [json.loads(line) for line in paths[-1].read_text().splitlines()] == objects


@unhurried
@given(st.binary(max_size=300) | st.text(string.printable, max_size=300).map(str.encode))
@example(b'{"a":{"annotations":{"segment":[1,2]}}}')
def test_reading_anything_gives_rows_or_an_annotation_error(content: bytes) -> None:
    read_whole(content)


pieces = st.sampled_from(
    [
        "label",
        "youtube_id",
        "time_start",
        "time_end",
        "split",
        ",",
        "\n",
        '"',
        "\r",
        "\t",
        "abcdefghijk",
        "1",
        "2",
        "\x00",
        "é",
    ]
)


@unhurried
@given(st.lists(pieces, max_size=60))
def test_reading_pieces_of_a_table_gives_rows_or_an_annotation_error(parts: list[str]) -> None:
    read_whole(("label,youtube_id,time_start,time_end\n" + "".join(parts)).encode())


def read_whole(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "list")
        path.write_bytes(content)
        try:
            rows = list(read(path))
        except AnnotationError:
            return
    assert rows
    assert all(isinstance(row, BadRow) or row.clip.span.duration_us > 0 for row in rows)


@unhurried
@given(st.decimals(0, 1_000_000, allow_nan=False))
def test_a_time_is_the_nearest_millisecond(seconds: Decimal) -> None:
    exact = int(seconds.quantize(Decimal("0.001"), ROUND_HALF_UP) * 1000)
    assert time_us(format(seconds, "f"), "start") == exact * 1000


@unhurried
@given(st.integers(0, 999_999))
def test_whole_seconds_are_floats_in_a_json_and_integers_in_a_table(seconds: int) -> None:
    assert time_number(str(seconds)) == f"{seconds}.0"
    assert time_cell(time_number(str(seconds))) == str(seconds)
