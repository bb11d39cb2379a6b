"""The throttle of an egress: a sliding window, a block, and each way of answering."""

import pytest
import yt_dlp
from hypothesis import given
from hypothesis import strategies as st

from clipset.rehearsal import Scenario, Throttle, Video
from clipset.rehearsal.limit import Limit, egress_name
from clipset.types import US_PER_S

BRIEF = Video(duration_s=1, itags=(18,), shrink=2, media_key=8)


def asked(limit: Limit, times_s: list[float]) -> list[bool]:
    """Whether each request was accepted."""
    return [not limit.refuses("here", round(time * US_PER_S)) for time in times_s]


def test_the_request_above_the_limit_begins_a_block_of_its_time():
    limit = Limit(Throttle(limit=2, window_s=10, block_s=5))
    assert asked(limit, [0, 1, 2, 3, 6.9]) == [True, True, False, False, False]
    assert asked(limit, [7, 8]) == [True, True]


def test_the_window_slides():
    limit = Limit(Throttle(limit=2, window_s=10, block_s=5))
    assert asked(limit, [0, 9, 10, 18.9, 19]) == [True, True, True, False, False]


def test_asking_during_a_block_extends_it_if_told_so():
    limit = Limit(Throttle(limit=1, window_s=10, block_s=5, extend_block=True))
    assert asked(limit, [0, 1, 5, 9.9, 14.8]) == [True, False, False, False, False]
    assert asked(limit, [19.8]) == [True]


def test_egresses_are_counted_apart():
    limit = Limit(Throttle(limit=1))
    assert [limit.refuses(name, 0) for name in ("127.0.0.1", "127.0.0.2", "127.0.0.1")] == [False, False, True]


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 5))
def test_a_window_never_holds_more_than_the_limit(gaps_s, limit):
    throttle, now_s, accepted = Throttle(limit=limit, window_s=20, block_s=30), 0.0, []
    gate = Limit(throttle)
    for gap_s in gaps_s:
        now_s += gap_s
        if asked(gate, [now_s]) == [True]:
            accepted.append(now_s)
    for time in accepted:
        assert sum(time - 19.99 < other <= time for other in accepted) <= limit


def test_an_account_is_an_egress_of_its_own_and_its_cookie_is_not_in_the_name():
    names = {egress_name("127.0.0.1", cookies) for cookies in ("", "PREF=hl=en", "SID=secret1", "SID=secret2; PREF=1")}
    assert len(names) == 3
    assert not any("secret" in name for name in names)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("429", "Failed to extract any player response"),
        ("403", "Failed to extract any player response"),
        ("rate_limit", "try again later"),
        ("bot_check", "not a bot"),
        ("captcha", "captcha challenge"),
        ("wrong_video", "All player responses are invalid"),
    ],
)
@pytest.mark.parametrize("lean", [True, False], ids=["lean", "default"])
def test_a_throttled_egress_is_refused_and_served_again_after_the_block(
    answer, message, lean, start, resolve, fake_clock
):
    throttle = Throttle(limit=1, window_s=60, block_s=20, answer=answer, retry_after_s=20)
    rehearsal = start(Scenario(default=BRIEF, throttle=throttle), clock=fake_clock)
    assert resolve(rehearsal, "video-00001", lean=lean)["formats"]
    with pytest.raises(yt_dlp.utils.DownloadError, match=message):
        resolve(rehearsal, "video-00002")
    with pytest.raises(yt_dlp.utils.DownloadError, match=message):
        resolve(rehearsal, "video-00002", lean=lean)
    fake_clock.us += 21 * US_PER_S
    assert resolve(rehearsal, "video-00002", lean=lean)["formats"]


def test_a_refusal_by_status_says_when_to_come_back(start, get, resolve, fake_clock):
    throttle = Throttle(limit=1, block_s=20, answer="429", retry_after_s=17)
    rehearsal = start(Scenario(default=BRIEF, throttle=throttle), clock=fake_clock)
    resolve(rehearsal, "video-00001")
    with pytest.raises(yt_dlp.utils.DownloadError):
        resolve(rehearsal, "video-00002")
    page = get(rehearsal, "https://www.youtube.com/watch?v=video-00003")
    assert (page.status, page.headers["Retry-After"]) == (429, "17")


def test_a_throttle_may_refuse_the_media_only(start, get, media_url, fake_clock):
    throttle = Throttle(limit=1, window_s=60, block_s=20, answer="media_403")
    rehearsal = start(Scenario(default=BRIEF, throttle=throttle), clock=fake_clock)
    assert get(rehearsal, media_url(rehearsal, "video-00001"), span="0-9").status == 206
    assert get(rehearsal, url := media_url(rehearsal, "video-00002"), span="0-9").status == 403
    fake_clock.us += 21 * US_PER_S
    assert get(rehearsal, url, span="0-9").status == 206
