"""The explorer as people use it, over a dataset that a real fetch made: looking, playing, filtering, keys, a phone."""

import random
import re
from pathlib import Path
from urllib.parse import quote

import av
import pytest
from chromium import PHONE, contrast, explorer, needs_browser, sideways_px
from playwright.sync_api import Page, expect
from program import here, write_list

from clipset.rehearsal import Rehearsal, Scenario, Video

needs_browser()
pytestmark = pytest.mark.slow
SCRIPT = "<script>alert(1)</script>"
CLIP, SECOND, LOST = "-abcdefghij_000001_000011", "-abcdefghij_000012_000014", "privateaaaa_000000_000003"
ROWS = [
    ("riding a bike", "-abcdefghij", 1, 11, "train"),
    ("riding a bike", "-abcdefghij", 12, 14, "val"),
    ("riding a bike", "privateaaaa", 0, 3, "val"),
    (SCRIPT, "--bcdefghij", 2, 4, "train"),
    ("tap dancing", "removedaaaa", 0, 3, "train"),
    ("tai chi", "_abcdefghi_", 0, 2, "test"),
]
PREVIEW_BYTES = 60_000
READABLE = 4.5


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    """Four clips that are there and two that are lost."""
    folder = tmp_path_factory.mktemp("explored")
    videos = {"privateaaaa": Video(outcome="private"), "removedaaaa": Video(outcome="removed")}
    with Rehearsal(Scenario(videos=videos, default=Video(duration_s=15, itags=(18,)))) as youtube:
        rows = write_list(folder / "list.csv", ROWS)
        ran = here(
            "fetch", rows, "--out", folder / "d", "--youtube-origin", youtube.origin, "--rate", "unlimited"
        )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return folder / "d"


@pytest.fixture(scope="module")
def home(dataset: Path):
    with explorer(dataset) as (address, _):
        yield address


PAGES = {
    "dashboard": "/",
    "classes": "/classes",
    "class": "/class?label=riding+a+bike",
    "hostile class": f"/class?label={quote(SCRIPT)}",
    "clip": f"/clips/{CLIP}",
    "lost clip": f"/clips/{LOST}",
    "failures": "/failures",
}


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_every_page_fits_a_phone_and_is_readable_by_day_and_by_night(page, home, path):
    page.set_viewport_size(PHONE)
    page.goto(home + path)
    assert sideways_px(page) == 0
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for text in ("h1", "main p", "nav a", "footer"):
            assert contrast(page, text) >= READABLE, (text, scheme)


def test_classes_are_found_while_one_types(page, home, watched):
    page.goto(f"{home}/classes")
    rows = page.get_by_test_id("class-row")
    expect(rows).to_have_count(4)
    page.keyboard.press("/")
    expect(page.get_by_test_id("class-search")).to_be_focused()
    page.keyboard.type("bike")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("riding a bike")
    expect(page).to_have_url(re.compile(r"q=bike"))
    assert watched.requests.count(f"{home}/classes") == 1  # the page itself came once


def test_keys_lead_from_the_classes_to_a_clip_that_plays(page, home):
    page.goto(f"{home}/classes?q=bike")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("riding a bike")
    cards = page.get_by_test_id("clip-card")
    page.keyboard.press("ArrowRight")
    expect(cards.nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    plays(page)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("player")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/clips/"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def plays(page: Page) -> None:
    """The player's time goes on, with pictures."""
    expect(page.get_by_test_id("player")).to_be_visible()
    page.wait_for_function("() => document.querySelector('[data-testid=player]').currentTime > 0.3")
    assert page.get_by_test_id("player").evaluate("player => [player.videoWidth, player.videoHeight]") == [640, 360]


def test_a_click_plays_the_clip_in_the_grid(page, home):
    page.goto(f"{home}/class?label=riding+a+bike")
    card = page.locator(f"[data-clip-id='{CLIP}']")
    card.locator(".picture").click()
    plays(page)
    expect(page.get_by_test_id("preview")).to_have_count(0)


def test_seeking_asks_for_a_range(page, home):
    statuses, ranges = [], []
    page.on("response", lambda answer: "/media/" in answer.url and statuses.append(answer.status))
    page.on("request", lambda asked: "/media/" in asked.url and ranges.append(asked.headers.get("range")))
    page.goto(f"{home}/clips/{CLIP}")
    player = page.get_by_test_id("player")
    page.wait_for_function("() => document.querySelector('[data-testid=player]').readyState >= 1")
    assert player.evaluate("player => player.seekable.end(0)") == pytest.approx(10, abs=0.1)
    player.evaluate("player => { player.currentTime = 8; player.muted = true; return player.play() }")
    page.wait_for_function("() => document.querySelector('[data-testid=player]').currentTime > 8.2")
    assert set(statuses) == {206}
    assert all(asked and asked.startswith("bytes=") for asked in ranges)


def write_noise(path: Path) -> None:
    """Ten seconds, megabytes and a keyframe each, so that a browser has no reason to read all before it seeks."""
    noise = random.Random(0)
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as target:
        stream = target.add_stream("libx264", rate=25, options={"preset": "ultrafast", "qp": "12", "g": "25"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for _ in range(10 * 25):
            frame = av.VideoFrame(320, 180, "yuv420p")
            for plane in frame.planes:
                plane.update(noise.randbytes(plane.buffer_size))
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


def test_seeking_leaves_out_the_bytes_between(page, home, dataset):
    (file,) = (dataset / "test" / "tai_chi").iterdir()
    write_noise(file)
    asked, statuses = [], set()
    page.on("request", lambda request: "/media/" in request.url and asked.append(request.headers["range"]))
    page.on("response", lambda answer: "/media/" in answer.url and statuses.add(answer.status))
    page.goto(f"{home}/clips/{file.stem}")
    page.get_by_test_id("player").evaluate(
        """player => new Promise(seen => {
            player.addEventListener("seeked", () => seen(), {once: true})
            const seek = () => { player.currentTime = 9 }
            player.readyState > 0 ? seek() : player.addEventListener("loadedmetadata", seek)
        })"""
    )
    starts = [int(re.match(r"bytes=(\d+)-", words)[1]) for words in asked]
    assert starts[0] == 0
    assert max(starts) > 0.8 * file.stat().st_size > 8_000_000
    assert statuses == {206}


def test_a_preview_moves_under_the_pointer_and_is_small(page, home):
    sizes = []
    page.on("response", lambda answer: "/preview/" in answer.url and sizes.append(answer.headers["content-length"]))
    page.goto(f"{home}/class?label=riding+a+bike")
    card = page.locator(f"[data-clip-id='{CLIP}']")
    card.hover()
    preview = card.get_by_test_id("preview")
    expect(preview).to_be_visible()
    page.wait_for_function(
        """() => {
            const video = document.querySelector('[data-testid=preview]')
            if (!video || video.readyState < 2) return false
            const canvas = Object.assign(document.createElement('canvas'), {width: 64, height: 36})
            canvas.getContext('2d').drawImage(video, 0, 0, 64, 36)
            window.pictures = (window.pictures ?? new Set()).add(canvas.toDataURL())
            return window.pictures.size >= 4
        }"""
    )
    assert preview.evaluate("video => video.duration") == pytest.approx(2.5, abs=0.3)
    assert 0 < int(sizes[0]) <= PREVIEW_BYTES
    page.get_by_role("heading", level=1).hover()
    expect(preview).to_have_count(0)


def test_a_focused_clip_shows_its_preview_too(page, home):
    page.goto(f"{home}/class?label=riding+a+bike")
    page.keyboard.press("j")
    expect(page.get_by_test_id("preview")).to_be_visible()


def test_failures_are_filtered_by_reason_and_the_way_back_keeps_the_filter(page, home):
    page.goto(f"{home}/failures")
    rows = page.get_by_test_id("failure-row")
    expect(rows).to_have_count(2)
    page.get_by_test_id("reason-filter").select_option("private")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(LOST)
    expect(page).to_have_url(re.compile(r"reason=private"))
    rows.get_by_role("link", name=LOST).click()
    expect(page.locator(".missing")).to_contain_text("private")
    page.go_back()
    expect(page.get_by_test_id("reason-filter")).to_have_value("private")
    expect(rows).to_have_count(1)
    page.go_back()
    expect(rows).to_have_count(2)


def test_a_hostile_label_is_text_wherever_it_stands(page, home):
    """A dialog would be a complaint."""
    page.goto(f"{home}/classes")
    page.get_by_role("link", name=SCRIPT).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(SCRIPT)
    page.get_by_test_id("clip-card").get_by_role("link").click()
    expect(page.get_by_role("link", name=SCRIPT)).to_be_visible()
    assert page.evaluate("document.querySelectorAll('body script').length") == 0


def test_the_theme_is_switched_and_remembered(page, home):
    ground = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="light")
    page.goto(home)
    day = page.evaluate(ground)
    page.get_by_test_id("theme-switch").click()
    night = page.evaluate(ground)
    assert night != day
    assert contrast(page, "main p") >= READABLE
    page.goto(f"{home}/classes")
    assert page.evaluate(ground) == night


def test_the_video_is_a_link_and_is_never_loaded(page, home):
    page.goto(f"{home}/clips/{CLIP}")
    link = page.get_by_role("link", name="on YouTube")
    assert link.get_attribute("href") == "https://www.youtube.com/watch?v=-abcdefghij&t=1s"
    assert "noreferrer" in link.get_attribute("rel")
