"""Bad input gets a clear error and loses nothing."""

import gzip
import json
import lzma
import sys
import tracemalloc
from pathlib import Path

import pytest

from clipset.annotations import AnnotationError, read
from clipset.types import Annotation, BadRow

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DATA = Path(__file__).parents[1] / "data" / "annotations"
HEADER = "label,youtube_id,time_start,time_end,split"
GOOD = "dancing,abcdefghijk,1,2,val"
CSV = f"{HEADER}\n{GOOD}\n".encode()
ENTRY = '{"annotations": {"label": "dancing", "segment": [1.0, 2.0]}, "subset": "val"}'
LONG = lzma.compress("\n".join([HEADER, *(f"{n},{n:011d},{n},{n + 1},val" for n in range(50_000))]).encode())


def cases(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()]


def rows_of(path: Path, content: str | bytes) -> list[Annotation | BadRow]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read(path))


@pytest.mark.parametrize("case", cases("bad_rows.jsonl"), ids=lambda case: case["row"])
def test_a_bad_row_says_what_is_wrong_and_costs_no_other(case: dict[str, str], tmp_path: Path) -> None:
    before, bad, after = rows_of(tmp_path / "list", f"{HEADER}\n{GOOD}\n{case['row']}\n{GOOD}\n")
    assert isinstance(before, Annotation)
    assert isinstance(bad, BadRow)
    assert case["message"] in bad.message
    assert bad.line == 3
    assert isinstance(after, Annotation)
    assert after.line == 4


@pytest.mark.parametrize("case", cases("bad_entries.jsonl"), ids=lambda case: case["entry"])
def test_a_bad_entry_is_named_by_its_key_and_costs_no_other(case: dict[str, str], tmp_path: Path) -> None:
    content = f'{{"abcdefghij1": {ENTRY}, "abcdefghij2": {case["entry"]}, "abcdefghij3": {ENTRY}}}'
    before, bad, after = rows_of(tmp_path / "list", content)
    assert isinstance(bad, BadRow)
    assert "'abcdefghij2'" in bad.message
    assert case["message"] in bad.message
    assert (before.video_id, after.video_id) == ("abcdefghij1", "abcdefghij3")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"youtube_id": "abcdefghijk", "time_start": 1', "is not valid JSON"),
        ('["abcdefghijk", 1, 2]', "is not a JSON object"),
        ('{"youtube_id": "abcdefghijk", "time_start": NaN, "time_end": 2}', "'NaN' is not a number"),
        ('{"youtube_id": "abcdefghijk", "time_start": null, "time_end": 2}', "the start time is missing"),
        ('{"youtube_id": "abcdefghijk", "time_end": 2}', "the start time is missing"),
        ('{"youtube_id": "abcdefghijk", "time_start": [1], "time_end": 2}', "neither a number nor text"),
        ('{"youtube_id": 5, "time_start": 1, "time_end": 2}', "has 1 characters, not 11"),
        ('{"youtube_id": "\\ud800", "time_start": 1, "time_end": 2}', "has 1 characters, not 11"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_bad_json_line_is_a_bad_row_with_its_number(line: str, message: str, tmp_path: Path) -> None:
    good = '{"youtube_id": "abcdefghijk", "time_start": 1, "time_end": 2}'
    before, bad, after = rows_of(tmp_path / "list", f"{good}\n{line}\n{good}\n")
    assert isinstance(bad, BadRow)
    assert message in bad.message
    assert (before.line, bad.line, after.line) == (1, 2, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (f"{HEADER}\n".encode(), "holds no annotation"),
        (b"{}", "holds no annotation"),
        (b"label,youtube_id\nx,y\n", r"missing columns: time_start, time_end \(found: label, youtube_id\)"),
        (b"label\nx\n", "missing columns: youtube_id, time_start, time_end"),
        (b'{"youtube_id": "abcdefghijk"}', "missing columns: time_start, time_end"),
        (b'{"abcdefghijk": "dancing"}', "missing columns: youtube_id"),
        (b"label,label,youtube_id,time_start,time_end\n", "the column label stands twice"),
        (b"a,b,c\n1,2,3\n", "no known column in its first line .'a,b,c'"),
        (b"--abcdefghi,1,2\n", "no known column"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "is a web page"),
        (b"\x00\x01\x02\x03" * 100, "is no CSV or JSON"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "is no CSV or JSON"),
        (b"PK\x03\x04\x14\x00", "is a zip archive or a workbook"),
        (b"list.csv".ljust(257, b"\0") + b"ustar\x0000", "is a tar archive"),
        (b'[{"youtube_id": "abcdefghijk"}]', "no known column"),
        (CSV.replace(b"\n", b"\r"), "a carriage return stands where no line ends"),
        (gzip.compress(CSV, mtime=0)[:-9], "archive is cut off or damaged"),
        (lzma.compress(CSV)[:-20], "archive is cut off or damaged"),
        (zstd.compress(CSV)[:-3], "archive is cut off or damaged"),
        (gzip.compress(CSV, mtime=0)[:-4] + b"xxxx", "archive is cut off or damaged"),
        (LONG[: len(LONG) // 2], "archive is cut off or damaged"),
        (LONG[:20_000] + b"\xff" * 100 + LONG[20_100:], "archive is cut off or damaged"),
        (f'{{"abcdefghijk": {ENTRY}'.encode(), "the file ends in the middle"),
        (f'{{"abcdefghijk": {ENTRY}, '.encode(), "the file ends in the middle"),
        (f'{{"abcdefghijk": {ENTRY}, "abcd'.encode(), "the file ends in the middle"),
        (f'{{"abcdefghijk": {ENTRY[:40]}'.encode(), "after the entry 'abcdefghijk': the file ends in the middle"),
        (f'{{"abcdefghijk": {ENTRY}}} x'.encode(), "text follows the closing }"),
        (f'{{"abcdefghijk": {ENTRY} "x": 1}}'.encode(), "a comma or the closing } is missing"),
        (f'{{"abcdefghijk": {ENTRY}, x: 1}}'.encode(), "a key in quotes is missing"),
        (f'{{"abcdefghijk": {ENTRY}, "\\x": 1}}'.encode(), "Invalid"),
        (f'{{"abcdefghijk": {{"annotations": {{label: 1}}}}, "x": {"[0]," * 9}'.encode(), "Expecting property name"),
        (f'{{"abcdefghijk": {"[" * 100_000}'.encode(), "nested too deeply"),
        (b"{" + b'"a":{' * 100_000, "nested too deeply"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_a_list_that_is_none_is_refused_with_its_name(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "list"
    with pytest.raises(AnnotationError, match=message) as caught:
        rows_of(path, content)
    assert str(caught.value).startswith(str(path))


def test_a_path_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="No such file"):
        list(read(tmp_path / "absent.csv"))
    with pytest.raises(AnnotationError, match="not a regular file"):
        list(read(tmp_path))


def test_a_number_of_five_thousand_digits_is_a_bad_entry(tmp_path: Path) -> None:
    content = f'{{"abcdefghijk": {{"annotations": {{"segment": [0, {"9" * 5000}]}}}}}}'
    (bad,) = rows_of(tmp_path / "list", content)
    assert isinstance(bad, BadRow)
    assert "is longer than 1,000,000 seconds" in bad.message
    assert len(bad.message) < 200


def test_a_field_of_ten_megabytes_costs_its_row_only(tmp_path: Path) -> None:
    content = f'{HEADER}\n{GOOD}\n{"x" * 10_000_000},abcdefghijk,1,2,val\n"{"y" * 10_000_000}",a,1,2,val\n{GOOD}\n'
    rows = rows_of(tmp_path / "list", content)
    assert [(type(row), row.line) for row in rows] == [(Annotation, 2), (BadRow, 3), (BadRow, 4), (Annotation, 5)]
    assert "longer than 131,072 characters" in rows[1].message
    assert len(rows[1].text) <= 200


def test_an_endless_line_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(gzip.compress(CSV + b"x" * 100_000_000, mtime=0))
    tracemalloc.start()
    with pytest.raises(AnnotationError, match="a line is longer than"):
        list(read(path))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 64_000_000


@pytest.mark.parametrize("broken", ['"dancing,abcdefghijk,1,2,val', 'dancing,abcdefghijk,1,2,"val'])
@pytest.mark.parametrize("after", [0, 3, 10_000])
def test_an_unclosed_quote_costs_its_own_row_only(broken: str, after: int, tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "list", "\n".join([HEADER, GOOD, broken, *[GOOD] * after]))
    assert [row.line for row in rows if isinstance(row, BadRow)] == [3]
    assert [row.line for row in rows] == list(range(2, after + 4))


def test_many_unclosed_quotes_cost_time_in_proportion(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "list", "\n".join([HEADER, *['"dancing,abcdefghijk,1,2,val'] * 20_001]))
    assert len(rows) == 20_001
    assert {type(row) for row in rows} == {BadRow}


def test_what_a_bad_row_shows_is_one_printable_line(tmp_path: Path) -> None:
    (bad,) = rows_of(tmp_path / "list", f"{HEADER}\n\x1b[31mred\x00\x07,\x1b]0;title,1,2,val\n")
    assert isinstance(bad, BadRow)
    assert (bad.text + bad.message).isprintable()


@pytest.mark.parametrize("at", range(0, len(LONG), len(LONG) // 20))
def test_a_damaged_archive_is_never_read_as_a_whole(at: int, tmp_path: Path) -> None:
    damaged = LONG[:at] + bytes(byte ^ 0x55 for byte in LONG[at : at + 3]) + LONG[at + 3 :]
    with pytest.raises(AnnotationError, match=r"damaged|no CSV or JSON|no known column"):
        rows_of(tmp_path / "list", damaged)
