"""What a player's answer says about indexes: it comes from outside."""

import json

import pytest

from clipset.sources.youtube.indexes import IndexRanges

SAID = {"itag": 140, "contentLength": "5000", "indexRange": {"start": "632", "end": "999"}}


def learnt(*formats: object, **answer: object) -> IndexRanges:
    ranges = IndexRanges()
    ranges.note(json.dumps({"streamingData": {"adaptiveFormats": formats}} | answer).encode())
    return ranges


@pytest.mark.parametrize("format_id", ["140", "140-drc", "140-1"])
def test_a_range_is_known_by_the_number_and_the_size_of_the_file(format_id):
    assert learnt(SAID).of(format_id, 5000) == (632, 1000)


@pytest.mark.parametrize(("format_id", "size_bytes"), [("139", 5000), ("140", 4999), ("140", None), ("", 5000)])
def test_a_range_is_never_that_of_another_file(format_id, size_bytes):
    assert learnt(SAID).of(format_id, size_bytes) is None


def test_of_a_file_without_index_in_front_the_header_is_known():
    header = {"start": "0", "end": "739"}
    assert learnt(SAID | {"initRange": header}).of("140", 5000) == (632, 1000)
    assert learnt(SAID | {"initRange": header, "indexRange": None}).of("140", 5000) == (0, 740)


@pytest.mark.parametrize(
    "index", [None, {}, [], "0-5", {"start": "x", "end": "9"}, {"start": "9", "end": "2"}, {"start": "0", "end": "1e9"},
              {"start": "-4", "end": "9"}, {"start": "0", "end": str(1 << 40)}],
)  # fmt: skip
def test_a_range_that_is_none_is_not_known(index):
    assert learnt(SAID | {"indexRange": index}).of("140", 5000) is None


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b"null", b'{"streamingData": []}', b"[" * 100_000, b"\xff"])
def test_what_is_no_answer_teaches_nothing(answer):
    ranges = IndexRanges()
    ranges.note(answer)
    assert ranges.of("140", 5000) is None


def test_a_range_is_forgotten_with_its_video():
    ranges = learnt(SAID)
    ranges.clear()
    assert ranges.of("140", 5000) is None
