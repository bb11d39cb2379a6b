"""The pictures of the docs: each that a page shows is there, and each that is there is shown."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LIMIT_BYTES = 200_000
BEGINNINGS = {".png": (b"\x89PNG\r\n\x1a\n",), ".svg": (b"<svg", b"<?xml")}


def shown(page: Path) -> list[Path]:
    return [(page.parent / name).resolve() for name in re.findall(r"!\[[^]]+\]\(([^)\s]+)\)", page.read_text("utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_picture_of_a_page_is_there_and_small(page):
    for picture in shown(page):
        content = picture.read_bytes()
        assert content.startswith(BEGINNINGS[picture.suffix]), picture.name
        assert len(content) <= LIMIT_BYTES, picture.name


def test_each_picture_that_is_there_is_shown():
    there = {path for path in (ROOT / "docs" / "images").rglob("*") if path.is_file()}
    assert there == {picture for page in PAGES for picture in shown(page)}
