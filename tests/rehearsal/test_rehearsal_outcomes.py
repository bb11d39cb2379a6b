"""What the unmodified yt-dlp says of every outcome, lean and with its default clients."""

import http.client
import json
import socket
import tomllib
from pathlib import Path

import pytest
import yt_dlp

from clipset.rehearsal import PlayerFault, PlayerFaultKind, Scenario, Video
from clipset.rehearsal.outcomes import OUTCOMES

CASES = tomllib.loads(Path(__file__).with_name("outcomes.toml").read_text(encoding="utf-8"))["case"]
VIDEOS = {f"outcome-{place:03d}": name for place, name in enumerate(OUTCOMES)}
IDS = {name: video_id for video_id, name in VIDEOS.items()}


@pytest.fixture
def rehearsal(start):
    videos = {
        video_id: Video(duration_s=1, itags=(18,), shrink=2, media_key=8, outcome=outcome)
        for video_id, outcome in VIDEOS.items()
    }
    return start(Scenario(videos=videos))


def test_every_outcome_is_in_the_table():
    assert {case["outcome"] for case in CASES} == set(OUTCOMES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['outcome']}-{case.get('look', 'lean')}")
def test_yt_dlp_takes_an_outcome_as_it_takes_youtubes(case, rehearsal, resolve):
    lean = case.get("look", "lean") == "lean"
    try:
        info = resolve(rehearsal, IDS[case["outcome"]], lean=lean)
    except yt_dlp.utils.DownloadError as error:
        inner, text = error.exc_info[1], str(error).split(": ", 2)[2]
        found = (type(inner).__name__, inner.expected)
        assert found == (case.get("error", "ExtractorError"), case.get("expected", True))
        assert text.startswith(case["message"])
    else:
        assert case["error"] == ""
        assert info["live_status"] == case.get("live", "not_live")
        assert [item["format_id"] for item in info["formats"]] == ["18"]
    assert rehearsal.counts()["player"] == case.get("requests", 1)


def test_a_lean_resolve_is_one_request_and_a_default_one_is_two(rehearsal, resolve):
    resolve(rehearsal, IDS["available"])
    assert rehearsal.counts() == {"player": 1}
    rehearsal.reset()
    resolve(rehearsal, IDS["available"], lean=False)
    assert rehearsal.counts() == {"page": 1, "player": 1}


@pytest.mark.parametrize(
    ("outcome", "client", "playable"),
    [
        ("available", "VISIONOS", True),
        ("available", "WEB", False),  # formats, but none with a URL
        ("made_for_kids", "VISIONOS", False),
        ("made_for_kids", "WEB", False),
        ("made_for_kids", "WEB_EMBEDDED_PLAYER", True),
        ("latest_version", "VISIONOS", False),
        ("latest_version", "WEB", True),
    ],
)
def test_each_client_gets_what_the_real_one_would(outcome, client, playable, rehearsal):
    connection = http.client.HTTPConnection(rehearsal.origin.removeprefix("http://"), timeout=10)
    asked = {"videoId": IDS[outcome], "context": {"client": {"clientName": client}}}
    connection.request("POST", "/youtubei/v1/player", json.dumps(asked))
    response = json.load(connection.getresponse())
    connection.close()
    formats = response.get("streamingData", {}).get("formats", [])
    assert any("url" in item for item in formats) is playable


def test_the_geo_block_tells_the_countries(rehearsal, resolve):
    with pytest.raises(yt_dlp.utils.DownloadError) as caught:
        resolve(rehearsal, IDS["geo"])
    assert caught.value.exc_info[1].countries == ["DE", "FR"]


@pytest.mark.parametrize(
    ("fault", "asked"),
    [
        (PlayerFault(status=404), 4),
        (PlayerFault(status=500), 4),
        (PlayerFault(status=503, retry_after_s=7), 4),
        (PlayerFault(status=429, retry_after_s=7), 1),
        (PlayerFault(status=403), 1),
        (PlayerFault(kind=PlayerFaultKind.RESET), 4),
    ],
    ids=str,
)
def test_an_http_error_of_the_player_is_no_player_response(fault, asked, start, resolve):
    rehearsal = start(Scenario(default=Video(player_faults=(fault,))))
    with pytest.raises(yt_dlp.utils.DownloadError, match="Failed to extract any player response") as caught:
        resolve(rehearsal, "some-video0")
    assert not caught.value.exc_info[1].expected
    assert rehearsal.counts()["player"] == asked


def test_a_fault_of_the_first_requests_goes_away(start, resolve):
    fault = PlayerFault(status=503, times=2)
    rehearsal = start(Scenario(default=Video(duration_s=1, itags=(18,), shrink=2, player_faults=(fault,))))
    assert resolve(rehearsal, "some-video0")["duration"] == 1
    assert rehearsal.counts()["player"] == 3


def test_a_stalled_player_answers_nothing_until_the_client_leaves(start):
    stall = PlayerFault(kind=PlayerFaultKind.STALL)
    rehearsal = start(Scenario(default=Video(player_faults=(stall,))))
    body = b'{"videoId": "some-video0", "context": {"client": {"clientName": "VISIONOS"}}}'
    port = int(rehearsal.origin.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=0.3) as connection:
        connection.sendall(b"POST /youtubei/v1/player HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_an_outcome_may_pass(start, resolve):
    video = Video(duration_s=1, itags=(18,), shrink=2, outcome="premiere", outcome_times=1)
    rehearsal = start(Scenario(default=video))
    with pytest.raises(yt_dlp.utils.DownloadError, match="Premieres in"):
        resolve(rehearsal, "some-video0")
    assert resolve(rehearsal, "some-video0")["formats"]


def test_an_advertisement_delays_the_media(start, resolve, get):
    rehearsal = start(Scenario(default=Video(duration_s=1, itags=(18,), shrink=2, preroll_s=5)))
    info = resolve(rehearsal, "some-video0")
    answered_at = rehearsal.log[0].at_us / 1e6
    assert 5 <= info["formats"][0]["available_at"] - answered_at <= 6.1
    assert get(rehearsal, info["formats"][0]["url"]).status == 403


def test_ids_that_begin_with_dashes_resolve(start, resolve):
    rehearsal = start(Scenario(default=Video(duration_s=1, itags=(18,), shrink=2)))
    assert resolve(rehearsal, "--rehearse2")["id"] == "--rehearse2"
