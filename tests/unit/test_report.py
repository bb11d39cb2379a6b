"""`clipset report`: what it says of a run is what the run was, and the page is safe to open anywhere."""

import csv
import json
import re
import statistics
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_run import DONE, REASONS, SESSIONS, STORED_BYTES, TIMED, TRIM_DOMINATES, WANTED, ReferenceRun, times
from test_ledger_jobs import FACTS, Desk, S, outcome, row

from clipset.cli import main
from clipset.ledger import Ledger, tallies
from clipset.reasons import Reason
from clipset.report import sections
from clipset.report.charts import COLOURS, pie, ranked
from clipset.report.durations import Timings, fences_us
from clipset.report.from_ledger import from_ledger
from clipset.report.page import in_script
from clipset.types import Attempt, Cost, Outcome, Stored

LOGS = Path(__file__).parents[2] / "../shared/data/failures"
SMALL = 500
HOSTILE = '=<script>alert("x")</script>\x1b[31m'


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def findings(directory: Path):
    with Ledger.read(directory) as ledger:
        return from_ledger(ledger, "d", 2_000_000_000 * S, lambda _what: None)


def numbers(found) -> dict:
    return {section.key: dict(section.numbers) for section in sections(found)}


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """A small reference run, reported once: drawing takes seconds."""
    directory = tmp_path_factory.mktemp("small") / "d"
    ReferenceRun(SMALL).write(directory)
    assert main(["report", str(directory)]) == 0
    return directory


@pytest.mark.slow
def test_the_numbers_of_the_reference_run_come_out_of_a_ledger_with_its_aggregates(tmp_path):
    ReferenceRun().write(tmp_path / "d")
    found = findings(tmp_path / "d")
    said = numbers(found)
    text = " ".join(line for section in sections(found) for line in section.text)
    assert (found.clips.wanted, found.clips.done, found.clips.lost) == (WANTED, DONE, WANTED - DONE)
    for words in (
        "2.377 %",
        "train 540,461 (83.94 %), test 65,253 (10.13 %), val 38,168 (5.93 %)",
        "176.1 days",
        "80.7 days",
        "4,992 of 298,651 clips (1.67 %)",
        "628.43 GiB",
        "136,963 (44.57 %)",
    ):
        assert words in text
    assert {reason: said["failures"][f"reason {reason}"] for reason in REASONS} == REASONS
    assert said["failures"]["sum"] == 15_380
    means = [
        said["durations"][f"{kind}mean_{what}_s"]
        for kind in ("", "fenced_")
        for what in ("total", "download", "ffmpeg")
    ]
    assert means == pytest.approx([23.52, 21.47, 2.05, 10.78, 9.58, 1.2], abs=0.002)
    assert said["dominating"]["ffmpeg"] == TRIM_DOMINATES
    assert said["disk"]["stored_bytes"] == STORED_BYTES
    assert tuple(session.clips for session in found.sessions) == SESSIONS
    assert len(found.cool_downs) == len(SESSIONS)


def test_a_small_run_has_its_counts_in_the_files(small):
    run = ReferenceRun(SMALL)
    said = json.loads((small / "report" / "report.json").read_text(encoding="utf-8"))
    assert said["numbers"]["downloaded"] == {
        "wanted": run.wanted,
        "done": run.done,
        "lost": run.failed,
        "waiting": 0,
        "lost_percent": pytest.approx(100 * run.failed / run.wanted, abs=1e-3),
    }
    with (small / "report" / "tables" / "failures.csv").open(encoding="utf-8", newline="") as file:
        assert {line["reason"]: int(line["clips"]) for line in csv.DictReader(file)} == run.reasons
    assert said["numbers"]["sessions"]["fetched"] == sum(run.sessions)
    assert "add up to" in said["notes"][0]


def test_each_figure_is_there_as_svg_and_png_and_each_table_as_csv(small):
    folder = small / "report"
    said = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    named = {name for section in said["sections"] for name in section["files"]}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == named | {"report.html", "report.json"}
    assert {"figures/failures.svg", "figures/failures.png", "tables/failures.csv", "tables/availability.csv"} <= named
    for name in named:
        content = (folder / name).read_bytes()
        if name.endswith(".svg"):
            assert ET.fromstring(content).tag.endswith("svg")  # noqa: S314 - our own
        elif name.endswith(".png"):
            assert content.startswith(b"\x89PNG")
    failures = (folder / "figures" / "failures.svg").read_text(encoding="utf-8")
    assert "Failure Class Distribution" in failures
    assert all(f"{reason}: {count:,}" in failures for reason, count in ReferenceRun(SMALL).reasons.items())


class Loads(HTMLParser):
    """What a page would load, and the texts between its tags outside of scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.policy = ""
        self.feed(html)

    def handle_starttag(self, tag, attributes) -> None:
        found = dict(attributes)
        self.tags.append(tag)
        self.loaded += [found[name] for name in ("src", "srcset", "data", "action") if name in found]
        if tag == "link":
            self.loaded.append(found.get("href", ""))
        if tag == "a":
            assert "://" not in found["href"]
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]


def test_the_page_is_one_file_that_loads_nothing(small):
    html = (small / "report" / "report.html").read_text(encoding="utf-8")
    page = Loads(html)
    assert page.loaded == []
    assert page.policy.startswith("default-src 'none'")
    assert "http" not in page.policy
    assert html.count('class="chart"') == len(json.loads(re.search(r"const charts = (.*);\n", html)[1]))
    assert len(html) < 3_000_000


def test_hostile_labels_stay_text_in_every_file(small):
    """The worst class of the run is a script."""
    html = (small / "report" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html
    assert Loads(html).tags.count("script") == 2
    for path in (small / "report" / "figures").glob("*.svg"):
        assert "<script" not in path.read_text(encoding="utf-8")


def test_a_hostile_name_cannot_leave_its_place():
    assert "</" not in in_script({"a": "</script><!--\u2028"})
    assert json.loads(in_script({"a": "</script>"})) == {"a": "</script>"}
    for chart in (pie("x", [(HOSTILE, 1)]), ranked("x", [(HOSTILE, 1.0, "1")], "n")):
        assert "\x1b" not in json.dumps(chart.to_dict())


def test_names_that_are_cut_to_the_same_text_keep_a_bar_each():
    values = ranked("x", [("a" * 100 + end, 1.0, "1") for end in "bc"], "n").to_dict()["data"]["values"]
    assert len({value["name"] for value in values}) == 2


def test_a_pie_of_many_parts_has_a_colour_each_and_loses_nothing():
    values = pie("x", [(f"part {number}", number) for number in range(30)]).to_dict()["data"]["values"]
    assert len(values) == len(COLOURS)
    assert sum(value["count"] for value in values) == sum(range(30))
    assert values[-1]["part"].startswith("others: ")


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=60))
def test_fences_are_tukeys(values):
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    reach = 1.5 * (third - first)
    assert fences_us(values) == pytest.approx((first - reach, third + reach), abs=1e-3)


def test_the_fences_of_the_trim_are_those_of_what_the_download_left():
    """Slow downloads with slow trims would widen the second fence if they were not gone by then."""
    rows = [(10, trim, 0) for trim in (1, 2, 3, 4) * 5] + [(10, 30, 0)] + [(1000, 40, 0)] * 6
    kept = Timings.of(rows).inside_fences()
    assert len(kept) == 20
    assert max(kept.trim_us) == 4


def test_a_tie_is_dominated_by_the_trim():
    assert Timings.of([(2, 1, 3), (1, 1, 2), (1, 2, 3)]).trim_dominates() == 2


def test_the_synthetic_times_have_the_means_of_the_runs_table():
    stages = Timings.of((a, b, a + b) for a, b in times(TIMED // 50)).stages()
    assert stages.total.mean_s == pytest.approx(23.52, abs=0.01)


def cooled(directory: Path) -> None:
    """Two clips, a refusal, an hour's cool-down, one more clip; one that was never tried; one without a label."""
    with Ledger.open(directory) as ledger:
        desk = Desk(ledger, [row("a"), row("b"), row("c"), row("e", label=HOSTILE), row("f", label="")])
        (first, second, third, fourth, _) = desk.jobs(5)
        for job, reason, at_s in (
            (first, None, 0),
            (second, None, 10),
            (third, Reason.THROTTLED, 20),
            (fourth, Reason.COPYRIGHT, 3700),
            (third, None, 3710),
        ):
            desk.now_us = 1_795_359_845 * S + at_s * S
            desk.record(outcome(job, reason))
        ledger.stop_session(desk.session, desk.now_us + S, "interrupt")


def test_a_cool_down_divides_a_session_and_is_marked(here):
    cooled(here / "d")
    found = findings(here / "d")
    assert [(session.clips, session.ended_by) for session in found.sessions] == [(2, "cool-down"), (1, "interrupt")]
    (cooling,) = found.cool_downs
    assert (cooling.end_us - cooling.start_us) / S == 3680
    (pace,) = (section for section in sections(found) if section.key == "pace")
    assert "1 cool-down" in pace.chart.to_dict()["title"]["subtitle"]
    assert found.wall_s == 3711


def test_clips_never_tried_are_waiting_and_the_page_says_so(here):
    cooled(here / "d")
    found = findings(here / "d")
    assert (found.clips.done, found.clips.lost, found.clips.waiting) == (3, 1, 1)
    assert any("were not tried yet" in note for note in found.notes)
    by_class = {row[0]: row for section in sections(found) if section.key == "classes" for row in section.table.rows}
    assert by_class[HOSTILE][1:4] == (1, 0, 1)
    assert "(none)" in by_class


def test_what_was_adopted_counts_as_there_but_took_no_time(tmp_path):
    run = ReferenceRun(SMALL)
    run.write(tmp_path / "d")
    with Ledger.read(tmp_path / "d") as ledger:
        assert sum(count for _, count in tallies.finished_per_hour(ledger)) == sum(run.sessions) < run.done
        assert sum(1 for _ in tallies.timings(ledger)) == run.timed


WAYS = [  # node, egress, reason, requests, fetched bytes, least bytes
    ("lab-1", "proxy a", None, 4, 1_100, 1_000),
    ("lab-1", "proxy b", None, 4, 2_400, 2_000),
    ("lab-2", "proxy a", None, 4, 9_000, None),
    ("lab-2", "proxy a", Reason.THROTTLED, 1, 0, None),
    ("lab-2", "", Reason.ABSENT, 0, 0, None),
]


def travelled(directory: Path, ways, peak_temporary_bytes: int | None) -> None:
    """A clip for each way; one that was made has the size of its least bytes."""
    with Ledger.open(directory) as ledger:
        desk = Desk(ledger, [row(f"v{number}") for number in range(len(ways))])
        for job, (node, egress, reason, requests, fetched, least) in zip(desk.jobs(), ways, strict=True):
            want = job.wanted[0]
            result = Stored(want.paths[0], 500, "ab" * 32, FACTS) if reason is None else outcome(job, reason)
            result = result.attempts[0].result if isinstance(result, Outcome) else result
            cost = Cost(1, 1, 2, fetched, requests, least)
            desk.record(Outcome(job, (Attempt(want.clip, result, "youtube", egress, cost),), node))
        ledger.stop_session(desk.session, desk.now_us + S, "limit", peak_temporary_bytes)


def part(directory: Path, key: str):
    return next(section for section in sections(findings(directory)) if section.key == key)


def test_fetched_is_compared_with_the_least_of_the_clips_of_which_it_is_known(here):
    travelled(here / "d", WAYS, 3 << 20)
    transfer, disk = part(here / "d", "transfer"), part(here / "d", "disk")
    assert transfer.numbers["fetched_per_least"] == pytest.approx(3_500 / 3_000, abs=1e-3)
    assert "known for 2 of 3 clips: 1.17 times that was fetched for them" in transfer.text[0]
    assert ("least for 2 clips", 3_000) in [line[:2] for line in transfer.table.rows]
    assert disk.numbers["peak_temporary_bytes"] == 3 << 20
    assert "3.0 MiB" in disk.text[0]
    assert "not recorded" not in str((transfer.table.rows, disk.table.rows, transfer.text, disk.text))


def test_of_a_ledger_from_before_the_report_says_what_was_not_recorded(small):
    assert "not recorded" in part(small, "transfer").text[0]
    assert "not recorded" in part(small, "disk").text[0]
    assert part(small, "transfer").numbers["fetched_per_least"] is None


def test_nodes_and_egresses_have_their_clips_requests_bytes_and_refusals(here):
    travelled(here / "d", WAYS, None)
    ways = part(here / "d", "ways")
    assert ways.text == ("3 clips came by 3 egresses of 2 nodes.",)
    lines = {line[:3]: line[3:] for line in ways.table.rows}
    assert lines["node", "lab-1", ""] == (2, "66.67 %", 8, 3_500, 0)
    assert lines["node", "lab-2", ""] == (1, "33.33 %", 5, 9_000, 1)
    assert lines["egress", "", "proxy a"] == (2, "66.67 %", 9, 10_100, 1)
    assert lines["egress", "", "nobody asked"] == (0, "0.00 %", 0, 0, 0)
    assert lines["both", "lab-2", "proxy a"] == (1, "33.33 %", 5, 9_000, 1)
    assert ways.numbers == {"nodes": 2, "egresses": 3, "refusals": 1}


@pytest.mark.parametrize(("rows", "told"), [(WAYS[:1], "never refused"), ([WAYS[2], WAYS[3]], "refused 1 time.")])
def test_one_node_with_one_egress_is_one_line(here, rows, told):
    travelled(here / "d", rows, None)
    ways = part(here / "d", "ways")
    assert ways.table is None
    assert ways.chart is None
    assert ways.text[0].startswith(f"All came by one egress ({rows[0][1]}) of one node ({rows[0][0]}): 1 clip, ")
    assert told in ways.text[0]


def test_a_dataset_with_nothing_done_yet_has_a_report(here, capsys):
    with Ledger.open(here / "d") as ledger:
        Desk(ledger, [row("a")])
    assert main(["report", "d", "--out", "r", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["numbers"]["downloaded"]["waiting"] == 1
    assert (here / "r" / "report.html").exists()


HEADER = (
    "video_id,label,status,download_duration,ffmpeg_duration,total_duration,average_duration,elapsed,iteration,"
    "skipped_iteration,queue_id,pid"
)
STATS = f"""{HEADER}
aaaaaaaaaaa,juggling,Completed,10.0,1.0,11.0,11.0,11,1,0,0,7
baaaaaaaaaa,juggling,Completed,1.0,2.0,3.0,7.0,14,2,0,0,7
torn,row
{HEADER}
caaaaaaaaaa,=x,Completed,4.0,4.0,8.0,8.0,8,1,0,0,9
"""
FAILED = """daaaaaaaaaa,juggling,b'ERROR: This video is unavailable.\\n'
eaaaaaaaaaa,=x,b'ERROR: abc: YouTube said: This video is private.\\n'
"""


def reported(here: Path, *words: str) -> dict:
    assert main(["report", "--from-stats", "stats.csv", *words, "--out", "r"]) == 0
    return json.loads((here / "r" / "report.json").read_text(encoding="utf-8"))


def test_the_files_of_2019_are_read_and_a_header_begins_a_session(here):
    Path("stats.csv").write_text(STATS)
    Path("failed.csv").write_text(FAILED)
    said = reported(here, "--from-failed", "failed.csv")
    figures = said["numbers"]
    assert (figures["downloaded"]["done"], figures["downloaded"]["lost"]) == (3, 2)
    assert figures["durations"]["mean_total_s"] == pytest.approx(22 / 3, abs=1e-4)
    assert figures["dominating"]["ffmpeg"] == 2
    assert figures["failures"] == {"sum": 2, "reason unavailable": 1, "reason private": 1}
    (sessions_part,) = (part for part in said["sections"] if part["key"] == "sessions")
    assert [line[:2] for line in sessions_part["rows"]] == [["session 1", 2], ["session 2", 1]]
    assert any("Torn rows of stats.csv, in no count here: 1." in note for note in said["notes"])
    assert "'=x" in (here / "r" / "tables" / "classes.csv").read_text()


def test_categories_that_do_not_add_up_are_shown_with_their_sum(here):
    """The reference run's article has 10,606 where its own total needs 10,696."""
    Path("stats.csv").write_text(STATS)
    misprinted = REASONS | {"unavailable": 10_606}
    Path("failed.csv").write_text("reason,count\n" + "".join(f"{name},{count}\n" for name, count in misprinted.items()))
    words = ["--from-failed", "failed.csv", "--wanted", str(WANTED), "--done", str(DONE)]
    said = reported(here, *words)
    assert said["numbers"]["failures"]["sum"] == 15_290
    assert said["numbers"]["downloaded"]["lost"] == 15_380
    note = next(note for note in said["notes"] if "differ" in note)
    assert all(words in note for words in ("15,290", "15,380", "differ by 90"))
    assert note in (here / "r" / "report.html").read_text()


def test_our_own_tables_are_read_too(small, here):
    with Ledger.open(small) as ledger:
        ledger.write_tables()
    Path("stats.csv").write_bytes((small / "stats.csv").read_bytes())
    said = reported(here, "--from-failed", str(small / "failed.csv"))["numbers"]
    run = ReferenceRun(SMALL)
    assert said["disk"]["stored_bytes"] == run.stored_bytes
    assert said["downloaded"]["done"] == run.done
    assert said["failures"]["sum"] == run.failed


@pytest.mark.skipif(not LOGS.exists(), reason="the real failure logs are not at ../shared/data/failures")
def test_the_failure_log_of_the_real_run_is_read(here):
    Path("stats.csv").write_text(STATS)
    said = reported(here, "--from-failed", str(LOGS / "kinetics700_2019_failed.csv.xz"))["numbers"]
    assert said["failures"].pop("sum") == sum(said["failures"].values()) > 300
    assert max(said["failures"], key=said["failures"].get) == "reason unavailable"


MISTAKES = {
    "nothing to report on": ([], "--from-stats"),
    "both": (["d", "--from-stats", "stats.csv", "--out", "r"], "not both"),
    "logs without a place": (["--from-stats", "stats.csv"], "--out"),
    "failures without times": (["--from-failed", "stats.csv", "--out", "r"], "--from-stats"),
    "no such dataset": (["d"], "no clipset dataset"),
    "no such file": (["--from-stats", "nowhere", "--out", "r"], "nowhere"),
    "another table": (["--from-stats", "list.csv", "--out", "r"], "download_duration"),
    "fewer wanted than there are": (["--from-stats", "stats.csv", "--wanted", "1", "--out", "r"], "--wanted"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_plain_line_and_nothing_written(mistake, here, capsys):
    Path("stats.csv").write_text(STATS)
    Path("list.csv").write_text("label,youtube_id\nx,y\n")
    words, hint = MISTAKES[mistake]
    assert main(["report", *words]) == 2
    said = capsys.readouterr().err
    assert hint in said
    assert said.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["list.csv", "stats.csv"]
