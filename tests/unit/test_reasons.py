"""The taxonomy: what a failure text means."""

import csv
import lzma
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipset.reasons import TABLE_VERSION, Disposition, Reason, classify, normalise, rules
from clipset.reasons.importers import failed_csv
from clipset.reasons.table import RULES

MESSAGES = tomllib.loads((Path(__file__).parents[1] / "data/failures/messages.toml").read_text("utf-8"))
CASES = [
    pytest.param(stage, reason, message, id=f"{stage}-{reason}-{number}")
    for stage, reasons in MESSAGES.items()
    for reason, messages in reasons.items()
    for number, message in enumerate(messages)
]
LOGS = Path(__file__).parents[2] / "../shared/data/failures"


@pytest.mark.parametrize(("stage", "reason", "message"), CASES)
def test_a_known_message_gets_its_reason(stage: str, reason: str, message: str) -> None:
    assert classify(message, stage=stage) is Reason(reason)


def test_the_table_of_messages_is_large_and_names_no_message_twice() -> None:
    messages = [(stage, text) for stage, reasons in MESSAGES.items() for texts in reasons.values() for text in texts]
    assert len(messages) >= 150
    assert not [message for message, count in Counter(messages).items() if count > 1]


@pytest.mark.parametrize(
    ("status", "stage", "reason"),
    [
        (429, "resolve", Reason.THROTTLED),
        (429, "fetch", Reason.THROTTLED),
        (402, "resolve", Reason.THROTTLED),
        (403, "resolve", Reason.THROTTLED),
        (403, "fetch", Reason.EXPIRED_URL),
        (404, "resolve", Reason.NOT_FOUND),
        (410, "resolve", Reason.NOT_FOUND),
        (404, "fetch", Reason.EXPIRED_URL),
        (400, "resolve", Reason.TOOL_OUTDATED),
        (407, "resolve", Reason.NETWORK),
        (408, "fetch", Reason.SERVER_ERROR),
        (451, "resolve", Reason.GEO_BLOCKED),
        (500, "resolve", Reason.SERVER_ERROR),
        (503, "fetch", Reason.SERVER_ERROR),
        (418, "resolve", Reason.UNKNOWN),
    ],
)
def test_a_status_without_a_telling_text_decides_by_stage(status: int, stage: str, reason: Reason) -> None:
    assert classify("", http_status=status, stage=stage) is reason


@pytest.mark.parametrize("status", [429, 402])
@pytest.mark.parametrize("text", ["Video unavailable", "Private video", "This video has been removed by the uploader"])
def test_a_refusing_status_wins_over_a_text_that_says_lost(status: int, text: str) -> None:
    assert classify(text, http_status=status) is Reason.THROTTLED


def test_a_server_error_behind_a_vague_text_is_a_server_error() -> None:
    message = "Failed to extract any player response; please report this issue on https://example.org"
    assert classify(message, http_status=503) is Reason.SERVER_ERROR
    assert classify(message, http_status=429) is Reason.THROTTLED


@given(st.text(max_size=60).filter(lambda name: "\n" not in name and "\r" not in name))
def test_no_name_of_a_rights_holder_changes_the_reason(name: str) -> None:
    assert classify(f"ERROR: This video is no longer available due to a copyright claim by {name}") is Reason.COPYRIGHT


@given(st.sampled_from([text for texts in MESSAGES["resolve"].values() for text in texts]))
def test_no_throttle_text_hides_behind_a_name(message: str) -> None:
    name = message.replace("\n", " ").replace("\r", " ")
    hostile = f"ERROR: This video contains content from {name}, who has blocked it on copyright grounds."
    assert classify(hostile) is Reason.COPYRIGHT


@given(st.text(max_size=500), st.none() | st.integers(0, 999), st.sampled_from(["resolve", "fetch", "store", "?"]))
def test_every_text_gets_a_reason(message: str, http_status: int | None, stage: str) -> None:
    assert classify(message, http_status=http_status, stage=stage) in Reason


@given(st.binary(max_size=200))
def test_a_bytes_literal_means_what_its_text_means(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    assert classify(repr(text.encode()) + "\n") is classify(text) or not text.strip("\ufffd \r\n\t")


def test_a_long_log_is_read_at_its_end() -> None:
    assert classify("[download] 1.0%\n" * 200_000 + "ERROR: This video is private.") is Reason.PRIVATE


def test_normalising_keeps_the_lines_that_decide() -> None:
    log = (
        "b'[youtube] x: Downloading webpage\\nWARNING: Unable to extract video title\\n"
        "ERROR: Content Warning\\nIt isn\\xe2\\x80\\x99t for all: https://a.example/?signature=secret\\n'"
    )
    assert normalise(log) == "ERROR: Content Warning\nIt isn't for all: <url>"


def test_every_example_of_the_table_leads_to_its_own_row() -> None:
    for rule in RULES:
        assert classify(rule.example, stage=rule.stages[0] if rule.stages else "resolve") is rule.reason, rule


def test_every_phrase_of_the_table_is_spelt_as_normalised_texts_are() -> None:
    for rule in RULES:
        for phrase in rule.phrases:
            assert phrase == phrase.lower()
            assert phrase == normalise(phrase)


def test_every_reason_is_explained_once_with_its_disposition() -> None:
    table = rules()
    assert [row.reason for row in table] == list(Reason)
    assert all(row.explanation.endswith((".", "such texts.")) for row in table)
    assert {row.disposition for row in table} == set(Disposition)
    assert TABLE_VERSION >= 1


@pytest.mark.skipif(not LOGS.exists(), reason="the real failure logs are not at ../shared/data/failures")
@pytest.mark.parametrize("name", ["kinetics700_2019_failed.csv.xz", "vggsound_2026_failed.csv.xz"])
def test_real_logs_are_understood_and_none_of_their_dead_videos_is_a_throttle(name: str) -> None:
    with lzma.open(LOGS / name, "rt", encoding="utf-8", newline="") as lines:
        rows = list(failed_csv(lines))
    with lzma.open(LOGS / name, "rt", encoding="utf-8", newline="") as lines:
        assert len(rows) == sum(row[0] != "status" for row in csv.reader(lines))
    reasons = Counter(row.reason for row in rows)
    assert reasons[Reason.UNKNOWN] <= len(rows) / 100
    assert not reasons[Reason.THROTTLED]
    assert all(row.video_id for row in rows)
