"""The dashboard while a real fetch runs beside it, and a page whose server goes away."""

import re
import signal
import subprocess

import pytest
from chromium import explorer, needs_browser
from playwright.sync_api import Page, expect
from program import clipset, clipset_command, environment, write_list

from clipset.rehearsal import Rehearsal, Scenario, Throttle, Video

needs_browser()
pytestmark = pytest.mark.slow
VIDEOS = [f"{letter}bcdefghijk" for letter in "-abcde"]
SEEN = """() => {
    window.counts = []
    const look = () => {
        const shown = document.querySelector('[data-testid=progress]')
        const done = shown && parseInt(shown.textContent)
        if (shown && window.counts.at(-1) !== done) window.counts.push(done)
    }
    new MutationObserver(look).observe(document.querySelector('#live'), {childList: true, subtree: true})
    look()
}"""


def done(page: Page, count: int, whole: int) -> None:
    expect(page.get_by_test_id("progress")).to_contain_text(f"{count} of {whole} clips done")


def test_the_dashboard_follows_a_fetch_from_its_start_through_a_refusal_to_ctrl_c(page, tmp_path, watched):
    """The last video is refused, so that the fetch waits for its cool-down until it is stopped."""
    limit = Throttle(limit=len(VIDEOS) - 1, window_s=86_400, block_s=86_400)
    scenario = Scenario(throttle=limit, default=Video(duration_s=6, shrink=2, itags=(18,)))
    with Rehearsal(scenario) as youtube:
        options = ("--out", tmp_path / "d", "--youtube-origin", youtube.origin, "--rate", "unlimited")
        rows = [("riding a bike", video_id, 1, 3, "train") for video_id in VIDEOS]
        begun = clipset("fetch", write_list(tmp_path / "first.csv", rows[:1]), *options)
        assert begun.returncode == 0, begun.stderr
        everything = write_list(tmp_path / "all.csv", rows)
        with explorer(tmp_path / "d") as (home, _):
            page.goto(home)
            done(page, 1, 1)
            expect(page.get_by_role("heading", name="Nothing is running")).to_be_visible()
            page.evaluate(SEEN)
            with subprocess.Popen(
                clipset_command("fetch", everything, *options, "--jobs", 2),
                env=environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ) as fetch:
                try:
                    expect(page.get_by_role("heading", name="A fetch is running")).to_be_visible()
                    done(page, 5, 6)
                    egress = page.get_by_test_id("egress").first
                    expect(egress).to_contain_text("cooling")
                    expect(egress).to_contain_text(re.compile(r"in \d\d:\d\d:\d\d"))
                    fetch.send_signal(signal.SIGINT)
                    expect(page.get_by_role("heading", name="Nothing is running")).to_be_visible()
                    assert fetch.wait(60) == 3
                finally:
                    fetch.kill()
            counts = page.evaluate("window.counts")  # of this very page: it was never loaded again
            assert counts[0] == 1
            assert counts[-1] == 5
            assert counts == sorted(counts)
            assert watched.requests.count(f"{home}/") == 1
            page.close()


def test_ctrl_c_ends_the_server_while_a_page_is_open_and_the_page_says_so(page, tmp_path, watched):
    with Rehearsal(Scenario(default=Video(outcome="removed"))) as youtube:
        rows = write_list(tmp_path / "list.csv", [("riding a bike", VIDEOS[0], 1, 3, "train")])
        clipset("fetch", rows, "--out", tmp_path / "d", "--youtube-origin", youtube.origin, "--rate", "unlimited")
    with explorer(tmp_path / "d") as (home, server):
        page.goto(home)
        done(page, 0, 1)
        expect(page.locator("#link")).to_be_hidden()
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
        expect(page.locator("#link")).to_be_visible()
        done(page, 0, 1)
    page.close()
    assert all("ERR_CONNECTION_REFUSED" in said or "ERR_INCOMPLETE" in said for said in watched.complaints)
    watched.complaints.clear()  # that the server is gone
