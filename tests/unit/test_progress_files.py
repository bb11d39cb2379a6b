"""What people and programs read while files are looked at."""

import io
import json

from rich.console import Console
from test_progress import Clock

from clipset.existing.watching import Finding, Verdict
from clipset.progress.files import FileBar, FileEvents, FileLines, counts_text
from clipset.types import US_PER_S

GOOD = Finding("val/x/a.mp4", Verdict.VERIFIED)
BAD = Finding("val/\x1b[31mx/b.mp4", Verdict.DAMAGED, "the clip does\nnot decode")


def test_lines_name_what_is_wrong_and_say_now_and_then_how_far_it_is():
    clock, out = Clock(), io.StringIO()
    with FileLines(clock, out) as lines:
        lines.begin(40)
        for finding in (GOOD, BAD, *[GOOD] * 8):
            clock.us += 2 * US_PER_S
            lines.found(finding)
    assert out.getvalue().splitlines() == [
        "40 files to look at",
        "val/ [31mx/b.mp4: damaged (the clip does not decode)",
        "5 of 40 files · ETA 1 min 10 s",
        "10 of 40 files · ETA 1 min",
    ]


def test_of_a_tree_in_which_nothing_is_right_the_first_files_are_named_and_the_others_counted():
    out = io.StringIO()
    with FileLines(Clock(), out) as lines:
        for _ in range(250):
            lines.found(BAD)
    said = out.getvalue().splitlines()
    assert (len(said), said[-1]) == (201, "… and 50 more files with which something is wrong (--json lists all)")


def test_events_are_one_a_file_and_one_a_while():
    clock, out = Clock(), io.StringIO()
    with FileEvents(clock, out) as events:
        events.begin(3)
        for finding in (GOOD, BAD):
            clock.us += 4 * US_PER_S
            events.found(finding)
    first, second, progress = map(json.loads, out.getvalue().splitlines())
    assert first == {"event": "file", "path": "val/x/a.mp4", "verdict": "verified", "message": ""}
    assert (second["path"], second["message"]) == (BAD.path, BAD.message)
    assert progress == {"event": "progress", "files": 3, "looked_at": 2, "eta_s": 4}


def test_a_bar_names_what_is_wrong_without_letting_it_act():
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with FileBar(console) as bar:
        bar.begin(2)
        bar.found(GOOD)
        bar.found(BAD)
    assert "val/ [31mx/b.mp4: damaged (the clip does not decode)" in console.file.getvalue()


def test_counts_are_in_one_order_whatever_came_first():
    assert counts_text({Verdict.DAMAGED: 1, Verdict.VERIFIED: 1200, Verdict.SHORT: 0}) == "1,200 verified, 1 damaged"
    assert counts_text({}) == "none"
