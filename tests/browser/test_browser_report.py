"""`clipset report` in a browser: opened from the disk, charts are drawn and answer, and nothing is loaded."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from reference_run import ReferenceRun, S

from clipset.ledger import Ledger
from clipset.report import sections
from clipset.report.from_ledger import from_ledger
from clipset.report.page import page as report_page

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
CHARTS = 10  # at least


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    """Of a small reference run, whose worst class is called `<script>alert(…)`."""
    directory = tmp_path_factory.mktemp("reported") / "k700"
    ReferenceRun(500).write(directory)
    with Ledger.read(directory) as ledger:
        found = from_ledger(ledger, "k700", 2_000_000_000 * S, lambda _what: None)
    (directory / "report.html").write_text(report_page(found, sections(found)), encoding="utf-8")
    return directory / "report.html"


@pytest.fixture
def opened(report: Path, page: Page) -> Page:
    page.goto(report.as_uri())
    expect(page.locator(".chart svg").last).to_be_visible()
    return page


def test_every_chart_is_drawn_and_nothing_is_loaded(opened, watch, report):
    charts = opened.locator(".chart")
    assert charts.count() >= CHARTS
    for chart in charts.all():
        marks = chart.locator("svg :is(.mark-rect, .mark-arc, .mark-area).role-mark path")
        assert marks.count() > 0, chart.inner_html()[:200]
    assert watch.requests == [report.as_uri()]


def test_a_chart_tells_more_under_the_pointer(opened):
    opened.locator("#chart-failures .mark-rect path, #chart-failures .mark-arc path").first.hover()
    tip = opened.locator("#vg-tooltip-element.visible")
    expect(tip).to_contain_text("unavailable")


def test_a_chart_can_be_saved_as_a_picture(opened):
    chart = opened.locator("#chart-failures")
    chart.locator("summary").click()
    with opened.expect_download() as saved:
        chart.get_by_text("Save as PNG").click()
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_class_that_is_a_script_is_text(opened):
    expect(opened.get_by_text("<script>alert").first).to_be_attached()
    assert opened.locator("script").count() == 2


@pytest.mark.parametrize("look", [PHONE], ids=["phone"])
def test_a_phone_scrolls_down_only(opened):
    wide, shown = opened.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= shown == 360
    for paragraph in opened.locator("p").all():
        box = paragraph.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


def luminance(colour: str) -> float:
    """Of `rgb(r, g, b)`, by WCAG 2."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def painted(page: Page, selector: str) -> tuple[str, str]:
    """The colour of a text, and of what is behind it."""
    return tuple(
        page.locator(selector).first.evaluate(
            """(element, isText) => {
                if (isText) return getComputedStyle(element).color;
                for (; element; element = element.parentElement) {
                    const colour = getComputedStyle(element).backgroundColor;
                    if (!/, 0\\)$/.test(colour)) return colour;
                }
                return "rgb(255, 255, 255)";
            }""",
            is_text,
        )
        for is_text in (True, False)
    )


@pytest.mark.parametrize("look", [{"color_scheme": "dark"}, {"color_scheme": "light"}], ids=["dark", "light"])
def test_texts_stand_out_from_what_is_behind_them(opened):
    for selector in ("body", "h1", "nav a", "p", "td", "th", ".note", ".files", ".files a"):
        assert contrast(*painted(opened, selector)) >= 4.5, selector
