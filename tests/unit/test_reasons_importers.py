"""Failure logs of other downloaders."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipset.reasons import Reason
from clipset.reasons.importers import Imported, download_report, failed_csv

GONE = "b'ERROR: This video is unavailable.\\n'"


def test_rows_of_two_and_of_three_columns_may_be_mixed() -> None:
    lines = [f"---QUuC4vJs,{GONE}\r\n", f"OyFzfvMiNUc,abseiling,{GONE}\r\n"]
    assert list(failed_csv(lines)) == [
        Imported("---QUuC4vJs", None, GONE, Reason.UNAVAILABLE),
        Imported("OyFzfvMiNUc", "abseiling", GONE, Reason.UNAVAILABLE),
    ]


def test_a_header_says_where_things_stand() -> None:
    lines = [
        "status,youtube_id,label,split,reason\n",
        'failed,57RsoPeW8vs,"bird chirping, tweeting",train,ERROR: [youtube] 57RsoPeW8vs: Private video\n',
    ]
    (row,) = failed_csv(lines)
    assert (row.video_id, row.label, row.reason) == ("57RsoPeW8vs", "bird chirping, tweeting", Reason.PRIVATE)


def test_a_torn_row_gives_what_can_be_saved() -> None:
    (row,) = failed_csv([f"OyFzfvMiNUc,b'[youtube] OyFzfvMiNUc: Downl---QUuC4vJs,abseiling,{GONE}\n"])
    assert row.reason is Reason.UNAVAILABLE
    (lost,) = failed_csv(["half a row\n"])
    assert lost == Imported(None, None, "", Reason.UNKNOWN)


def test_a_short_row_under_a_header_is_not_dropped() -> None:
    (row,) = failed_csv(["video_id,error\n", "OyFzfvMiNUc\n"])
    assert row == Imported("OyFzfvMiNUc", None, "", Reason.UNKNOWN)


def test_an_empty_log_has_no_rows() -> None:
    assert list(failed_csv([])) == []


def test_a_message_longer_than_csv_usually_allows_is_read() -> None:
    (row,) = failed_csv([f"OyFzfvMiNUc,{'[download] x ' * 20_000}ERROR: This video is private.\n"])
    assert row.reason is Reason.PRIVATE


@given(st.lists(st.text(max_size=40), max_size=5))
def test_no_text_breaks_the_reader(lines: list[str]) -> None:
    with suppress(ValueError):  # it may be no CSV at all
        assert all(row.reason in Reason for row in failed_csv(lines))


def test_a_download_report_names_its_failures_only() -> None:
    report = [
        ["x8SyOOIPffg_000147_000157", True, "Downloaded"],
        ["3aJ8TUs_asg_000050_000060", False, "ERROR: Unable to extract uploader name; please report this issue on …\n"],
        ["305P2f9_lko", False, GONE],
    ]
    rows = list(download_report(json.dumps(report)))
    assert [(row.video_id, row.reason) for row in rows] == [
        ("3aJ8TUs_asg", Reason.TOOL_OUTDATED),
        ("305P2f9_lko", Reason.UNAVAILABLE),
    ]


@pytest.mark.parametrize("text", ["{}", "[1]", "not json", "[" * 100_000])
def test_another_text_is_no_download_report(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own message where it is no JSON, ours where it is
        list(download_report(text))
