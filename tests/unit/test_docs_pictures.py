"""The documentation shows only pictures that are there, small and of the form that their names say."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")))
PICTURES = [
    (page, name) for page in PAGES for name in re.findall(r"!\[[^]]+\]\(([^)]+)\)", (ROOT / page).read_text("utf-8"))
]
PNG_BYTES = 180_000
PNG_PX = 1280


@pytest.mark.parametrize(("page", "name"), PICTURES)
def test_a_picture_that_a_page_shows_is_there(page, name):
    content = (ROOT / page).parent.joinpath(name).read_bytes()
    if name.endswith(".svg"):
        assert ET.fromstring(content).tag.endswith("svg")  # noqa: S314 - our own
        return
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(content[16:20]) <= PNG_PX
    assert len(content) <= PNG_BYTES


def test_every_screenshot_is_shown():
    shown = {(ROOT / page).parent.joinpath(name).resolve() for page, name in PICTURES}
    assert {path for path in (ROOT / "docs" / "images").glob("*.png") if path not in shown} == set()
