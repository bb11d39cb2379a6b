"""`clipset status`: what stands on the page, in every terminal, and what a script gets."""

import io
import json
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_run import ReferenceRun
from test_ledger_jobs import FACTS, NOW_US, Desk, S, outcome, row

from clipset.cli import main
from clipset.cli.bars import Screen
from clipset.cli.next_step import next_step
from clipset.ledger import EgressRow, Ledger
from clipset.ledger.lock import holder_of
from clipset.reasons import Reason
from clipset.types import Attempt, Cost, Outcome, Stored

WIDTH = 80
HOSTILE = "\x1b[31mred\x1b[0m\nval\u202e"


@pytest.fixture
def desk(tmp_path):
    with Ledger.open(tmp_path / "data") as ledger:
        yield Desk(ledger, [row(name) for name in "abcdefghijkl"])


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    directory = tmp_path_factory.mktemp("small") / "d"
    ReferenceRun(500).write(directory)
    return directory


def page(directory, monkeypatch, encoding="utf-8", **environment) -> str:
    """What a terminal of 80 columns gets."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"COLUMNS": str(WIDTH)} | environment).items():
        monkeypatch.setenv(name, value)
    raw = io.BytesIO()
    terminal = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", terminal)
        assert main(["status", str(directory)]) == 0
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_the_page_fits_and_says_the_counts_in_every_encoding(small, monkeypatch, encoding):
    run, text = ReferenceRun(500), page(small, monkeypatch, encoding)
    lines = text.splitlines()
    assert max(map(len, lines)) <= WIDTH
    clips = next(line for line in lines if line.startswith("clips")).split()
    assert (clips[2], clips[-2:]) == (f"{run.done:,}", [f"{run.failed:,}", "0"])
    assert ("█" in text) is (encoding == "utf-8")
    assert ("#" in text) is (encoding != "utf-8")
    assert all(reason in text for reason in run.reasons)
    assert "clipset failures" in " ".join(lines[-3:])  # the path may be long


def test_without_colours_no_escape_is_written_and_with_them_some_are(small, monkeypatch):
    assert "\x1b" not in page(small, monkeypatch)
    assert "\x1b" not in page(small, monkeypatch, NO_COLOR="1", TERM="dumb")
    assert "\x1b[3" in page(small, monkeypatch, FORCE_COLOR="1", TERM="xterm-256color")


def test_hostile_names_are_one_line_and_cannot_steer_the_terminal(tmp_path, monkeypatch):
    with Ledger.open(tmp_path / "data") as ledger:
        Desk(ledger, [row("a")._replace(split=HOSTILE), row("b")._replace(split="x" * 300)])
        ledger.save_egress(EgressRow(HOSTILE, None, 240.0, "{}", HOSTILE))
    for encoding in ("utf-8", "ascii"):
        text = page(tmp_path / "data", monkeypatch, encoding)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert max(map(len, text.splitlines())) <= WIDTH


def test_the_worst_reasons_come_first_and_the_rest_together(tmp_path, monkeypatch):
    gone = [reason for reason in Reason if reason.disposition == "lost"][:12]
    with Ledger.open(tmp_path / "data") as ledger:
        desk = Desk(ledger, [row(f"v{number}-{copy}") for number in range(12) for copy in range(12 - number)])
        for job in desk.jobs():
            desk.record(outcome(job, gone[int(job.video_id[1:].partition("-")[0])]))
    lines = page(tmp_path / "data", monkeypatch).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("not there"))
    shown = [line.split()[0] for line in lines[first + 1 : first + 9]]
    assert shown == [reason.value for reason in gone[:8]]
    assert lines[first + 9].split()[:2] == ["4", "others"]
    assert "10" in lines[first + 9].split()  # 4 + 3 + 2 + 1


def test_bytes_nodes_egresses_and_sessions_are_on_the_page(desk, monkeypatch, tmp_path):
    costs = [Cost(fetched_bytes=1100, least_bytes=1000), Cost(fetched_bytes=70)]
    for node, job, cost in zip(("lab-1", "lab-2"), desk.jobs(2), costs, strict=True):
        stored = Stored(job.wanted[0].paths[0], 1_000, "ab" * 32, FACTS)
        desk.record(Outcome(job, (Attempt(job.wanted[0].clip, stored, "youtube", "direct", cost),), node))
    desk.ledger.stop_session(desk.session, NOW_US + 3600 * S, "throttle", 7 << 20)
    far_us = NOW_US + 10**9 * S
    desk.ledger.save_egress(EgressRow("direct", far_us, 240.0, "{}", "lab-1"))
    desk.ledger.save_egress(EgressRow("proxy b", None, None, "{}", "lab-2"))
    text = page(tmp_path / "data", monkeypatch)
    for words in (
        "1.10 times the least that the clips need (known for 1 of 2)",
        "at most 7.0 MiB temporary",
        "clips done: lab-1 1, lab-2 1",
        "cooling, ",
        "240 videos/h",
        "no pace",
        "throttle",
    ):
        assert words in text
    found = json_of(tmp_path / "data")
    assert found["nodes"] == [{"name": "lab-1", "clips_done": 1}, {"name": "lab-2", "clips_done": 1}]
    assert found["bytes"] == {
        "fetched": 1170, "stored": 2000, "least": 1000, "least_clips": 1, "fetched_for_least": 1100,
        "peak_temporary": 7 << 20,
    }  # fmt: skip
    assert found["sessions"][0]["peak_temporary_bytes"] == 7 << 20


def json_of(directory) -> dict:
    with Ledger.read(directory) as ledger:
        return json.loads(json.dumps(ledger.status(NOW_US).to_json()))


def test_a_run_at_work_is_seen_with_its_rate_and_time_left_and_gone_when_it_ends(desk, monkeypatch, tmp_path):
    for job, reason in zip(desk.jobs(4), (None, Reason.PRIVATE, None, Reason.THROTTLED), strict=True):
        desk.now_us += 15 * S
        desk.record(outcome(job, reason))
    run = desk.ledger.status(desk.now_us).active
    assert (run.pid, run.clips_per_h) == (os.getpid(), pytest.approx(3 * 60))
    assert run.eta_s == pytest.approx(9 * 20)
    assert f"process {os.getpid()} on" in page(tmp_path / "data", monkeypatch)
    desk.ledger.stop_session(desk.session, desk.now_us, "interrupt")
    assert desk.ledger.status(desk.now_us).active is None


def test_a_killed_run_is_not_at_work_and_to_ask_locks_nobody_out(tmp_path):
    with Ledger.open(tmp_path / "data") as ledger:
        Desk(ledger, [row("a")])
    with Ledger.read(tmp_path / "data") as reader:
        found = reader.status(NOW_US)
        assert found.active is None
        assert "killed" in next_step(found, tmp_path / "data", NOW_US)
    lock = tmp_path / "data" / ".clipset" / "lock"
    assert holder_of(lock) is None
    with Ledger.open(tmp_path / "data"):
        assert holder_of(lock).pid == os.getpid()
    assert holder_of(tmp_path / "nowhere") is None


def said(desk, stopped_by="limit") -> str:
    desk.ledger.stop_session(desk.session, desk.now_us, stopped_by)
    return next_step(desk.ledger.status(desk.now_us), desk.ledger._path.parents[1], desk.now_us)


def test_what_to_do_next_waits_for_the_egress_that_opens_first(desk):
    for name, wait_s in (("a", 7200), ("b", 3600)):
        desk.ledger.save_egress(EgressRow(name, desk.now_us + wait_s * S, 240.0, "{}"))
    assert "(in 1 h), when b has cooled down" in said(desk, "throttle")
    desk.ledger.save_egress(EgressRow("c", None, 240.0, "{}"))
    assert said(desk, "throttle") == "Run the same clipset fetch again to go on."


def test_what_to_do_next_waits_for_the_next_clip_if_none_is_due(desk):
    desk.delays[Reason.NETWORK] = [600.0]
    jobs = desk.jobs()
    for job in jobs[:-1]:
        desk.record(outcome(job, Reason.NETWORK))
    assert said(desk) == "Run the same clipset fetch again to go on."
    desk.record(outcome(jobs[-1], Reason.NETWORK))
    assert "(in 10 min), when the next clip is due" in said(desk, "not_due")
    assert json.loads(json.dumps(desk.ledger.status(desk.now_us).to_json()))["next_due"] is not None


def test_what_to_do_next_when_all_is_done_or_this_machine_failed(desk):
    jobs = desk.jobs()
    assert "This machine could not go on" in said(desk, "failure")
    for job in jobs[1:]:
        desk.record(outcome(job, None))
    desk.record(outcome(jobs[0], None))
    assert said(desk, "finished") == "Nothing wanted remains."


@given(
    st.lists(st.integers(0, 10**7), min_size=1, max_size=3).flatmap(
        lambda counts: st.tuples(st.just(counts), st.integers(0, 10**6), st.integers(4, 60))
    )
)
def test_a_bar_is_as_wide_as_it_should_be_and_hides_nothing(asked):
    counts, rest, cells = asked
    screen = Screen()
    whole = sum(counts) + rest
    bar = screen.bar([(count, "") for count in counts], whole, cells)
    marks = screen._marks
    assert len(bar) == cells
    for count, mark in zip(counts, marks, strict=False):
        assert (mark in bar.plain) is (count > 0)
        if whole:
            assert abs(bar.plain.count(mark) - cells * count / whole) <= 2
    if not rest and whole:
        assert " " not in bar.plain
