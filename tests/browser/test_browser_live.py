"""The dashboard while a fetch runs, when it waits, and when its server is ended."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from datasets import fetching
from explorer import exploring
from playwright.sync_api import Page, expect
from program import clipset, clipset_command, environment, write_list

from clipset.ledger import Ledger
from clipset.rehearsal import Rehearsal, Scenario, Throttle, Video

CLIPS = 10
VIDEO = Video(duration_s=4, shrink=3, itags=(18,), media_key=7)


@contextmanager
def running(*words: object) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        clipset_command(*words), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return write_list(tmp_path / "list.csv", [("x", f"{number:011d}", 1, 3, "train") for number in range(CLIPS)])


def done(directory: Path) -> int:
    with Ledger.read(directory) as ledger:
        return ledger.status(0).clips.done


def shows(page: Page, count: int) -> None:
    expect(page.get_by_test_id("progress")).to_contain_text(f"{count} of {CLIPS} clips done")


def test_the_number_of_clips_grows_while_a_fetch_runs_without_a_reload(rows, tmp_path, page):
    """The fetch is held still twice, so that the page can be compared with what is there."""
    directory = tmp_path / "set"
    with Rehearsal(Scenario(default=VIDEO)) as youtube:
        words = fetching(rows, directory, youtube)
        assert clipset(*words, "--max-clips", 1).returncode == 3
        with exploring(directory) as explorer:
            page.goto(explorer.url)
            shows(page, 1)
            page.evaluate("window.stillTheSame = true")
            known = 1
            with running(*words, "--jobs", 1) as fetch:
                for _ in range(2):
                    while done(directory) == known:
                        page.wait_for_timeout(20)
                    fetch.send_signal(signal.SIGSTOP)
                    known = done(directory)
                    assert known < CLIPS
                    shows(page, known)
                    expect(page.get_by_text("A fetch is running")).to_be_visible()
                    fetch.send_signal(signal.SIGCONT)
                shows(page, CLIPS)
                assert fetch.wait() == 0
            expect(page.get_by_text("Nothing is running")).to_be_visible()
            assert page.evaluate("window.stillTheSame")


def test_an_egress_that_cools_down_is_counted_down_and_its_refusal_is_no_failure(rows, tmp_path, page):
    directory = tmp_path / "set"
    with Rehearsal(Scenario(default=VIDEO, throttle=Throttle(limit=2))) as youtube:
        assert clipset(*fetching(rows, directory, youtube), "--on-throttle", "stop").returncode == 3
    with exploring(directory) as explorer:
        page.goto(explorer.url)
        shows(page, 2)
        egress = page.get_by_test_id("egress")
        expect(egress).to_contain_text("cooling")
        left = egress.locator("[data-until]")
        before = left.text_content()
        expect(left).not_to_have_text(before)
        assert before > left.text_content()


def test_ctrl_c_ends_the_server_while_a_page_is_open_and_the_page_says_so(rows, tmp_path, page, watch):
    directory = tmp_path / "set"
    with Rehearsal(Scenario(default=VIDEO)) as youtube:
        assert clipset(*fetching(rows, directory, youtube), "--max-clips", 1).returncode == 3
    with exploring(directory) as explorer:
        page.goto(explorer.url)
        shows(page, 1)
        expect(page.locator("#link")).to_be_hidden()
        assert explorer.interrupt() == (0, "")
        expect(page.locator("#link")).to_be_visible()
    watch.forgive("net::ERR_CONNECTION_REFUSED")
    watch.forgive("net::ERR_INCOMPLETE_CHUNKED_ENCODING")
