"""`clipset explore` in a browser: clips play, previews move, filters stay, keys work, nothing leaves the machine."""

import re
from pathlib import Path

import pytest
from datasets import DONE, GONE, HOSTILE, PLAYABLE, explored, write_heavy
from explorer import exploring
from playwright.sync_api import Page, expect

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
LONG = "juggling_01_000002_000012"
LOST = "private_001_000001_000004"
PREVIEW_LIMIT_BYTES = 80_000


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    return explored(tmp_path_factory.mktemp("explored"))


@pytest.fixture(scope="module")
def site(dataset: Path) -> str:
    with exploring(dataset) as explorer:
        yield explorer.url


@pytest.fixture
def addresses(site: str) -> dict[str, str]:
    return {
        "dashboard": f"{site}/",
        "classes": f"{site}/classes",
        "class": f"{site}/class?label=juggling+balls",
        "hostile class": f"{site}/class?label=%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "clip": f"{site}/clips/{LONG}",
        "lost clip": f"{site}/clips/{LOST}",
        "failures": f"{site}/failures",
    }


def card(page: Page, clip_id: str = LONG):
    return page.locator(f"[data-testid=clip-card][data-clip-id={clip_id}]")


def test_search_narrows_the_classes_and_is_in_the_address(page, site):
    page.goto(f"{site}/classes")
    rows = page.get_by_test_id("class-row")
    expect(rows).to_have_count(3)
    page.get_by_test_id("class-search").press_sequentially("jugg")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(PLAYABLE)
    expect(page).to_have_url(re.compile(r"/classes\?(.*&)?q=jugg\b"))
    page.reload()
    expect(rows).to_have_count(1)
    page.get_by_test_id("class-search").fill("no such class")
    expect(rows).to_have_count(0)


def test_a_clip_plays_in_its_card_and_on_its_page(page, addresses):
    page.goto(addresses["class"])
    card(page).locator(".picture").click()
    plays(page.get_by_test_id("player"))
    page.goto(addresses["clip"])
    player = page.get_by_test_id("player")
    player.evaluate("video => { video.muted = true; return video.play(); }")
    plays(player)
    assert player.evaluate("video => video.duration") == pytest.approx(10, abs=0.1)
    assert player.evaluate("video => [video.videoWidth, video.videoHeight]") == [320, 180]


def plays(player) -> None:
    """Its time goes on, and pictures are shown."""
    player.evaluate(
        """video => new Promise((yes, no) => {
            video.addEventListener("error", () => no(video.error.message));
            const look = () => video.currentTime > 0.3 && video.getVideoPlaybackQuality().totalVideoFrames > 3
                ? yes() : setTimeout(look, 50);
            look();
        })"""
    )


def test_seeking_asks_for_the_bytes_that_are_there_and_not_for_all(page, dataset, site, context):
    """As soon as it knows where pictures lie, a browser may leave out what is between."""
    (file,) = (dataset / "train" / "clapping").iterdir()
    write_heavy(file, 10)
    asked, statuses = [], set()
    context.on("request", lambda request: asked.append(request) if "/media/" in request.url else None)
    context.on("response", lambda answer: statuses.add(answer.status) if "/media/" in answer.url else None)
    page.goto(f"{site}/clips/{file.stem}")
    page.get_by_test_id("player").evaluate(
        """video => new Promise(yes => {
            video.addEventListener("seeked", () => yes(), { once: true });
            const seek = () => { video.currentTime = 9; };
            video.readyState > 0 ? seek() : video.addEventListener("loadedmetadata", seek);
        })"""
    )
    assert page.get_by_test_id("player").evaluate("video => video.currentTime") == 9
    starts = [int(re.match(r"bytes=(\d+)-", request.header_value("range"))[1]) for request in asked]
    assert starts[0] == 0
    assert max(starts) > 0.8 * file.stat().st_size > 8_000_000
    assert statuses == {206}


def test_a_clip_under_the_pointer_shows_a_small_preview_that_moves_four_times_as_fast(page, addresses, context):
    sizes = []
    context.on("response", lambda answer: sizes.append(answer) if "/preview/" in answer.url else None)
    page.goto(addresses["class"])
    card(page).hover()
    preview = card(page).get_by_test_id("preview")
    plays(preview)
    shown = preview.evaluate("video => [video.duration, video.muted, video.loop, video.videoHeight]")
    assert shown == [pytest.approx(2.5, abs=0.1), True, True, pytest.approx(120, abs=30)]
    whole = {int(answer.header_value("content-range").rpartition("/")[2]) for answer in sizes}
    assert max(whole) <= PREVIEW_LIMIT_BYTES
    page.mouse.move(1, 1)
    expect(preview).to_have_count(0)


def test_failures_filter_by_reason_and_the_way_back_keeps_the_filter(page, addresses, site):
    page.goto(addresses["failures"])
    rows = page.get_by_test_id("failure-row")
    expect(rows).to_have_count(len(GONE))
    page.get_by_test_id("reason-filter").select_option("private")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(LOST)
    expect(page).to_have_url(re.compile(r"/failures\?(.*&)?reason=private\b"))
    rows.get_by_role("link", name=LOST).click()
    expect(page.locator("h1")).to_have_text(LOST)
    page.go_back()
    expect(rows).to_have_count(1)
    expect(page.get_by_test_id("reason-filter")).to_have_value("private")
    page.go_back()
    expect(rows).to_have_count(len(GONE))
    expect(page.get_by_test_id("reason-filter")).to_have_value("")


def test_a_label_that_is_a_script_is_text_on_every_page(page, addresses):
    for name in ("classes", "failures", "hostile class", "lost clip"):
        page.goto(addresses[name])
        expect(page.get_by_text(HOSTILE).first).to_be_visible()
        assert page.locator("script:not([src])").count() == 0


def test_keys_search_move_open_and_play(page, addresses):
    page.goto(addresses["classes"])
    page.keyboard.press("/")
    expect(page.get_by_test_id("class-search")).to_be_focused()
    page.keyboard.type("jugg")
    expect(page.get_by_test_id("class-row")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name=PLAYABLE)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(PLAYABLE)
    cards = page.get_by_test_id("clip-card")
    page.keyboard.press("ArrowRight")
    expect(cards.nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    plays(cards.nth(0).get_by_test_id("player"))
    chosen = cards.nth(0).get_attribute("data-clip-id")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(chosen)
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_be_visible()


def backdrop(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


@pytest.mark.parametrize("look", [{"color_scheme": "dark"}, {"color_scheme": "light"}], ids=["dark", "light"])
def test_the_theme_is_the_systems_until_it_is_switched_and_is_remembered(page, addresses):
    page.goto(addresses["dashboard"])
    of_system = backdrop(page)
    page.get_by_test_id("theme-switch").click()
    switched = backdrop(page)
    assert switched != of_system
    page.goto(addresses["classes"])
    assert backdrop(page) == switched
    page.get_by_test_id("theme-switch").click()
    assert backdrop(page) == of_system


@pytest.mark.parametrize("look", [PHONE], ids=["phone"])
def test_a_phone_scrolls_down_only(page, addresses):
    for name, address in addresses.items():
        page.goto(address)
        assert page.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [360, 360], name


def test_every_page_says_its_counts(page, addresses):
    page.goto(addresses["dashboard"])
    expect(page.get_by_test_id("progress")).to_contain_text(f"{len(DONE)} of {len(DONE) + len(GONE)} clips done")
    page.goto(addresses["class"])
    expect(page.get_by_test_id("clip-card")).to_have_count(3)
    page.goto(addresses["lost clip"])
    expect(page.locator(".missing")).to_contain_text("private")
    link = page.get_by_role("link", name="YouTube")
    assert link.get_attribute("href") == "https://www.youtube.com/watch?v=private_001&t=1s"
    assert "noreferrer" in link.get_attribute("rel")
