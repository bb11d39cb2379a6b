"""Bytes of a rendition, whatever the server does."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from fake_youtube import (
    FAR_FUTURE_S,
    MEDIA,
    cut_after,
    hang_up,
    media_format,
    playable,
    serve_range,
    status,
    whole_file,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rig import VIDEO_ID, Rig, job

from clipset.media.hls import HlsPlaylist
from clipset.reasons import Reason
from clipset.sources.youtube import spool
from clipset.sources.youtube.http import fetch_text
from clipset.space import TemporarySpace
from clipset.types import ByteStream, ClipsetError, Failure, Interrupted, Located, Recipe

PLAYER, MEDIA_PATH = "/youtubei/v1/player", "/videoplayback"
SIZE = len(MEDIA)


@contextmanager
def opened(rig: Rig, **options: Any) -> Iterator[Located]:
    with rig.source(**options).locate(job(), rig.meter) as found:
        yield next(found)


def read(rig: Rig, start: int, end: int, **options: Any) -> bytes:
    with opened(rig, **options) as located:
        return located.media.video.read(start, end)


def failed_read(rig: Rig, start: int = 0, end: int = 1000, **options: Any) -> Failure:
    with pytest.raises(ClipsetError) as failed:
        read(rig, start, end, **options)
    return failed.value.failure


def media_requests(rig: Rig) -> list[str]:
    return [seen.headers["Range"] for seen in rig.youtube.seen if seen.path == MEDIA_PATH]


def test_a_read_is_one_range_on_the_connection_of_the_resolve(rig: Rig) -> None:
    assert read(rig, 1000, 5000) == MEDIA[1000:5000]
    assert media_requests(rig) == ["bytes=1000-4999"]
    assert rig.youtube.seen[-1].headers["Accept-Encoding"] == "identity"
    assert rig.youtube.connections == 1


def test_the_size_is_known_before_the_first_read(rig: Rig) -> None:
    with opened(rig) as located:
        assert located.media.video.size_bytes == SIZE


def test_reads_end_where_the_file_ends_and_ask_nothing_beyond(rig: Rig) -> None:
    with opened(rig) as located:
        assert located.media.video.read(SIZE - 10, SIZE + 10) == MEDIA[-10:]
        assert located.media.video.read(SIZE, SIZE + 10) == b""
    assert len(media_requests(rig)) == 1


def test_an_announced_size_that_is_wrong_is_corrected(rig: Rig) -> None:
    rig.youtube.media = MEDIA[:1000]
    with opened(rig) as located:
        assert located.media.video.read(2000, 3000) == b""
        assert located.media.video.size_bytes == 1000
        assert located.media.video.read(0, 3000) == MEDIA[:1000]


def test_large_reads_are_split_into_ranges_of_10_mib(rig: Rig) -> None:
    rig.youtube.media = MEDIA * 6
    assert read(rig, 0, 24_000_000) == rig.youtube.media[:24_000_000]
    assert media_requests(rig) == ["bytes=0-10485759", "bytes=10485760-20971519", "bytes=20971520-23999999"]


def test_every_byte_over_the_wire_is_counted(rig: Rig) -> None:
    with opened(rig) as located:
        before = rig.meter.fetched_bytes
        located.media.video.read(0, 100_000)
        assert rig.meter.fetched_bytes - before == 100_000
        assert rig.meter.requests == 2
        assert rig.meter.seconds > 0


@given(st.lists(st.tuples(st.integers(0, SIZE + 100), st.integers(0, 60_000)), min_size=1, max_size=3), st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cut_connections_are_invisible(rig: Rig, reads: list[tuple[int, int]], data: st.DataObject) -> None:
    rig.youtube.scripted[MEDIA_PATH].clear()
    rig.youtube.script(MEDIA_PATH, *(cut_after(data.draw(st.integers(0, 50_000))) for _ in range(3)))
    with opened(rig) as located:
        for start, length in reads:
            assert located.media.video.read(start, start + length) == MEDIA[start : start + length]


def test_a_cut_range_resumes_where_it_broke(rig: Rig) -> None:
    rig.youtube.script(MEDIA_PATH, cut_after(300), hang_up)
    assert read(rig, 0, 1000) == MEDIA[:1000]
    assert media_requests(rig) == ["bytes=0-999", "bytes=300-999", "bytes=300-999"]
    assert rig.clock.waits_s == [0.25, 0.5]


def test_a_connection_that_breaks_again_and_again_is_given_up(rig: Rig) -> None:
    rig.youtube.script(MEDIA_PATH, *[hang_up] * 20)
    assert failed_read(rig).reason is Reason.NETWORK
    assert len(media_requests(rig)) == 5


def test_bytes_wait_until_the_advertisement_would_be_over(rig: Rig) -> None:
    """yt-dlp computes the second before which YouTube refuses; 2033 on the test's clock is long after it."""
    ad = {"adPlacementRenderer": {
        "config": {"adPlacementConfig": {"kind": "AD_PLACEMENT_KIND_START"}},
        "renderer": {"instreamVideoAdRenderer": {"playerVars": "length_seconds=6"}},
    }}  # fmt: skip
    rig.youtube.players[VIDEO_ID] = playable(VIDEO_ID, adPlacements=[ad])
    rig.clock.time_us = int(time.time() * 1e6)
    with opened(rig) as located:
        assert rig.clock.waits_s == []
        located.media.video.read(0, 10)
        located.media.video.read(10, 20)
    assert len(rig.clock.waits_s) == 1
    assert 4 < rig.clock.waits_s[0] < 9


def test_a_stop_ends_the_wait_for_an_advertisement(rig: Rig) -> None:
    rig.clock.time_us = 0
    with opened(rig) as located:
        rig.stop.set()
        with pytest.raises(Interrupted):
            located.media.video.read(0, 10)
    assert media_requests(rig) == []


@pytest.mark.parametrize("code", [403, 404, 410])
def test_an_address_that_stopped_working_is_resolved_again_once_for_another_permit(rig: Rig, code: int) -> None:
    with opened(rig) as located:
        assert located.media.video.read(0, 100) == MEDIA[:100]
        rig.youtube.script(MEDIA_PATH, status(code))
        assert located.media.video.read(100, 200) == MEDIA[100:200]
    assert rig.gate.diary == ["enter", "succeeded", "enter", "succeeded"]
    assert rig.youtube.paths() == [PLAYER, MEDIA_PATH, MEDIA_PATH, PLAYER, MEDIA_PATH]


def test_an_expired_address_is_not_even_asked(rig: Rig) -> None:
    rig.clock.time_us = (FAR_FUTURE_S + 1) * 1_000_000
    assert read(rig, 0, 10) == MEDIA[:10]
    assert rig.youtube.paths() == [PLAYER, PLAYER, MEDIA_PATH]


def test_both_streams_share_one_second_resolve(rig: Rig) -> None:
    with opened(rig, recipe=Recipe(max_height_px=240)) as located:
        assert located.media.audio is not None
        rig.youtube.script(MEDIA_PATH, status(403))
        assert located.media.video.read(0, 10) == MEDIA[:10]
        rig.youtube.script(MEDIA_PATH, status(403))
        with pytest.raises(ClipsetError):
            located.media.audio.read(0, 10)
    assert rig.youtube.paths().count(PLAYER) == 2


def test_403_from_the_first_byte_that_a_new_address_does_not_cure_is_a_refusal(rig: Rig) -> None:
    rig.youtube.script(MEDIA_PATH, status(403), status(403, Retry_After="60"))
    failure = failed_read(rig)
    assert (failure.reason, failure.http_status, failure.stage) == (Reason.THROTTLED, 403, "fetch")
    assert rig.gate.diary[-1] == "refused for 60 s"


def test_403_that_depends_on_the_offset_means_that_the_tool_is_out_of_date(rig: Rig) -> None:
    with opened(rig) as located:
        located.media.video.read(0, 100)
        rig.youtube.script(MEDIA_PATH, status(403), status(403))
        with pytest.raises(ClipsetError) as failed:
            located.media.video.read(3_000_000, 3_000_100)
    assert failed.value.failure.reason is Reason.TOOL_OUTDATED
    assert "refused" not in rig.gate.diary


def test_403_in_the_middle_where_bytes_came_before_and_come_no_more_is_a_refusal(rig: Rig) -> None:
    with opened(rig) as located:
        located.media.video.read(0, 100)
        rig.youtube.script(MEDIA_PATH, status(403), status(403), status(403))
        with pytest.raises(ClipsetError) as failed:
            located.media.video.read(3_000_000, 3_000_100)
    assert failed.value.failure.reason is Reason.THROTTLED
    assert rig.gate.diary[-1] == "refused"


def test_a_format_that_the_second_resolve_does_not_offer_ends_the_video(rig: Rig) -> None:
    with opened(rig) as located:
        other = media_format(VIDEO_ID, 59, 'video/mp4; codecs="avc1.4d401e, mp4a.40.2"', 854, 480, 900_000)
        rig.youtube.players[VIDEO_ID] = playable(VIDEO_ID, streamingData={"formats": [other]})
        rig.youtube.script(MEDIA_PATH, status(403))
        with pytest.raises(ClipsetError) as failed:
            located.media.video.read(0, 10)
    assert failed.value.failure.reason is Reason.EXPIRED_URL


def test_a_file_that_changed_between_two_resolves_is_not_mixed(rig: Rig) -> None:
    with opened(rig) as located:
        located.media.video.read(0, 100)
        rig.youtube.media = MEDIA[:-1]
        rig.youtube.script(MEDIA_PATH, status(403))
        with pytest.raises(ClipsetError) as failed:
            located.media.video.read(100, 200)
    assert failed.value.failure.reason is Reason.EXPIRED_URL


STATUSES = {429: Reason.THROTTLED, 402: Reason.THROTTLED, 500: Reason.SERVER_ERROR, 503: Reason.SERVER_ERROR}


@pytest.mark.parametrize("code", STATUSES)
def test_other_http_errors_of_media_cost_one_request(rig: Rig, code: int) -> None:
    rig.youtube.script(MEDIA_PATH, status(code, Retry_After="5"))
    assert failed_read(rig).reason is STATUSES[code]
    assert len(media_requests(rig)) == 1
    assert ("refused for 5 s" in rig.gate.diary) == (code in {402, 429})


def test_an_egress_that_cools_lets_the_bytes_of_a_resolved_video_through(rig: Rig) -> None:
    with opened(rig) as located:
        rig.gate.cooling = True
        assert located.media.video.read(0, 10) == MEDIA[:10]


WRONG_ANSWERS = {
    "a page": lambda handler: handler.send(200, b"<html>", {"Content-Type": "text/html; charset=utf-8"}),
    "a page for a range": lambda handler: handler.send(
        206, b"<html>", {"Content-Type": "TEXT/HTML", "Content-Range": "bytes 0-5/6"}
    ),
    "no Content-Range": lambda handler: handler.send(206, b"x" * 1000),
    "another range": lambda handler: handler.send(206, b"x" * 1000, {"Content-Range": "bytes 5-1004/4096000"}),
    "no range at all": lambda handler: handler.send(206, b"x" * 1000, {"Content-Range": "words 0-999/4096000"}),
    "several ranges": lambda handler: handler.send(206, b"--x", {"Content-Type": "multipart/byteranges; boundary=x"}),
}


@pytest.mark.parametrize("case", WRONG_ANSWERS)
def test_what_is_not_the_range_is_never_taken_for_media(rig: Rig, case: str) -> None:
    rig.youtube.script(MEDIA_PATH, WRONG_ANSWERS[case])
    assert failed_read(rig).reason is Reason.SERVER_ERROR


def test_a_server_that_answers_with_less_is_asked_for_the_rest(rig: Rig) -> None:
    def less(handler: Any) -> None:
        handler.send(206, MEDIA[:100], {"Content-Range": f"bytes 0-99/{SIZE}"})

    rig.youtube.script(MEDIA_PATH, less)
    assert read(rig, 0, 1000) == MEDIA[:1000]


def test_a_server_that_does_not_tell_the_size_is_read_to_its_end(rig: Rig) -> None:
    def sizeless(handler: Any) -> None:
        handler.send(206, MEDIA[-100:], {"Content-Range": f"bytes {SIZE - 100}-{SIZE - 1}/*"})

    rig.youtube.script(MEDIA_PATH, sizeless)
    assert read(rig, SIZE - 100, SIZE + 100) == MEDIA[-100:]


def test_a_server_without_ranges_is_read_once_from_the_start_and_no_further_than_needed(rig: Rig) -> None:
    rig.youtube.media = MEDIA * 20
    rig.youtube.script(MEDIA_PATH, whole_file)
    with opened(rig) as located:
        video = located.media.video
        assert video.read(1000, 2000) == MEDIA[1000:2000]
        assert video.size_bytes == len(MEDIA) * 20
        assert video.read(500_000, 500_100) == rig.youtube.media[500_000:500_100]
        assert video.read(0, 100) == MEDIA[:100]
        assert rig.meter.fetched_bytes < 2_000_000
    assert len(media_requests(rig)) == 1


def test_what_is_downloaded_as_a_whole_takes_temporary_space_as_far_as_it_came(rig: Rig) -> None:
    rig.youtube.media = MEDIA * 20
    rig.youtube.script(MEDIA_PATH, whole_file)
    space = TemporarySpace()
    with opened(rig, space=space) as located:
        located.media.video.read(1000, 2000)
        first_bytes = space.peak_bytes
        located.media.video.read(0, 900_000)
    assert 2000 <= first_bytes < 900_000 <= space.peak_bytes < 2_000_000
    gone = space.peak_bytes
    space.hold().grow(gone)
    assert space.peak_bytes == gone


def test_ranges_take_no_temporary_space(rig: Rig) -> None:
    space = TemporarySpace()
    read(rig, 1000, 5000, space=space)
    assert space.peak_bytes == 0


def test_a_sequential_download_that_breaks_goes_on_from_where_it_was(rig: Rig) -> None:
    def broken(handler: Any) -> None:
        handler.send(200, b"", {"Content-Length": str(SIZE), "Content-Type": "video/mp4"})
        handler.wfile.write(MEDIA[:5000])
        handler.close_connection = True

    rig.youtube.script(MEDIA_PATH, broken, whole_file)
    assert read(rig, 4000, 6000) == MEDIA[4000:6000]


def test_a_sequential_download_of_unknown_length_ends_with_the_connection(rig: Rig) -> None:
    def unsized(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(MEDIA[:5000])
        handler.close_connection = True

    rig.youtube.script(MEDIA_PATH, unsized)
    with opened(rig) as located:
        assert located.media.video.read(4000, 6000) == MEDIA[4000:5000]
        assert located.media.video.size_bytes == 5000


def test_a_file_without_an_end_is_given_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MIN_LIMIT_BYTES", 1_000_000)
    announced = media_format(VIDEO_ID, 18, 'video/mp4; codecs="avc1.42001E, mp4a.40.2"', 640, 360, 7) | {
        "contentLength": "1000"
    }
    rig.youtube.players[VIDEO_ID] = playable(VIDEO_ID, streamingData={"formats": [announced]})

    def endless(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(MEDIA)

    rig.youtube.script(MEDIA_PATH, endless)
    assert failed_read(rig, 0, 10_000_000).reason is Reason.DAMAGED_MEDIA


def stopped_after(rig: Rig, seconds: float, video: ByteStream) -> float:
    """How long a read takes to notice the stop, in seconds."""
    timer = threading.Timer(seconds, rig.stop.set)
    timer.start()
    with pytest.raises(Interrupted):
        video.read(0, 100_000)
    timer.join()
    return time.monotonic()


HANGING: dict[str, Callable[[Any], None]] = {
    "a crawling body": lambda handler: serve_range(handler, delay_s=0.01),
    "a silent body": lambda handler: serve_range(handler, delay_s=60),
    "no answer": lambda handler: time.sleep(60),
}


@pytest.mark.parametrize("case", HANGING)
def test_a_stop_ends_a_request_that_hangs(rig: Rig, case: str) -> None:
    rig.youtube.script(MEDIA_PATH, HANGING[case])
    with opened(rig) as located:
        began_s = time.monotonic()
        assert stopped_after(rig, 0.2, located.media.video) - began_s < 10


def test_a_crawling_server_is_given_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clipset.sources.youtube.response._PATIENCE_S", 0.05)
    rig.youtube.script(MEDIA_PATH, *[lambda handler: serve_range(handler, delay_s=0.02)] * 9)
    failure = failed_read(rig, 0, 100_000)
    assert failure.reason is Reason.NETWORK
    assert "slower than" in failure.detail


PLAYLIST_URL = "https://manifest.googlevideo.com/api/manifest/hls_playlist/sig/SIGNED-SECRET/index.m3u8"
PLAYLISTS = {
    "encrypted": ("#EXTM3U\n#EXT-X-KEY:METHOD=AES-128\n#EXTINF:5,\na.ts\n#EXT-X-ENDLIST", 200, Reason.DRM),
    "still growing": ("#EXTM3U\n#EXTINF:5,\na.ts", 200, Reason.LIVE),
    "a page": ("<html>", 200, Reason.DAMAGED_MEDIA),
    "gone": ("", 404, Reason.SERVER_ERROR),
    "too many requests": ("", 429, Reason.THROTTLED),
}


@pytest.mark.parametrize("case", PLAYLISTS)
def test_a_playlist_that_cannot_be_cut_says_why_and_not_where(rig: Rig, case: str) -> None:
    text, code, expected = PLAYLISTS[case]
    source = rig.source()
    with source.locate(job(), rig.meter):
        pass
    session = source._sessions["direct"]
    rig.youtube.script(urlsplit(PLAYLIST_URL).path, lambda handler: handler.send(code, text.encode()))
    with pytest.raises(ClipsetError) as failed:
        HlsPlaylist.parse(fetch_text(session.ydl, session.gate, PLAYLIST_URL), PLAYLIST_URL)
    assert failed.value.failure.reason is expected
    assert "SIGNED-SECRET" not in failed.value.failure.detail
    assert ("refused" in rig.gate.diary) == (code == 429)
