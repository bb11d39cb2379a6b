"""Media over HTTP: ranges, signatures, and everything that can go wrong on the way."""

import http.client
import json
import socket
import threading
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import av
import pytest

from clipset.rehearsal import (
    Hls,
    Kind,
    Line,
    MediaFault,
    MediaFaultKind,
    Oversize,
    Rehearsal,
    Scenario,
    Video,
    handler,
)
from clipset.rehearsal.counter import read_frame
from clipset.types import US_PER_S

ID = "-media-test"
BRIEF = {"duration_s": 3, "itags": (18,), "shrink": 2, "media_key": 8}


@pytest.fixture
def rehearsal(start):
    return start(Scenario(default=Video(**BRIEF)))


@pytest.fixture
def whole(rehearsal, get, media_url) -> bytes:
    return get(rehearsal, media_url(rehearsal, ID)).body


@pytest.fixture
def faulty(start, media_url):
    """A server whose videos have these faults, and the URL of one: `faulty(kind="cut", offset_bytes=5)`."""

    def make(*, kind: str, clock=None, **fields):
        fault = MediaFault(kind=MediaFaultKind(kind), **fields)
        rehearsal = start(Scenario(default=Video(**BRIEF, media_faults=(fault,))), clock=clock)
        return rehearsal, media_url(rehearsal, ID)

    return make


def test_urls_look_like_youtubes(rehearsal, media_url):
    url = urlsplit(media_url(rehearsal, ID))
    assert url.hostname.endswith(".googlevideo.com")
    assert url.path == "/videoplayback"
    assert {"expire", "ei", "ip", "id", "itag", "sparams", "sig", "clen", "dur", "mime"} <= parse_qs(url.query).keys()


def test_what_the_player_says_of_a_format_is_true(rehearsal, resolve, whole):
    found = resolve(rehearsal, ID)["formats"][0]
    assert found["filesize"] == len(whole)
    assert (found["width"], found["height"], found["fps"]) == (320, 180, 25)
    assert (found["vcodec"], found["acodec"]) == ("avc1.4d400c", "mp4a.40.2")
    assert (found["asr"], found["audio_channels"]) == (44_100, 1)
    assert found["tbr"] == pytest.approx(len(whole) * 8 / 3 / 1000, rel=0.01)


@pytest.mark.parametrize(
    ("span", "status", "part"),
    [
        ("0-0", 206, slice(0, 1)),
        ("0-99", 206, slice(0, 100)),
        ("1000-1999", 206, slice(1000, 2000)),
        ("1000-", 206, slice(1000, None)),
        ("-4", 206, slice(-4, None)),
        ("5000-99999999", 206, slice(5000, None)),
        ("99999999-", 416, slice(0)),
        ("9-3", 200, slice(None)),
        ("0-1,5-6", 200, slice(None)),
        ("nonsense", 200, slice(None)),
    ],
)
def test_a_range_gets_its_bytes(span, status, part, rehearsal, get, media_url, whole):
    got = get(rehearsal, media_url(rehearsal, ID), span=span)
    wanted = whole[part]
    assert (got.status, got.body) == (status, wanted)
    assert got.headers["Content-Length"] == str(len(wanted))
    if status == 206:
        first = whole.index(wanted)
        assert got.headers["Content-Range"] == f"bytes {first}-{first + len(wanted) - 1}/{len(whole)}"
    if status == 416:
        assert got.headers["Content-Range"] == f"bytes */{len(whole)}"


def test_a_range_in_the_query_gets_its_bytes_with_status_200(rehearsal, get, media_url, whole):
    got = get(rehearsal, media_url(rehearsal, ID) + "&range=100-199")
    assert (got.status, got.body) == (200, whole[100:200])


def test_head_tells_the_length_and_sends_nothing(rehearsal, get, media_url, whole):
    got = get(rehearsal, media_url(rehearsal, ID), method="HEAD")
    assert (got.status, got.body, got.headers["Content-Length"]) == (200, b"", str(len(whole)))


def test_one_connection_serves_many_requests(rehearsal, media_url):
    url = urlsplit(media_url(rehearsal, ID))
    connection = http.client.HTTPConnection(urlsplit(rehearsal.origin).netloc, timeout=10)
    for first in range(0, 500, 100):
        connection.request("GET", f"{url.path}?{url.query}", headers={"Range": f"bytes={first}-{first + 99}"})
        local = connection.sock.getsockname()
        assert len(connection.getresponse().read()) == 100
        assert connection.sock.getsockname() == local
    connection.close()


@pytest.mark.parametrize("name", ["expire", "ei", "ip", "id", "itag", "source", "sig"])
def test_a_changed_signed_parameter_is_refused(name, rehearsal, get, media_url):
    url = media_url(rehearsal, ID)
    value = parse_qs(urlsplit(url).query)[name][0]
    assert get(rehearsal, url.replace(f"{name}={value[:3]}", f"{name}=7{value[:3]}"), span="0-9").status == 403


def test_parameters_outside_the_signature_may_be_added(rehearsal, get, media_url):
    assert get(rehearsal, media_url(rehearsal, ID) + "&cpn=abc&rn=1", span="0-9").status == 206


def test_a_url_expires(start, get, media_url, fake_clock):
    rehearsal = start(Scenario(default=Video(**BRIEF, url_life_s=30)), clock=fake_clock)
    url = media_url(rehearsal, ID)
    fake_clock.us += 29 * US_PER_S
    assert get(rehearsal, url, span="0-9").status == 206
    fake_clock.us += 2 * US_PER_S
    assert get(rehearsal, url, span="0-9").status == 403


def test_a_url_serves_the_address_that_resolved_it_only(rehearsal, media_url):
    url = urlsplit(media_url(rehearsal, ID))
    netloc = urlsplit(rehearsal.origin).netloc
    connection = http.client.HTTPConnection(netloc, timeout=10, source_address=("127.0.0.2", 0))
    try:
        connection.request("GET", f"{url.path}?{url.query}")
    except OSError:
        pytest.skip("this system has one loopback address only")
    assert connection.getresponse().status == 403
    connection.close()
    assert rehearsal.log[-1].egress == "127.0.0.2"


@pytest.mark.parametrize(
    ("oversize", "status", "waits"), [("serve", 206, False), ("throttle", 206, True), ("refuse", 403, False)]
)
def test_a_range_that_is_too_long_is_treated_as_told(oversize, status, waits, start, get, media_url, fake_clock):
    scenario = Scenario(default=Video(**BRIEF), oversize=Oversize(oversize), max_range_bytes=10_000)
    rehearsal = start(scenario, clock=fake_clock)
    url = media_url(rehearsal, ID)
    assert get(rehearsal, url, span="0-9999").status == 206
    assert sum(fake_clock.waited_s) == 0
    assert get(rehearsal, url, span="0-10000").status == status
    assert (sum(fake_clock.waited_s) > 0.3) is waits


def test_the_line_delays_each_answer_and_shares_its_rate(start, get, media_url, fake_clock):
    line = Line(rtt_s=0.5, rate_bytes_per_s=1000)
    rehearsal = start(Scenario(default=Video(**BRIEF), line=line), clock=fake_clock)
    url = media_url(rehearsal, ID)
    fake_clock.waited_s.clear()
    assert get(rehearsal, url, span="0-1999").status == 206
    assert fake_clock.waited_s == [0.5, pytest.approx(2.0)]


def test_connections_wait_for_each_other_on_the_line():
    pace = handler.Pace(Line(rate_bytes_per_s=1000))
    assert [pace.delay_s(500, now_us=0) for _ in range(3)] == [0.5, 1.0, 1.5]
    assert pace.delay_s(500, now_us=10 * US_PER_S) == 0.5


def test_a_reader_that_leaves_was_sent_no_more_than_the_line_holds(start, media_url, fake_clock):
    video = Video(**BRIEF, media_faults=(MediaFault(kind=MediaFaultKind.ENDLESS),))
    line = Line(rtt_s=0.03, rate_bytes_per_s=1_000_000)
    rehearsal = start(Scenario(default=video, line=line), clock=fake_clock)
    url, server = urlsplit(media_url(rehearsal, ID)), urlsplit(rehearsal.origin)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        client.connect((server.hostname, server.port))
        client.sendall(f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        threading.Event().wait(0.3)  # for the server to fill what takes it
    while not (left := [entry for entry in rehearsal.log if entry.kind is Kind.MEDIA]):
        threading.Event().wait(0.01)
    assert left[0].bytes_sent < 1_000_000


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_refused_media_request_carries_its_status(faulty, get):
    rehearsal, url = faulty(kind="status", status=503, retry_after_s=9, times=2)
    first = get(rehearsal, url, span="0-9")
    assert (first.status, first.headers["Retry-After"]) == (503, "9")
    assert [get(rehearsal, url, span="0-9").status for _ in range(2)] == [503, 206]


def test_a_stale_url_stays_refused_and_a_new_resolve_cures_it(faulty, get, media_url):
    rehearsal, url = faulty(kind="stale", times=1)
    assert [get(rehearsal, url, span="0-9").status for _ in range(3)] == [403] * 3
    assert get(rehearsal, media_url(rehearsal, ID), span="0-9").status == 206


def test_bytes_behind_an_offset_are_refused(faulty, get):
    rehearsal, url = faulty(kind="forbidden_after", offset_bytes=1000)
    assert get(rehearsal, url, span="999-1500").status == 206
    assert get(rehearsal, url, span="1000-1500").status == 403


def test_a_reset_connection_answers_nothing(faulty, get):
    rehearsal, url = faulty(kind="reset", times=1)
    with pytest.raises(ConnectionError):
        get(rehearsal, url)
    assert get(rehearsal, url, span="0-9").status == 206


def test_a_cut_body_can_be_resumed(faulty, get, whole):
    rehearsal, url = faulty(kind="cut", offset_bytes=1234, times=1)
    first = get(rehearsal, url, span="0-")
    assert (first.complete, first.body) == (False, whole[:1234])
    assert get(rehearsal, url, span="1234-").body == whole[1234:]
    assert [entry.bytes_sent for entry in rehearsal.log[1:]] == [1234, len(whole) - 1234]


def test_a_stalled_body_stops_coming(faulty):
    rehearsal, url = faulty(kind="stall", offset_bytes=1000)
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(urlsplit(rehearsal.origin).netloc, timeout=0.3)
    connection.request("GET", f"{parts.path}?{parts.query}")
    with pytest.raises(TimeoutError):
        connection.getresponse().read()
    connection.close()


def test_a_slow_body_takes_its_time(faulty, get, fake_clock):
    rehearsal, url = faulty(kind="slow", rate_bytes_per_s=500, clock=fake_clock)
    get(rehearsal, url, span="0-999")
    assert sum(fake_clock.waited_s) == pytest.approx(2.0)


def test_a_wrong_length_promises_more_than_comes(faulty, get, whole):
    rehearsal, url = faulty(kind="wrong_length")
    got = get(rehearsal, url)
    assert (got.complete, got.body) == (False, whole)


def test_a_page_may_come_in_place_of_the_media(faulty, get):
    rehearsal, url = faulty(kind="html")
    got = get(rehearsal, url, span="0-9")
    assert (got.status, got.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"<html>" in got.body


def test_an_empty_file_has_no_bytes(faulty, get):
    rehearsal, url = faulty(kind="empty")
    assert get(rehearsal, url).body == b""
    assert get(rehearsal, url, span="0-9").status == 416


@pytest.mark.parametrize("offset_bytes", [None, 5000])
def test_a_truncated_file_ends_early_and_says_so(offset_bytes, faulty, get, whole):
    rehearsal, url = faulty(kind="truncated", offset_bytes=offset_bytes)
    got = get(rehearsal, url)
    assert (got.complete, got.body) == (True, whole[: offset_bytes or len(whole) // 2])


def test_a_flipped_file_is_as_long_and_differs_behind_the_offset(faulty, get, whole):
    rehearsal, url = faulty(kind="flipped", offset_bytes=5000)
    body = get(rehearsal, url).body
    different = [place for place, pair in enumerate(zip(body, whole, strict=True)) if pair[0] != pair[1]]
    assert different == list(range(997 * 6, len(whole), 997))
    assert get(rehearsal, url, span="6000-8000").body == body[6000:8001]


def test_an_endless_file_goes_on_in_zeros_and_does_not_tell_its_size(faulty, get, whole):
    rehearsal, url = faulty(kind="endless")
    got = get(rehearsal, url, span=f"{len(whole) - 5}-{len(whole) + 99}")
    assert (got.status, got.body) == (206, whole[-5:] + bytes(100))
    assert got.headers["Content-Range"].endswith("/*")
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(urlsplit(rehearsal.origin).netloc, timeout=10)
    connection.request("GET", f"{parts.path}?{parts.query}")
    assert len(connection.getresponse().read(len(whole) + 1_000_000)) == len(whole) + 1_000_000
    connection.close()


def test_sound_may_come_in_place_of_the_pictures(faulty, get, tmp_path):
    rehearsal, url = faulty(kind="sound_only")
    path = tmp_path / "sound.mp4"
    path.write_bytes(get(rehearsal, url).body)
    with av.open(str(path)) as container:
        assert [stream.type for stream in container.streams] == ["audio"]


def test_ranges_may_be_ignored(faulty, get, whole):
    rehearsal, url = faulty(kind="no_ranges")
    got = get(rehearsal, url, span="5-9")
    assert (got.status, got.body) == (200, whole)


# --- playlists, pages, the log ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["ts", "fmp4"])
def test_a_playlist_leads_to_segments_that_decode(form, start, resolve, get, tmp_path):
    rehearsal = start(Scenario(default=Video(duration_s=11, itags=(), shrink=2, media_key=8, hls=Hls(form))))
    found = resolve(rehearsal, ID)["formats"][0]
    assert (found["format_id"], found["height"], found["protocol"]) == ("93", 180, "m3u8_native")
    local = joined(get, rehearsal, found["url"], tmp_path / "joined")
    with av.open(str(local)) as container:
        assert [read_frame(frame) for frame in container.decode(video=0)] == [(8, number) for number in range(275)]
    assert rehearsal.counts()["manifest"] == 2


def joined(get, rehearsal, playlist_url: str, path: Path) -> Path:
    """All segments one after the other, the initialisation first."""
    lines = get(rehearsal, playlist_url).body.decode().splitlines()
    names = [line.partition('URI="')[2].rstrip('"') for line in lines if "EXT-X-MAP" in line]
    names += [line for line in lines if not line.startswith("#")]
    path.write_bytes(b"".join(get(rehearsal, urljoin(playlist_url, name)).body for name in names))
    return path


def test_a_segment_outside_the_playlist_is_not_served(start, resolve, get):
    rehearsal = start(Scenario(default=Video(duration_s=1, itags=(), shrink=2, media_key=8, hls=Hls.TS)))
    playlist = get(rehearsal, resolve(rehearsal, ID)["formats"][0]["url"]).body.decode()
    segment = next(line for line in playlist.splitlines() if not line.startswith("#"))
    assert get(rehearsal, segment).status == 200
    for name in ("00099.ts", "index.m3u8", "..%2Fmedia.mp4"):
        assert get(rehearsal, segment.replace("00000.ts", name)).status == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200), ("/tv", 200), (f"/embed/{ID}?html5=1", 200), ("/iframe_api", 200),
        ("/s/player/0c1ab5e7/player_ias.vflset/en_US/base.js", 200), (f"/vi/{ID}/hqdefault.jpg", 200),
        (f"/vi_webp/{ID}/maxresdefault.webp", 404), ("/nothing", 404), ("/api/timedtext?v=x", 404),
    ],
)  # fmt: skip
def test_the_pages_around_the_player_are_there(path, status, rehearsal, get):
    assert get(rehearsal, f"https://www.youtube.com{path}").status == status


def test_a_thumbnail_is_a_picture_of_the_video(rehearsal, get, tmp_path):
    path = tmp_path / "thumbnail.jpg"
    path.write_bytes(get(rehearsal, f"https://i.ytimg.com/vi/{ID}/hqdefault.jpg").body)
    with av.open(str(path)) as container:
        assert read_frame(next(container.decode(video=0))) == (8, 0)


def test_the_log_tells_what_was_asked_for_in_order(rehearsal, get, media_url):
    url = media_url(rehearsal, ID)
    get(rehearsal, url, span="0-99")
    get(rehearsal, url, span="-5", Cookie="SID=secret")
    player, media, tail = rehearsal.log
    assert (player.kind, player.video_id, player.client, player.status) == (Kind.PLAYER, ID, "VISIONOS", 200)
    assert (media.kind, media.video_id, media.itag, media.range) == (Kind.MEDIA, ID, 18, (0, 99))
    assert (media.status, media.bytes_sent, media.egress) == (206, 100, "127.0.0.1")
    assert tail.range == (-5, None)
    assert tail.egress.startswith("127.0.0.1+")
    assert "secret" not in repr(rehearsal.log)


def test_other_processes_read_and_reset_the_log_over_http(rehearsal, get, media_url):
    get(rehearsal, media_url(rehearsal, ID), span="0-99")
    stats = json.loads(get(rehearsal, "http://any/__rehearsal__/stats").body)
    assert stats["counts"] == {"player": 1, "media": 1} == rehearsal.counts()
    assert stats["bytes"]["media"] == stats["requests"][1]["bytes_sent"] == 100
    assert stats["videos"][ID]["media"] == 1
    get(rehearsal, "http://any/__rehearsal__/reset")
    assert rehearsal.log == ()


def test_closing_hangs_up_on_clients_that_wait(cache):
    with Rehearsal(cache=cache) as rehearsal:
        connection = http.client.HTTPConnection(urlsplit(rehearsal.origin).netloc, timeout=10)
        connection.request("GET", "/iframe_api")
        connection.getresponse().read()
    assert connection.sock.recv(1) == b""
    connection.close()


def test_a_client_is_held_while_its_media_are_made(start, get, media_url, monkeypatch):
    monkeypatch.setattr(handler, "HOLD_S", 0.001)
    rehearsal = start(Scenario(default=Video(duration_s=9, itags=(133,), shrink=2)))
    url = media_url(rehearsal, ID, 133)
    assert get(rehearsal, url, span="0-9").status == 206
    with socket.create_connection(("127.0.0.1", urlsplit(rehearsal.origin).port), timeout=10) as connection:
        body = json.dumps({"videoId": "other-video", "context": {"client": {"clientName": "VISIONOS"}}}).encode()
        connection.sendall(b"POST /youtubei/v1/player HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        assert connection.recv(12) == b"HTTP/1.1 100"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"videoId": "x"}'])
def test_a_senseless_player_request_is_a_client_error(body, rehearsal):
    connection = http.client.HTTPConnection(urlsplit(rehearsal.origin).netloc, timeout=10)
    connection.request("POST", "/youtubei/v1/player", body)
    assert connection.getresponse().status == 400
    connection.close()
