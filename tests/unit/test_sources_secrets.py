"""What may be said of a URL, and what YouTube's hosts are."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipset.sources.youtube.config import Egress, YouTubeConfig
from clipset.sources.youtube.origin import is_captcha_page, is_media, is_youtube, rewritten
from clipset.sources.youtube.redact import redacted, redacted_url

ORIGIN = "http://127.0.0.1:8080"

REDACTED = {
    "https://rr3.googlevideo.com/videoplayback?expire=1&sig=SECRET#x": "https://rr3.googlevideo.com/videoplayback",
    "http://user:SECRET@proxy.example:3128": "http://proxy.example:3128",
    "socks5://SECRET@proxy.example": "socks5://proxy.example",
    "GET https://manifest.googlevideo.com/api/manifest/hls/expire/1/sig/SECRET/n/SECRET/file/index.m3u8": (
        "GET https://manifest.googlevideo.com/api/manifest/…"
    ),
    "https://rr1.googlevideo.com/videoplayback/id/x/sig/SECRET/seg.ts": "https://rr1.googlevideo.com/videoplayback/…",
    "with url: /videoplayback?expire=1&sig=SECRET (Caused by": "with url: /videoplayback?… (Caused by",
    "{'Cookie': 'SID=SECRET'}": "{'Cookie: …",
    "Set-Cookie: SID=SECRET; Secure\nnext line": "Set-Cookie: …\nnext line",
    "Authorization: SAPISIDHASH 1_SECRET": "Authorization: …",
    "http://[broken/SECRET": "<unreadable URL>",
    "Is this a question? Yes = no": "Is this a question? Yes = no",
}


@pytest.mark.parametrize("text", REDACTED)
def test_a_message_keeps_no_secret(text: str) -> None:
    assert redacted(text) == REDACTED[text]


def test_known_secrets_go_wherever_they_stand() -> None:
    assert redacted("the pass word hunter2 and hunter%32", ("hunter2", "hunter%32")) == "the pass word … and …"


def test_a_message_is_bounded() -> None:
    assert len(redacted("x" * 100_000)) == 2000


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_of_a_query_survives(before: str, query: str) -> None:
    url = "https://rr1.googlevideo.com/videoplayback?sig=S3CR3T" + "".join(query.split())
    assert "S3CR3T" not in redacted(f"{before} {url} after")


@given(st.text())
def test_any_text_can_be_redacted(text: str) -> None:
    redacted(text)
    redacted_url(text)


YOUTUBE_URLS = [
    "https://www.youtube.com/watch?v=a",
    "https://youtu.be/a",
    "https://www.youtube-nocookie.com/embed/a",
    "https://youtubei.googleapis.com/youtubei/v1/player?key=1",
    "https://rr1---sn-x.googlevideo.com/videoplayback?a=%2F&b=c%20d",
    "http://i.ytimg.com/vi/a.jpg",
    "https://yt3.ggpht.com/a",
    "https://YOUTUBE.com./watch",
]
OTHER_URLS = ["https://notyoutube.com/", "https://youtube.com.evil.example/", "https://example.org/youtube.com", "x"]


@pytest.mark.parametrize("url", YOUTUBE_URLS)
def test_every_youtube_host_is_replaced_with_path_and_query_unchanged(url: str) -> None:
    assert is_youtube(url)
    assert rewritten(url, ORIGIN) == ORIGIN + "/" + url.split("/", 3)[3]
    assert rewritten(url, None) == url


@pytest.mark.parametrize("url", OTHER_URLS)
def test_no_other_host_is_replaced(url: str) -> None:
    assert rewritten(url, ORIGIN) == url


def test_media_and_captcha_pages_are_told_by_their_paths() -> None:
    assert is_media("https://rr1.googlevideo.com/videoplayback?id=1")
    assert not is_media("https://www.youtube.com/youtubei/v1/player")
    assert is_captcha_page("https://www.google.com/sorry/index?continue=x")
    assert not is_captcha_page("https://www.google.com/search")


@pytest.mark.parametrize("origin", ["127.0.0.1:80", "ftp://x", "http://", "http://x/prefix", "http://x?y"])
def test_an_origin_is_scheme_and_host(origin: str) -> None:
    with pytest.raises(ValueError, match="http://host:port"):
        YouTubeConfig(origin=origin)


@pytest.mark.parametrize("proxy", ["proxy:3128", "ftp://x", "http://", "://user:hunter2@x"])
def test_a_bad_proxy_is_refused_without_repeating_it(proxy: str) -> None:
    with pytest.raises(ValueError, match="proxy must look like") as refusal:
        Egress("other", proxy=proxy)
    assert "hunter2" not in str(refusal.value)


def test_an_egress_is_named_by_what_the_outside_sees() -> None:
    proxy = Egress.of(proxy="http://me:hunter2@proxy.example:3128", cookies=Path("jar.txt"))
    assert proxy.name == "proxy.example:3128+cookies"
    assert "hunter2" not in repr(proxy)
    assert Egress.of(source_address="203.0.113.7").name == "203.0.113.7"
    assert Egress.of().name == "direct"
    with pytest.raises(ValueError, match="password"):
        Egress("hunter2", proxy="http://me:hunter2@proxy.example")
