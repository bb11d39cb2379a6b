"""A real browser, headless: pages that may not leave the machine nor complain."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from window import ASKED_FOR, NAMES, PATIENCE_MS, Watch, find_browser, launch

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
