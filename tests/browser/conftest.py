"""A browser for each module of tests, and a page for each test that fails when its page did something wrong."""

import os
import threading
from collections.abc import Iterator

import pytest
from chromium import DESK, PATIENCE_MS, SWITCHES, Gate, Watched, complaint, found_browser
from playwright.sync_api import Browser, Page, sync_playwright


@pytest.fixture(scope="module")
def gate() -> Iterator[Gate]:
    with Gate() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser(gate: Gate) -> Iterator[Browser]:
    """For a module and not longer: Playwright keeps an event loop in the thread, which other tests may want to have."""
    path = found_browser()
    assert path is not None, complaint()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=SWITCHES,
            chromium_sandbox=os.geteuid() != 0,  # root's Chromium has none
            proxy={"server": f"http://127.0.0.1:{gate.server_address[1]}", "bypass": "127.0.0.1"},
        )
        yield browser
        browser.close()


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def page(browser: Browser, gate: Gate, watched: Watched) -> Iterator[Page]:
    """A page of its own profile. The test fails if anything left the machine or the page complained."""
    with browser.new_context(viewport=DESK, service_workers="block") as context:
        context.set_default_timeout(PATIENCE_MS)
        context.on("page", watched.watch)
        yield context.new_page()
    assert watched.outside() == []
    assert gate.asked == []
    assert watched.complaints == []
