"""Reading lists: every form, recognised by content, plain or compressed."""

import gzip
import io
import json
import lzma
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clipset.annotations import Tally, json_stream, read
from clipset.annotations.fields import time_us
from clipset.types import Annotation, BadRow

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DATA = Path(__file__).parents[1] / "data" / "annotations"
CSV = b"label,youtube_id,time_start,time_end,split\ndancing,--abcdefghi,84,94,validate\n"
ROW = Annotation("--abcdefghi", 84_000_000, 94_000_000, "validate", "dancing", (), 2)
TIMES = [json.loads(line) for line in (DATA / "times.jsonl").read_text().splitlines()]
ENTRY = {
    "annotations": {"label": "dancing", "segment": [84.0, 94.0]},
    "duration": 10.0,
    "subset": "validate",
    "url": "https://www.youtube.com/watch?v=--abcdefghi",
}


@pytest.fixture
def rows_of(tmp_path: Path) -> Callable[[bytes], list[Annotation | BadRow]]:
    """Reads bytes as a list whose name says nothing about them."""

    def rows(content: bytes) -> list[Annotation | BadRow]:
        path = tmp_path / "list"
        path.write_bytes(content)
        return list(read(path))

    return rows


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        CSV.replace(b",", b"\t"),
        CSV.replace(b",", b";"),
        CSV.replace(b"\n", b"\r\n"),
        CSV.rstrip(b"\n"),
        b"\xef\xbb\xbf" + CSV,
        CSV.decode().encode("utf-16"),
        b"\xfe\xff" + CSV.decode().encode("utf-16-be"),
        gzip.compress(CSV, mtime=0),
        lzma.compress(CSV),
        zstd.compress(CSV),
        gzip.compress(CSV[:60], mtime=0) + gzip.compress(CSV[60:], mtime=0),
        b"Label, YouTube_ID , TIME_START,time_end,split\ndancing,--abcdefghi,84,94,validate\n",
        b"split,time_end,time_start,label,youtube_id\nvalidate,94,84,dancing,--abcdefghi\n",
        b'"label","youtube_id","time_start","time_end","split"\n"dancing","--abcdefghi","84","94","validate"\n',
    ],
)
def test_a_csv_is_the_same_list_in_every_dress(content: bytes, rows_of: Callable[[bytes], list[object]]) -> None:
    assert rows_of(content) == [ROW]


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, zstd.compress])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_published_json_gives_the_row_of_the_csv(
    indent: int | None, pack: Callable[[bytes], bytes], mark: bytes, rows_of: Callable[[bytes], list[object]]
) -> None:
    content = pack(mark + json.dumps({"--abcdefghi": ENTRY}, indent=indent).encode())
    assert rows_of(content) == [ROW._replace(line=0)]


def test_json_lines_give_the_row_of_the_csv(rows_of: Callable[[bytes], list[object]]) -> None:
    line = '{"label": "dancing", "youtube_id": "--abcdefghi", "time_start": 84, "time_end": 94.0, "split": "validate"}'
    assert rows_of(f"\n{line}\n".encode()) == [ROW]


def test_other_columns_are_kept_as_text_in_their_order(rows_of: Callable[[bytes], list[Annotation]]) -> None:
    content = b"note,label,youtube_id,time_start,time_end,split,is_cc\nx y,dancing,--abcdefghi,84,94,val,0\n"
    assert rows_of(content)[0].extra == (("note", "x y"), ("is_cc", "0"))


def test_a_list_without_labels_and_splits_gives_none_for_both(rows_of: Callable[[bytes], list[Annotation]]) -> None:
    row = rows_of(b"youtube_id,time_start,time_end\n--abcdefghi,84,94\n")[0]
    assert (row.split, row.label) == (None, None)


def test_empty_label_and_split_mean_none(rows_of: Callable[[bytes], list[Annotation]]) -> None:
    row = rows_of(b"label,youtube_id,time_start,time_end,split\n,--abcdefghi,84,94,\n")[0]
    assert (row.split, row.label) == (None, None)


def test_all_clips_of_a_video_in_a_json_are_read(rows_of: Callable[[bytes], list[Annotation]]) -> None:
    clips = [{"label": "a", "segment": [1, 2]}, {"label": "b", "segment": [1.5, 2.5], "subset": "test"}]
    rows = rows_of(json.dumps({"abcdefghijk": {"annotations": clips, "subset": "val"}}).encode())
    assert [(row.label, row.split, row.start_us) for row in rows] == [("a", "val", 1_000_000), ("b", "test", 1_500_000)]


def test_an_entry_with_an_empty_list_has_no_clip(rows_of: Callable[[bytes], list[object]]) -> None:
    assert rows_of(json.dumps({"abcdefghijk": {"annotations": []}, "--abcdefghi": ENTRY}).encode()) == [
        ROW._replace(line=0)
    ]


def test_a_json_keeps_what_the_clip_itself_does_not_say(rows_of: Callable[[bytes], list[Annotation]]) -> None:
    entry = ENTRY | {"duration": 300.25, "url": "https://example.org/x", "is_cc": 1, "tags": ["a", None]}
    extra = rows_of(json.dumps({"--abcdefghi": entry}).encode())[0].extra
    assert extra == (
        ("duration", "300.25"),
        ("url", "https://example.org/x"),
        ("is_cc", "1"),
        ("tags", '["a", null]'),
    )


def test_entries_larger_than_the_reading_window_are_read(rows_of: Callable[[bytes], list[Annotation]]) -> None:
    notes = {f"{number:011d}": ENTRY | {"note": "x" * number} for number in (1, 70_000, 300_000, 2, 900_000)}
    rows = rows_of(json.dumps(notes).encode())
    assert [len(dict(row.extra)["note"]) for row in rows] == [1, 70_000, 300_000, 2, 900_000]


@pytest.mark.parametrize("missing_chars", range(90))
def test_an_entry_may_be_cut_anywhere_by_the_reading_window(missing_chars: int) -> None:
    after = {"e": -1.5e-7, "n": None, "t": True, "s": 'a"\u00e9\\', "l": [{}, []], "d": 10}
    rest = json.dumps({"abcdefghijk": {"note": "", **after}, "ABCDEFGHIJK": 1})
    text = rest.replace('""', '"' + "x" * (json_stream._CHUNK_CHARS - missing_chars) + '"')
    (_, entry), (key, last) = json_stream.members(io.StringIO(text))
    assert json.loads(json_stream.json_text(entry | {"note": ""})) == {"note": "", **after}
    assert (key, last) == ("ABCDEFGHIJK", "1")


def test_line_numbers_count_line_ends_inside_quotes_and_blank_lines(
    rows_of: Callable[[bytes], list[Annotation | BadRow]],
) -> None:
    content = (
        b"\nlabel,youtube_id,time_start,time_end\n"  # 2
        b'"two\nlines",abcdefghij1,1,2\n'  # 3, 4
        b"\n  \n"  # 5, 6
        b"x,abcdefghij2,1,2\n"  # 7
        b"x,bad,1,2\n"  # 8
        b'"a\r\nb\r\nc",abcdefghij3,1,2\r\n'  # 9, 10, 11
        b"x,abcdefghij4,1,2"  # 12
    )
    assert [row.line for row in rows_of(content)] == [3, 7, 8, 9, 12]


def test_a_header_repeated_inside_the_list_is_counted_and_passed_over(tmp_path: Path) -> None:
    path, tally = tmp_path / "list", Tally()
    path.write_bytes(CSV * 3)
    assert [type(row) for row in read(path, tally)] == [Annotation] * 3
    assert tally.repeated_headers == 2


def test_labels_of_an_old_spreadsheet_are_read_as_windows_1252(rows_of: Callable[[bytes], list[Annotation]]) -> None:
    content = (
        b"label,youtube_id,time_start,time_end\ncaf\xe9 person\x92s \x81,abcdefghijk,1,2\ncaf\xc3\xa9,abcdefghijk,1,2\n"
    )
    assert [row.label for row in rows_of(content)] == ["café person\u2019s \ufffd", "café"]


def test_no_label_holds_a_lone_surrogate(rows_of: Callable[[bytes], list[Annotation]]) -> None:
    pair, lone = '"\\ud83d\\ude00"', '"\\ud800x"'
    content = "".join(
        f'{{"youtube_id": "abcdefghijk", "time_start": 1, "time_end": 2, "label": {label}}}\n' for label in (pair, lone)
    )
    assert [row.label for row in rows_of(content.encode())] == ["\N{GRINNING FACE}", "\ufffdx"]


def test_hostile_labels_pass_untouched(rows_of: Callable[[bytes], list[Annotation]]) -> None:
    labels = ["../../etc", "a\x00b", "$(rm -rf ~)", "x" * 300, "CON", " spaces "]
    content = "label,youtube_id,time_start,time_end\n" + "".join(f"{label},abcdefghijk,1,2\n" for label in labels)
    assert [row.label for row in rows_of(content.encode())] == labels


def test_reading_is_lazy(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(lzma.compress(CSV + b"dancing,abcdefghijk,1,2,val\n" * 200_000)[:-200])
    rows: Iterator[Annotation | BadRow] = read(path)
    assert next(rows) == ROW


@pytest.mark.parametrize("case", TIMES, ids=str)
def test_times_are_rounded_half_up_to_milliseconds(case: dict[str, str | int]) -> None:
    assert time_us(str(case["text"]), "start") == case["ms"] * 1000
