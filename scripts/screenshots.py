"""Makes the pictures of the pages in docs/images: of `clipset explore` and of `clipset report`.

.venv/bin/python scripts/screenshots.py [NAME...]

A Chromium has to be there, and nothing leaves the machine. Without names all are made, which takes two minutes.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pictured import clips_of_a_class, run_in_the_middle
from playwright.sync_api import Browser, Page, sync_playwright

from clipset.rehearsal import Rehearsal

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / "tests" / part) for part in ("browser", "unit")]

from reference_run import ReferenceRun  # noqa: E402 - from the tests
from window import find_browser, launch  # noqa: E402

IMAGES = ROOT / "docs" / "images"
WINDOW = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
GUITAR = "/class?label=playing+guitar"
CLIP = "guitar-0003_000003_000013"


def clipset(*words: object, expected: int = 0) -> None:
    ran = subprocess.run([sys.executable, "-m", "clipset", *map(str, words)], check=False)
    if ran.returncode != expected:
        raise SystemExit(f"clipset {words[0]} ended with {ran.returncode}")


class Studio:
    """A browser in front of the pages of a dataset."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url

    @contextmanager
    def page(self, address: str, name: str, *, window: dict[str, int] = WINDOW, theme: str = "light") -> Iterator[Page]:
        """Photographed at the end, when all that it shows is there."""
        context = self._browser.new_context(viewport=window, color_scheme=theme, locale="en-GB", timezone_id="UTC")
        page = context.new_page()
        page.goto(self._url + address)
        yield page
        page.evaluate("Promise.all([...document.images].map(image => image.decode()))")
        page.screenshot(path=IMAGES / f"{name}.png", animations="disabled", caret="hide")
        context.close()


@contextmanager
def explored(browser: Browser, directory: Path) -> Iterator[Studio]:
    command = [sys.executable, "-m", "clipset", "explore", str(directory), "--port", "0"]
    alone = os.environ | {"XDG_CACHE_HOME": str(directory.with_name("cache"))}
    with subprocess.Popen(command, env=alone, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield Studio(browser, server.stdout.readline().strip().rstrip("/"))
        finally:
            server.terminate()


def of_a_run(browser: Browser, folder: Path) -> None:
    """dashboard, classes, failures, phone"""
    with run_in_the_middle(folder / "kinetics400"), explored(browser, folder / "kinetics400") as studio:
        for name, window, theme in (("dashboard", WINDOW, "light"), ("phone", PHONE, "dark")):
            with studio.page("/", name, window=window, theme=theme) as page:
                page.get_by_text("clips done").wait_for()
        with studio.page("/classes?sort=loss", "classes"):
            pass
        with studio.page("/failures", "failures"):
            pass


def of_clips(browser: Browser, folder: Path) -> None:
    """class, clip"""
    text, scenario = clips_of_a_class()
    annotations, directory = folder / "guitar.csv", folder / "guitars"
    annotations.write_text(text, encoding="utf-8")
    with Rehearsal(scenario) as youtube:
        reach = ("--youtube-origin", youtube.origin, "--rate", "unlimited")
        clipset("fetch", annotations, "--out", directory, *reach)
    with explored(browser, directory) as studio:
        with studio.page(GUITAR, "class") as page:
            page.locator(f"[data-clip-id={CLIP}]").hover()
            page.get_by_test_id("preview").evaluate(
                """video => new Promise(shown => {
                    const look = () => { video.currentTime > 0.5 ? shown(video.pause()) : setTimeout(look, 20); };
                    look();
                })"""
            )
        with studio.page(f"/clips/{CLIP}", "clip", theme="dark") as page:
            page.evaluate("""async () => {
                const video = document.querySelector("[data-testid=player]");
                video.muted = true;
                await video.play();
                video.pause();
                video.currentTime = 4;
                await new Promise(seeked => video.addEventListener("seeked", seeked, { once: true }));
            }""")


def of_a_report(browser: Browser, folder: Path) -> None:
    """report, report-failures"""
    directory = folder / "kinetics700"
    ReferenceRun().write(directory)
    clipset("report", directory)
    studio = Studio(browser, (directory / "report" / "report.html").as_uri())
    with studio.page("", "report") as page:
        page.locator(".chart svg").last.wait_for()
    with studio.page("#failures", "report-failures") as page:
        page.locator(".chart svg").last.wait_for()
        page.locator("#failures").scroll_into_view_if_needed()


TAKES: tuple[Callable[[Browser, Path], None], ...] = (of_a_run, of_clips, of_a_report)


def main(names: list[str]) -> None:
    path = find_browser()
    if path is None:
        raise SystemExit("a Chromium has to be there: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright, path)
        for take in TAKES:
            if not names or set(names) & set(take.__doc__.split(", ")):
                take(browser, Path(folder))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
