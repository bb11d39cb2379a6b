"""What the outside sees of an egress, and what nobody may see of its secrets."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fake_youtube import FakeYouTube, hang_up, media_format, playable, serve, status, unplayable
from rig import VIDEO_ID, DiaryGate, Rig, job

from clipset.reasons import Reason
from clipset.sources.youtube.config import Egress, YouTubeConfig
from clipset.sources.youtube.source import YouTubeSource
from clipset.types import ClipsetError, Cooling, Meter, Recipe

PLAYER, MEDIA_PATH = "/youtubei/v1/player", "/videoplayback"


@pytest.fixture
def elsewhere() -> Iterator[FakeYouTube]:
    fake = FakeYouTube()
    server = serve(fake)
    yield fake
    server.shutdown()
    server.server_close()


def redirect(url: str, code: int = 302) -> Callable[[Any], None]:
    return status(code, Location=url)


@pytest.mark.parametrize("url", ["https://rr9---sn-z.googlevideo.com/videoplayback?moved=1", "/videoplayback?moved=1"])
def test_redirects_to_youtube_stay_on_the_stand_in_and_are_counted(rig: Rig, url: str) -> None:
    rig.youtube.script(MEDIA_PATH, redirect(url))
    with rig.source().locate(job(), rig.meter) as found:
        assert len(next(found).media.video.read(0, 100)) == 100
    assert rig.youtube.seen[-1].query == "moved=1"
    assert rig.youtube.seen[-1].headers["Range"] == "bytes=0-99"
    assert rig.meter.requests == len(rig.youtube.seen) == 3


def test_redirects_that_never_end_are_given_up(rig: Rig) -> None:
    rig.youtube.script(PLAYER, *[redirect("https://www.youtube.com" + PLAYER, 307)] * 30)
    assert rig.failure().reason is Reason.SERVER_ERROR
    assert len(rig.youtube.seen) == 8


def test_a_redirect_to_googles_captcha_page_is_a_refusal_and_not_followed(rig: Rig) -> None:
    rig.youtube.script(PLAYER, redirect("https://www.google.com/sorry/index?continue=x"))
    failure = rig.failure()
    assert (failure.reason, failure.http_status) == (Reason.THROTTLED, 429)
    assert len(rig.youtube.seen) == 1


def test_a_redirected_post_becomes_a_get_as_in_browsers(rig: Rig) -> None:
    rig.youtube.script(PLAYER, redirect("https://www.youtube.com/watch", 303))
    with rig.source().locate(job(), rig.meter):
        pass
    assert [seen.method for seen in rig.youtube.seen[:2]] == ["POST", "GET"]


def test_cookies_go_to_the_stand_in_as_they_would_to_youtube_and_come_back_to_no_file(
    rig: Rig, cookie_file: Callable[..., Path]
) -> None:
    path = cookie_file(VISITOR="visitor-value")
    before = path.read_bytes()
    rig.youtube.script(
        PLAYER,
        lambda handler: handler.send(503, headers={"Set-Cookie": "NEW=1; Domain=.youtube.com"}),
    )
    source = rig.source(Egress.of(cookies=path))
    with pytest.raises(ClipsetError), source.locate(job(), rig.meter):
        pass
    with source.locate(job(), rig.meter) as found:
        next(found).media.video.read(0, 10)
    source.close()
    assert "VISITOR=visitor-value" in rig.youtube.seen[0].headers["Cookie"]
    assert path.read_bytes() == before


def test_an_account_is_resolved_by_clients_that_take_its_cookies(rig: Rig, cookie_file: Callable[..., Path]) -> None:
    """Lean clients take none, and an account's limits are counted only where the account is seen."""
    account = Egress.of(cookies=cookie_file(LOGIN_INFO="login-value", SAPISID="sapisid-value"))
    with rig.source(account).locate(job(), rig.meter) as found:
        assert next(found).tool.endswith(" default 18")
    assert "VISIONOS" not in rig.youtube.clients()
    assert "login-value" in rig.youtube.seen[0].headers["Cookie"]


@pytest.mark.parametrize("content", [None, b"not a cookie file\n", b"\xff\xfe\x00"])
def test_a_cookie_file_that_is_none_ends_the_run_plainly(rig: Rig, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "cookies.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ClipsetError) as failed, rig.source(Egress.of(cookies=path)).locate(job(), rig.meter):
        pass
    assert failed.value.failure.reason is Reason.MISSING_PART
    assert "--cookies" in failed.value.failure.detail
    assert rig.youtube.seen == []


def test_a_ca_file_that_is_none_ends_the_run_plainly(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    with pytest.raises(ClipsetError) as failed, rig.source(Egress.of(ca_file=path)).locate(job(), rig.meter):
        pass
    assert failed.value.failure.reason is Reason.MISSING_PART


def test_a_proxy_sees_the_resolve_and_the_media(rig: Rig, elsewhere: FakeYouTube) -> None:
    """A plain HTTP proxy gets the whole URL; here it answers itself."""
    host = urlsplit(elsewhere.origin).netloc
    proxy = Egress.of(proxy=f"http://me:hunter2@{host}")
    rig.youtube.origin = "http://youtube.invalid"
    for path in (PLAYER, MEDIA_PATH):
        elsewhere.scripted["http://youtube.invalid" + path] = elsewhere.scripted[path]
    with rig.source(proxy).locate(job(), rig.meter) as found:
        located = next(found)
        assert len(located.media.video.read(0, 10)) == 10
    assert rig.youtube.seen == []
    assert elsewhere.paths() == [PLAYER, MEDIA_PATH]
    assert all("Proxy-Authorization" in seen.headers for seen in elsewhere.seen)
    assert located.egress == host


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with rig.source().locate(job(), rig.meter):
        pass
    assert rig.youtube.paths() == [PLAYER]


def test_a_source_address_is_bound(rig: Rig) -> None:
    with rig.source(Egress.of(source_address="127.0.0.1")).locate(job(), rig.meter) as found:
        assert next(found).egress == "127.0.0.1"
    with (
        pytest.raises(ClipsetError) as failed,
        rig.source(Egress.of(source_address="192.0.2.1")).locate(job(), rig.meter),
    ):
        pass
    assert failed.value.failure.reason is Reason.NETWORK


class TestSeveralEgresses:
    """Media leaves through the egress that resolved, and an egress that cools is passed over."""

    @pytest.fixture
    def fleet(self, rig: Rig) -> Iterator[tuple[YouTubeSource, dict[str, DiaryGate]]]:
        gates = {"a": DiaryGate(), "b": DiaryGate()}
        egresses = [Egress("a", source_address="127.0.0.1"), Egress("b", source_address="127.0.0.1")]
        config = YouTubeConfig(origin=rig.youtube.origin)
        source = YouTubeSource(config, egresses, gates, threading.Event(), Recipe())
        yield source, gates
        source.close()

    def names(self, source: YouTubeSource, count: int) -> list[str]:
        found = []
        for _ in range(count):
            with source.locate(job(), Meter()) as located:
                found += [item.egress for item in located]
        return found

    def test_they_take_turns(self, fleet: tuple[YouTubeSource, dict[str, DiaryGate]]) -> None:
        source, gates = fleet
        assert self.names(source, 4) == ["a", "b", "a", "b"]
        assert gates["a"].diary == ["enter", "succeeded"] * 2

    def test_one_that_cools_is_passed_over(self, fleet: tuple[YouTubeSource, dict[str, DiaryGate]]) -> None:
        source, gates = fleet
        gates["a"].cooling = True
        assert self.names(source, 3) == ["b", "b", "b"]

    def test_when_all_cool_the_video_is_untouched(self, fleet: tuple[YouTubeSource, dict[str, DiaryGate]]) -> None:
        source, gates = fleet
        gates["a"].cooling = gates["b"].cooling = True
        with pytest.raises(Cooling), source.locate(job(), Meter()):
            pass


SECRETS = ("hunter2", "SIGNED-SECRET", "LSIGNED-SECRET", "login-value", "sapisid-value", "203.0.113.9")


def leaking_pages(rig: Rig) -> dict[str, Callable[[], None]]:
    """Ways to fail with a secret at hand: in the URL, in what the server says, in what breaks."""
    url = media_format(VIDEO_ID, 18, "video/mp4", 640, 360, 1)["url"]
    script = rig.youtube.script
    return {
        "media 403": lambda: script(MEDIA_PATH, status(403), status(403)),
        "media 429": lambda: script(MEDIA_PATH, status(429)),
        "media 500": lambda: script(MEDIA_PATH, status(500)),
        "media hangs up": lambda: script(MEDIA_PATH, *[hang_up] * 9),
        "media redirects for ever": lambda: script(MEDIA_PATH, *[redirect(url)] * 30),
        "media redirects into the void": lambda: script(MEDIA_PATH, *[redirect("http://127.0.0.1:9/" + url[8:])] * 9),
        "the reason quotes a URL": lambda: rig.youtube.players.update(
            {VIDEO_ID: unplayable(VIDEO_ID, f"Cannot play {url}")}
        ),
        "the reason quotes cookies": lambda: rig.youtube.players.update(
            {VIDEO_ID: unplayable(VIDEO_ID, "You sent Cookie: LOGIN_INFO=login-value and sapisid-value")}
        ),
        "no formats": lambda: rig.youtube.players.update({VIDEO_ID: playable(VIDEO_ID, streamingData={})}),
    }


@pytest.mark.parametrize("case", leaking_pages(Rig(FakeYouTube())))
def test_no_failure_holds_a_secret(rig: Rig, cookie_file: Callable[..., Path], case: str) -> None:
    leaking_pages(rig)[case]()
    egress = Egress.of(cookies=cookie_file(LOGIN_INFO="login-value", SAPISID="sapisid-value"))
    with pytest.raises(ClipsetError) as failed, rig.source(egress).locate(job(), rig.meter) as found:
        next(found).media.video.read(0, 100)
    texts = [failed.value.failure.detail, str(failed.value), *rig.gate.details]
    assert not [text for text in texts for secret in SECRETS if secret in text]


def test_a_proxy_that_refuses_does_not_get_its_password_written_down(rig: Rig) -> None:
    egress = Egress.of(proxy="http://me:hunter2@127.0.0.1:9")
    with pytest.raises(ClipsetError) as failed, rig.source(egress).locate(job(), rig.meter):
        pass
    assert failed.value.failure.reason is Reason.NETWORK
    assert "hunter2" not in str(failed.value)
    assert "hunter2" not in repr(egress)


def test_values_that_are_shown_hold_no_signed_url(rig: Rig) -> None:
    with rig.source().locate(job(), rig.meter) as found:
        located = next(found)
    shown = repr(replace(located, media=replace(located.media, video=None, audio=None)))  # type: ignore[type-var]
    assert not [secret for secret in SECRETS if secret in shown]
