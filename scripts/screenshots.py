"""Makes docs/images/*.png: the explorer beside a fetch from the offline YouTube, and the report of the reference run.

.venv/bin/python scripts/screenshots.py

Needs Debian's chromium, or the browser that CLIPSET_TEST_BROWSER names. What is shown is synthetic: the videos are
generated, and the report's ledger has the aggregates of the run of 2019 (tests/unit/reference_run.py).
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from clipset.rehearsal import Rehearsal, Scenario, Video

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "unit"))
from reference_run import ReferenceRun  # noqa: E402 - found by the line above

TARGET = ROOT / "docs" / "images"
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
PATIENCE_MS = 300_000
LABELS = (
    "abseiling", "archery", "baking cookies", "bouncing on trampoline", "building cabinet",
    "catching or throwing frisbee", "dribbling basketball", "juggling balls", "massaging person's head",
    "mountain climber (exercise)", "playing guitar", "pumping fist", "riding a bike", "robot dancing", "shaking head",
    "side kick", "tai chi", "tap dancing",
)  # fmt: skip
GONE = {"private": 20, "removed": 33, "terminated": 46, "terms_of_service": 67, "age": 69}  # the last of so many videos
VIDEOS, SHOWN_AT = 140, 70
SCENES = 12  # different pictures, which the videos share: so they are generated quickly
SHOWN_CLASS = "riding a bike"


def video_id(number: int) -> str:
    return f"Rehearse{number:03d}"


def rows() -> Iterator[str]:
    """A Kinetics CSV: a clip of ten seconds for each video, two for every fifth."""
    yield "label,youtube_id,time_start,time_end,split"
    for number in range(VIDEOS):
        label, split = LABELS[number % len(LABELS)], ("train", "train", "val", "train", "test")[number % 5]
        yield f"{label},{video_id(number)},{number % 5},{number % 5 + 10},{split}"
        if number % 5 == 2:
            yield f"{label},{video_id(number)},16,26,{split}"


def scenario() -> Scenario:
    videos = {}
    for number in range(VIDEOS):
        outcome = next((what for what, every in GONE.items() if number % every == every - 1), "available")
        videos[video_id(number)] = Video(duration_s=28, itags=(18,), media_key=number % SCENES, outcome=outcome)
    return Scenario(videos=videos)


@contextmanager
def running(*words: object) -> Iterator[subprocess.Popen]:
    """A command of clipset until the end of the block."""
    command = [sys.executable, "-m", "clipset", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)


@contextmanager
def opened() -> Iterator[Browser]:
    names = [os.environ.get("CLIPSET_TEST_BROWSER", "chromium"), "chromium-browser", "google-chrome"]
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        sys.exit("no browser: apt-get install chromium, or set CLIPSET_TEST_BROWSER")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, chromium_sandbox=os.geteuid() != 0)
        yield browser
        browser.close()


def tab(browser: Browser, **options: object) -> Page:
    page = browser.new_page(**{"viewport": DESK, "color_scheme": "light", "reduced_motion": "reduce"} | options)
    page.set_default_timeout(PATIENCE_MS)
    return page


def take(shown: Page | Locator, name: str, style: str = "") -> None:
    path = TARGET / f"{name}.png"
    shown.screenshot(path=path, style=style)
    sys.stderr.write(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes\n")


def explorer(browser: Browser, folder: Path) -> None:
    """Pictures of the dashboard while a fetch runs, and of the other pages once it has ended."""
    annotations, dataset = folder / "kinetics.csv", folder / "kinetics"
    annotations.write_text("\n".join([*rows(), ""]), encoding="utf-8")
    with Rehearsal(scenario()) as youtube:
        youtube.prepare(video_id(number) for number in range(SCENES))
        words = ("fetch", annotations, "--out", dataset, "--youtube-origin", youtube.origin, "--rate", "unlimited")
        with running(*words, "--json") as fetch:
            next(line for line in fetch.stdout if '"done"' in line)
            with running("explore", dataset, "--port", 0) as server:
                home = server.stdout.readline().strip().removesuffix("/")
                dashboard(browser, home)
                for _ in fetch.stdout:  # to its end
                    pass
                pages(browser, home)


def dashboard(browser: Browser, home: str) -> None:
    page, phone = tab(browser), tab(browser, viewport=PHONE, color_scheme="dark")
    page.goto(home)
    phone.goto(home)
    page.wait_for_function(
        "(least) => parseInt(document.querySelector('[data-testid=progress]').textContent) >= least", arg=SHOWN_AT
    )
    take(page, "dashboard")
    take(phone, "phone")


def pages(browser: Browser, home: str) -> None:
    page = tab(browser)
    page.goto(f"{home}/classes?sort=loss")
    take(page, "classes")
    page.get_by_role("link", name=SHOWN_CLASS).click()
    first = page.locator("[data-testid=clip-card][data-state=done]").first
    first.hover()
    still(page, "[data-testid=preview]", 1.0)
    for poster in page.locator("img").all():
        poster.evaluate("image => { image.loading = 'eager'; return image.decode() }")
    take(page, "class")
    first.get_by_role("link").click()
    still(page, "[data-testid=player]", 4.0)
    take(page, "clip")
    page.goto(f"{home}/failures")
    take(page, "failures")


def still(page: Page, selector: str, at_s: float) -> None:
    """The video at one moment, so that a picture of it is the same each time."""
    page.wait_for_function("(selector) => document.querySelector(selector)?.readyState >= 2", arg=selector)
    page.locator(selector).evaluate(
        """(video, at_s) => new Promise(seen => {
            video.pause()
            video.muted = true
            video.addEventListener('seeked', () => requestAnimationFrame(() => seen()), {once: true})
            video.currentTime = at_s
        })""",
        at_s,
    )
    page.wait_for_function("(selector) => document.querySelector(selector).readyState === 4", arg=selector)
    page.wait_for_timeout(1000)  # Chromium takes its waiting sign away


def report(browser: Browser, folder: Path) -> None:
    ReferenceRun().write(folder / "kinetics700")
    with running("report", folder / "kinetics700") as process:
        process.wait()
    page = tab(browser, viewport=DESK | {"height": 980})
    page.goto((folder / "kinetics700" / "report" / "report.html").as_uri())
    expect(page.locator(".chart svg.marks")).to_have_count(page.locator(".chart").count())
    take(page, "report")
    take(page.locator("#failures"), "report-failures", "#failures { padding: 0 1.5rem }")


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory(prefix="clipset-pictures-") as folder, opened() as browser:
        explorer(browser, Path(folder))
        report(browser, Path(folder))


if __name__ == "__main__":
    main()
