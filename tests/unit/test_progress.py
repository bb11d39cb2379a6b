"""What people read while a run goes on."""

import io
import json
from dataclasses import dataclass, replace

import pytest
from benches import FACTS, S, clip, failure
from rich.console import Console

from clipset.progress import JsonEvents, LivePanel, PlainLines
from clipset.progress.download import DownloadProgress
from clipset.progress.lines import egress_line, pace_text, sweep_text
from clipset.progress.tally import Tally
from clipset.progress.text import human_bytes, human_duration, printable
from clipset.reasons import Reason
from clipset.sweep import SweepView
from clipset.throttle.gate import GateView
from clipset.types import Attempt, Cost, Stored

NOW_US = 1_795_000_000 * S
OPEN = GateView("direct", "open", None, 300.0, "", "{}")
COOLING = GateView("direct", "cooling", NOW_US + 3600 * S, 300.0, "refused", "{}")
DONE = Attempt(
    clip(), Stored("val/x/a.mp4", 1000, "0" * 64, FACTS), "youtube", cost=Cost(fetched_bytes=2048, requests=3)
)
LOST = Attempt(clip(), failure(Reason.PRIVATE, "Private\x1b[31m video\nSign in"), "youtube")
THROTTLED = Attempt(clip(), failure(Reason.THROTTLED), "youtube")


@dataclass
class Clock:
    us: int = NOW_US

    def now_us(self) -> int:
        return self.us


def tally() -> Tally:
    return Tally(clips=10, started_us=NOW_US)


def test_a_refusal_leaves_the_clip_where_it_was():
    count = tally()
    for verdict in (DONE, LOST, THROTTLED):
        count.add(verdict, NOW_US)
    assert (count.done, count.lost, count.left) == (1, 1, 8)


def test_the_rate_and_the_time_left_come_from_what_was_settled():
    count = tally()
    for second in (1, 2, 3, 4):
        count.add(DONE, NOW_US + second * S)
    assert count.clips_per_s(NOW_US + 8 * S) == pytest.approx(0.5)
    assert count.eta_s(NOW_US + 8 * S) == pytest.approx(12)
    assert tally().eta_s(NOW_US) is None


SWEEP = SweepView(5, 2, ("400/val/part_2.tar.gz",), read_bytes=3 << 20, ahead_bytes=6 << 20, elapsed_s=10.0)


def test_a_sweep_says_how_far_it_is_how_fast_and_how_long():
    assert sweep_text(SWEEP) == "mirror: 2 of 5 tars · 3.0 MiB read · 307.2 KiB/s · ETA 20 s at most"
    nothing_yet = SweepView(5, 0, (), 0, None, 0.0)
    assert sweep_text(nothing_yet) == "mirror: 0 of 5 tars · 0 B read"
    assert sweep_text(SweepView(0, 0, (), 0, None, 1.0)) == "mirror: asking which tars it has"


def test_a_sweep_is_an_event_too_and_so_is_a_warning():
    clock, out = Clock(), io.StringIO()
    events = JsonEvents(tally(), clock, out)
    events.warned("a mirror\nis down")
    clock.us += 6 * S
    events.streaming(SWEEP)
    warning, _, mirror = [json.loads(line) for line in out.getvalue().splitlines()]
    assert warning == {"event": "warning", "about": "mirror", "message": "a mirror\nis down"}
    assert mirror == {
        "event": "mirror", "tars": 5, "tars_done": 2, "reading": ["400/val/part_2.tar.gz"],
        "read_bytes": 3 << 20, "ahead_bytes": 6 << 20, "eta_s": 20,
    }  # fmt: skip


def test_hostile_names_of_a_mirror_cannot_lead_a_terminal_astray():
    lines, screen = io.StringIO(), io.StringIO()
    with PlainLines(tally(), Clock(), lines) as plain:
        plain.warned("x\x1b[31m\ny")
    with LivePanel(tally(), Clock(), Console(file=screen, force_terminal=False)) as panel:
        panel.warned("x\x1b[31m\ny")
        panel.streaming(SweepView(1, 0, ("a\x1b[2Jb",), 0, None, 0.0))
    assert lines.getvalue().splitlines()[0] == "mirror: x [31m y"
    assert "\x1b[31m" not in screen.getvalue()
    assert "\x1b[2J" not in screen.getvalue()


def test_a_clip_that_comes_back_is_lost_no_more():
    count = tally()
    count.add(LOST, NOW_US)
    count.regain()
    count.add(DONE, NOW_US)
    assert (count.done, count.lost, count.left) == (1, 0, 9)


def test_the_time_left_includes_the_cool_down():
    count = tally()
    count.add(DONE, NOW_US)
    assert "ETA 9 s" in pace_text(count, [OPEN], NOW_US)
    assert "ETA 1 h" in pace_text(count, [COOLING], NOW_US)
    assert "ETA 9 s" in pace_text(count, [COOLING, OPEN], NOW_US)


def waited(**cost: float) -> Attempt:
    return replace(DONE, cost=Cost(**cost))


@pytest.mark.parametrize(
    ("verdicts", "gates", "bound"),
    [
        ([], [OPEN], None),
        ([waited(download_s=3.0, trim_s=1.0)] * 20, [OPEN], "line"),
        ([waited(download_s=1.0, trim_s=3.0)] * 20, [OPEN], "cores"),
        ([waited(download_s=1.0, trim_s=1.0)], [replace(OPEN, waiting=3)], "egress"),
        ([waited(download_s=1.0, trim_s=1.0)], [COOLING], "egress"),
        ([waited(download_s=1.0, trim_s=9.0)] * 9, [COOLING, OPEN], "cores"),
    ],
)
def test_a_run_is_bound_by_what_its_workers_wait_for_most(verdicts, gates, bound):
    count = tally()
    for verdict in verdicts:
        count.add(verdict, NOW_US)
    for second in range(11):
        count.looked(gates, NOW_US + second * S)
    assert count.bound_by == bound


def test_what_bound_a_run_some_minutes_ago_is_forgotten():
    count = tally()
    count.looked([OPEN], NOW_US)
    count.add(waited(download_s=100.0), NOW_US)
    count.looked([OPEN], NOW_US + 600 * S)
    count.add(waited(trim_s=1.0), NOW_US + 600 * S)
    assert count.bound_by == "cores"


def test_a_cool_down_is_a_countdown_with_the_time_of_the_next_try():
    assert "(in 1 h)" in egress_line(COOLING, NOW_US)
    assert "300 videos/h" in egress_line(OPEN, NOW_US)


def test_plain_lines_tell_failures_and_changes_of_an_egress_once():
    clock, out = Clock(), io.StringIO()
    with PlainLines(tally(), clock, out) as lines:
        lines.recorded(DONE)
        lines.recorded(LOST)
        lines.tick(2, [COOLING], None)
        lines.tick(2, [COOLING], None)
        clock.us += 11 * S
        lines.tick(2, [COOLING], None)
    said = out.getvalue()
    assert said.count("cooling down") == 1
    assert said.count("private (Private [31m video Sign in)") == 1
    assert "2 videos in flight · bound by: egress" in said
    assert "\x1b" not in said


def test_the_panel_fits_eighty_columns():
    console = Console(file=io.StringIO(), width=80, record=True)
    panel = LivePanel(
        Tally(clips=650_000, done=123_456, lost=12_345, fetched_bytes=10**12, started_us=0), Clock(), console
    )
    panel.recorded(waited(download_s=1.0))
    panel.recorded(LOST)
    panel.tick(4, [OPEN, COOLING], None)
    console.print(panel._live.get_renderable())
    lines = console.export_text().splitlines()
    assert "123457 done" in lines[0]
    assert "12346 lost" in lines[0]
    assert lines[2].strip() == "bound by: line"
    assert len(lines) == 6
    assert all(len(line) <= 80 for line in lines)


def test_events_are_json_with_one_for_each_change():
    clock, out = Clock(), io.StringIO()
    with JsonEvents(tally(), clock, out) as events:
        events.recorded(waited(trim_s=1.0))
        events.recorded(LOST)
        events.tick(1, [COOLING], None)
        events.tick(1, [COOLING], None)
    said = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [event["event"] for event in said] == ["clip", "clip", "egress", "progress"]
    assert said[-1]["bound_by"] == "cores"
    assert [event.get("state") for event in said] == ["done", "lost", "cooling", None]


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (674_766_307_490, "628.4 GiB"), (3 * 2**50, "3072.0 TiB")],
)
def test_bytes_read_in_the_unit_that_fits(size, text):
    assert human_bytes(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.6, "1 min"), (90, "1 min 30 s"), (7_776_000 + 3600, "90 d 1 h")]
)
def test_durations_have_two_units_at_most(seconds, text):
    assert human_duration(seconds) == text


def test_hostile_text_is_one_line_without_controls():
    assert printable("a\x1b[2J\r\nb\x00c\u202ed" + "x" * 500, 20) == "a [2J b c dxxxxxxxx…"


class _Moments:
    """A clock that a test sets."""

    now = 0

    def now_us(self) -> int:
        return self.now

    def wait(self, seconds, stop):
        raise NotImplementedError


def test_a_download_tells_how_far_it_is_and_when_it_will_be_over():
    clock, out = _Moments(), io.StringIO()
    with DownloadProgress(clock, out) as told:
        for second, done in ((0, 0), (1, 1 << 20), (20, 20 << 20)):
            clock.now = second * 1_000_000
            told("https://example.org/lists/a%1b.tar.gz", done, 40 << 20)
    first, last = out.getvalue().splitlines()
    assert first == "fetching a%1b.tar.gz from example.org: 0 B of 40.0 MiB"
    assert last.endswith("20.0 MiB of 40.0 MiB, ETA 20 s")


def test_a_download_of_unknown_length_tells_what_came():
    out = io.StringIO()
    with DownloadProgress(_Moments(), out) as told:
        told("https://example.org/a.csv", 1536, None)
    assert out.getvalue() == "fetching a.csv from example.org: 1.5 KiB\n"
