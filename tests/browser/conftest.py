"""A real browser, headless: pages that may not leave the machine nor complain, and an explorer to look at."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from program import clipset_command, environment
from window import ASKED_FOR, NAMES, Watch, find_browser, launch

PATIENCE_MS = 30_000  # nothing takes that long; a machine under load may
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.slow)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skipped here and not by the fixture, the tests are one line of pytest's summary."""
    if "browser" not in item.fixturenames or find_browser() is not None:
        return
    what = f"no browser: none of {', '.join(NAMES)} is on PATH, and {ASKED_FOR} names none"
    if os.environ.get("CI"):
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One a module and not one a session: its event loop would be in the way of other tests in this process."""
    with sync_playwright() as playwright:
        opened = launch(playwright, find_browser())
        yield opened
        opened.close()


@pytest.fixture
def look(request: pytest.FixtureRequest) -> dict[str, object]:
    """How the window is: `@pytest.mark.parametrize("look", [{"viewport": ..., "color_scheme": "dark"}])`."""
    return getattr(request, "param", {})


@pytest.fixture
def context(browser: Browser, look: dict[str, object]) -> Iterator[BrowserContext]:
    made = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **look})
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def watch(context: BrowserContext) -> Iterator[Watch]:
    watching = Watch(context)
    yield watching
    assert watching.outside() == []
    assert watching.unforgiven() == []


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Page:
    return context.new_page()


class Explorer:
    """`clipset explore` as a process of its own, with a cache beside the dataset."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            clipset_command("explore", directory, "--port", 0),
            env=environment() | {"XDG_CACHE_HOME": str(directory.with_name("cache"))},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.url = self.process.stdout.readline().strip().rstrip("/")

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C; its exit status and what it complained of."""
        self.process.send_signal(signal.SIGINT)
        _, complaints = self.process.communicate(timeout=PATIENCE_MS / 1000)
        return self.process.returncode, complaints


@contextmanager
def exploring(directory: Path) -> Iterator[Explorer]:
    """An explorer that is ended with Ctrl-C, if it was not already."""
    explorer = Explorer(directory)
    try:
        assert explorer.url.startswith("http://127.0.0.1:"), explorer.process.communicate(timeout=10)
        yield explorer
        if explorer.process.poll() is None:
            assert explorer.interrupt() == (0, "")
    finally:
        explorer.process.kill()
        explorer.process.communicate()
