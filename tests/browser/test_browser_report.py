"""The report as people open it: from a file, without a network, on any screen."""

import sys
from pathlib import Path

import pytest
from chromium import PHONE, contrast, needs_browser, sideways_px
from playwright.sync_api import Page, expect

from clipset.cli import main

sys.path.append(str(Path(__file__).parents[1] / "unit"))
from reference_run import ReferenceRun

needs_browser()
pytestmark = pytest.mark.slow
SCRIPT = '<script>alert("x")</script>'  # the class that a stranger named
DRAWN = ".chart svg.marks"
READABLE = 4.5


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    directory = tmp_path_factory.mktemp("small") / "d"
    ReferenceRun(500).write(directory)
    assert main(["report", str(directory)]) == 0
    return (directory / "report" / "report.html").as_uri()


@pytest.fixture
def report(page: Page, address: str) -> Page:
    """The page with all its figures drawn."""
    page.goto(address)
    expect(page.locator(DRAWN)).to_have_count(page.locator(".chart").count())
    return page


def test_every_figure_has_marks_and_nothing_is_loaded(report, watched, address):
    for chart in report.locator(DRAWN).all():
        assert chart.locator(".mark-arc path, .mark-rect path, .mark-area path").count() > 0
    assert watched.requests == [address]


def test_pointing_at_a_part_says_what_it_is(report):
    report.locator("#chart-failures .mark-arc path").first.hover()
    tip = report.locator("#vg-tooltip-element")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("unavailable: 21 (65.62 %)")


def test_a_hostile_label_is_text_in_the_table_the_figure_and_the_tooltip(report):
    """A dialog would be a complaint."""
    expect(report.locator("#classes td", has_text=SCRIPT)).to_be_visible()
    expect(report.locator("#chart-classes svg.marks text", has_text=SCRIPT)).to_be_visible()
    report.locator("#chart-classes .mark-rect path").first.hover()
    expect(report.locator("#vg-tooltip-element")).to_contain_text(SCRIPT)


def test_a_narrow_screen_scrolls_figures_and_never_the_page(report):
    report.set_viewport_size(PHONE)
    assert sideways_px(report) == 0
    figure = report.locator("#chart-pace")
    assert figure.evaluate("figure => figure.scrollWidth > figure.clientWidth")
    box = figure.bounding_box()
    assert box["x"] + box["width"] <= PHONE["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_by_day_and_by_night(report, scheme):
    report.emulate_media(color_scheme=scheme)
    for text in ("h1", "p", ".note", ".files", "nav a", "td"):
        assert contrast(report, text) >= READABLE, text
    is_dark = report.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert is_dark == (scheme == "dark")
    assert report.locator("#chart-pace").evaluate("figure => getComputedStyle(figure).backgroundColor") == (
        "rgb(255, 255, 255)"
    )


def test_the_links_lead_to_the_parts_and_to_files_that_are_there(report):
    report.get_by_role("link", name="Clips per hour", exact=True).click()
    expect(report.locator("#pace h2")).to_be_in_viewport()
    for link in report.locator(".files a").all():
        assert Path(link.evaluate("link => new URL(link.href).pathname")).is_file()


def test_a_page_that_asks_outside_would_be_noticed(page, watched, gate):
    """By both: by what the page asked for, and by what reached the browser's way out."""
    page.goto("data:text/html,<img src=http://clipset.example/pixel.png>")
    assert watched.outside() == ["http://clipset.example/pixel.png"]
    assert gate.asked == ["clipset.example"]
    assert watched.complaints
    for noticed in (watched.requests, watched.complaints, gate.asked):
        noticed.clear()
