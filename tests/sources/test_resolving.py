"""From a video id to an input, or to the reason why there is none: the unmodified extractor against loopback."""

import socket
from functools import cached_property
from http.client import HTTPConnection
from typing import Any

import pytest
from fake_youtube import hang_up, media_format, playable, status, unplayable
from rig import VIDEO_ID, Rig, job
from yt_dlp import YoutubeDL

from clipset.reasons import Reason
from clipset.sources.youtube.config import Egress
from clipset.sources.youtube.seam import ResolverYDL
from clipset.sources.youtube.transport import OpenConnections
from clipset.types import ClipsetError, Cooling, Interrupted, Recipe, Stage

PLAYER = "/youtubei/v1/player"
GONE = "Video unavailable"


def test_a_resolve_is_one_request_and_one_permit(rig: Rig) -> None:
    with rig.source().locate(job(VIDEO_ID, 10, 50, 100), rig.meter) as found:
        (located,) = found
    assert rig.youtube.paths() == [PLAYER]
    assert rig.youtube.clients() == ["VISIONOS"]
    assert rig.gate.diary == ["enter", "succeeded"]
    assert rig.meter.requests == 1
    assert rig.meter.fetched_bytes > 1000
    assert [want.clip.span.start_us for want in located.wanted] == [10_000_000, 50_000_000, 100_000_000]
    assert located.media.format_id == "18"
    assert located.egress == "direct"
    assert located.tool.startswith("yt-dlp 20")
    assert located.tool.endswith(" visionos 18")


def test_where_an_index_lies_is_learnt_from_the_players_answer(rig: Rig) -> None:
    answer = playable(VIDEO_ID)
    answer["streamingData"].pop("formats")
    adaptive = answer["streamingData"]["adaptiveFormats"]
    adaptive[0]["indexRange"] = {"start": "739", "end": "1490"}
    adaptive[1]["indexRange"] = {"start": "1", "end": "2"}
    adaptive[2] |= {"indexRange": {"start": "632", "end": "999"}, "contentLength": "12345"}
    rig.youtube.script(PLAYER, lambda handler: handler.send_json(answer))
    with rig.source().locate(job(), rig.meter) as found:
        assert next(found).media.index_bytes == ((739, 1491), (632, 1000))


def test_nothing_is_asked_before_the_permit(rig: Rig) -> None:
    rig.gate.cooling = True
    with pytest.raises(Cooling):
        rig.failure()
    assert rig.youtube.seen == []
    assert rig.gate.diary == []


def test_an_egress_that_cools_during_a_resolve_is_not_asked_again_nor_refused_twice(rig: Rig) -> None:
    def cool(handler: Any) -> None:
        rig.gate.cooling = True
        handler.send_json(unplayable(VIDEO_ID, GONE))

    rig.youtube.script(PLAYER, cool)
    with pytest.raises(Cooling):
        rig.failure()
    assert len(rig.youtube.seen) == 1
    assert "refused" not in rig.gate.diary


# reason and subreason as YouTube says them, status, and what is believed after one look
AT_ONCE = {
    "removed": (GONE, "This video has been removed by the uploader", "ERROR", Reason.REMOVED_BY_UPLOADER),
    "terminated": (
        GONE,
        "This video is no longer available because the YouTube account associated with this video has been terminated.",
        "ERROR",
        Reason.ACCOUNT_TERMINATED,
    ),
    "copyright": (GONE, "This video is no longer available due to a copyright claim by X", "ERROR", Reason.COPYRIGHT),
    "terms": (
        "This video has been removed for violating YouTube\N{RIGHT SINGLE QUOTATION MARK}s Terms of Service",
        "",
        "ERROR",
        Reason.TERMS_OF_SERVICE,
    ),
    "private": ("Private video", "Sign in if you've been granted access", "LOGIN_REQUIRED", Reason.PRIVATE),
    "geo": (
        GONE,
        "The uploader has not made this video available in your country",
        "UNPLAYABLE",
        Reason.GEO_BLOCKED,
    ),
    "members": ("Join this channel to get access to members-only content", "", "UNPLAYABLE", Reason.MEMBERS_ONLY),
    "recording gone": ("This live stream recording is not available.", "", "ERROR", Reason.LIVE_GONE),
    "premiere": ("Premieres in 3 hours", "", "LIVE_STREAM_OFFLINE", Reason.PREMIERE),
}


@pytest.mark.parametrize("case", AT_ONCE)
def test_what_names_its_cause_is_believed_at_once(rig: Rig, case: str) -> None:
    reason, subreason, playability, expected = AT_ONCE[case]
    rig.youtube.players[VIDEO_ID] = unplayable(VIDEO_ID, reason, subreason, playability)
    failure = rig.failure()
    assert failure.reason is expected
    assert failure.stage is Stage.RESOLVE
    assert (subreason or reason)[:40] in failure.detail
    assert len(rig.youtube.seen) == 1
    assert rig.gate.diary == ["enter", "succeeded"]


REFUSED = {
    "rate limit": ("This content isn't available, try again later.", "", "UNPLAYABLE"),
    "rate limit dressed as a loss": (GONE, "This content isn't available, try again later.", "ERROR"),
    "bot check": ("Sign in to confirm you\N{RIGHT SINGLE QUOTATION MARK}re not a bot", "", "LOGIN_REQUIRED"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_in_words_is_the_egresss_and_not_the_videos(rig: Rig, case: str) -> None:
    rig.youtube.players[VIDEO_ID] = unplayable(VIDEO_ID, *REFUSED[case])
    assert rig.failure().reason is Reason.THROTTLED
    assert len(rig.youtube.seen) == 1
    assert rig.gate.diary == ["enter", "refused"]


def test_a_captcha_is_a_refusal(rig: Rig) -> None:
    answer = unplayable(VIDEO_ID, "Verify that you are human")
    answer["playabilityStatus"]["errorScreen"]["playerCaptchaViewModel"] = {"x": 1}
    rig.youtube.players[VIDEO_ID] = answer
    assert rig.failure().reason is Reason.THROTTLED


def test_another_videos_answer_is_a_refusal(rig: Rig) -> None:
    rig.youtube.players[VIDEO_ID] = playable("aaaaaaaaaaa")
    assert rig.failure().reason is Reason.THROTTLED
    assert rig.gate.diary == ["enter", "refused"]


STATUSES = {
    429: Reason.THROTTLED,
    403: Reason.THROTTLED,
    402: Reason.THROTTLED,
    404: Reason.SERVER_ERROR,
    400: Reason.SERVER_ERROR,
    500: Reason.SERVER_ERROR,
    503: Reason.SERVER_ERROR,
}


@pytest.mark.parametrize("code", STATUSES)
def test_an_http_error_of_the_api_costs_one_request_and_keeps_its_status(rig: Rig, code: int) -> None:
    rig.youtube.script(PLAYER, status(code, Retry_After="77"))
    failure = rig.failure()
    assert (failure.reason, failure.http_status, failure.retry_after_s) == (STATUSES[code], code, 77.0)
    assert len(rig.youtube.seen) == 1
    assert rig.gate.diary == (["enter", "refused for 77 s"] if failure.reason is Reason.THROTTLED else ["enter"])


def test_an_http_error_of_the_second_look_ends_it_too(rig: Rig) -> None:
    rig.youtube.players[VIDEO_ID] = unplayable(VIDEO_ID, GONE)
    rig.youtube.script("/watch", status(429, Retry_After="Fri, 01 Jan 2100 00:00:00 GMT"))
    failure = rig.failure()
    assert failure.reason is Reason.THROTTLED
    assert failure.retry_after_s is not None
    assert failure.retry_after_s > 1e6
    assert rig.youtube.paths() == [PLAYER, "/watch"]


def test_a_broken_connection_is_one_request_and_no_verdict_on_the_egress(rig: Rig) -> None:
    rig.youtube.script(PLAYER, hang_up)
    failure = rig.failure()
    assert failure.reason is Reason.NETWORK
    assert failure.http_status is None
    assert len(rig.youtube.seen) == 1
    assert rig.gate.diary == ["enter"]


def test_a_silent_server_is_given_up_after_the_timeout(rig: Rig) -> None:
    rig.youtube.script(PLAYER, lambda handler: rig.stop.wait(10))
    assert rig.failure(socket_timeout_s=0.2).reason is Reason.NETWORK
    assert len(rig.youtube.seen) == 1
    rig.stop.set()


def test_a_cut_answer_is_the_networks_fault(rig: Rig) -> None:
    def cut(handler: Any) -> None:
        handler.send(200, b"{", {"Content-Length": "5000", "Content-Type": "application/json"})
        handler.close_connection = True

    rig.youtube.script(PLAYER, cut)
    assert rig.failure().reason is Reason.NETWORK


DOUBTFUL = {
    "unavailable": unplayable(VIDEO_ID, GONE, "This video is unavailable"),
    "content check": unplayable(
        VIDEO_ID, "The following content may contain suicide or self-harm topics.", "", "CONTENT_CHECK_REQUIRED"
    ),
    "this client only": unplayable(VIDEO_ID, "Watch on the latest version of YouTube.", "", "UNPLAYABLE"),
    "nobody said that before": unplayable(VIDEO_ID, "Computer says no", "", "UNPLAYABLE"),
    "no formats": playable(VIDEO_ID, streamingData={}),
    "protected": playable(
        VIDEO_ID,
        streamingData={
            "formats": [media_format(VIDEO_ID, 18, "video/mp4", 640, 360, 1) | {"drmFamilies": ["WIDEVINE"]}]
        },
    ),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_a_doubtful_loss_is_looked_at_twice_for_one_permit(rig: Rig, case: str) -> None:
    """The second look runs yt-dlp's default clients; here only they can play the video."""
    rig.youtube.script(PLAYER, lambda handler: handler.send_json(DOUBTFUL[case]))
    with rig.source().locate(job(), rig.meter) as found:
        (located,) = found
    assert located.tool.endswith(" default 18")
    assert "/watch" in rig.youtube.paths()
    assert rig.gate.diary == ["enter", "succeeded"]
    assert rig.meter.requests == len(rig.youtube.seen)


def test_an_age_gate_is_looked_at_twice_after_the_embedded_player_that_yt_dlp_tries(rig: Rig) -> None:
    gate = unplayable(VIDEO_ID, "Sign in to confirm your age", "", "LOGIN_REQUIRED")
    rig.youtube.script(PLAYER, *[lambda handler: handler.send_json(gate)] * 2)
    with rig.source().locate(job(), rig.meter) as found:
        assert next(found).tool.endswith(" default 18")
    rig.youtube.players[VIDEO_ID] = gate
    assert rig.failure().reason is Reason.AGE_RESTRICTED


def test_what_both_looks_say_is_believed(rig: Rig) -> None:
    rig.youtube.players[VIDEO_ID] = DOUBTFUL["unavailable"]
    assert rig.failure().reason is Reason.UNAVAILABLE
    assert rig.youtube.clients()[0] == "VISIONOS"
    assert rig.youtube.clients()[-1] == "WEB"
    assert rig.gate.diary == ["enter", "succeeded"]


def test_yt_dlp_repeats_nothing_on_its_own(rig: Rig) -> None:
    alert = {"alertRenderer": {"type": "ERROR", "text": {"simpleText": "Unknown error"}}}
    rig.youtube.players[VIDEO_ID] = {"alerts": [alert]}
    assert rig.failure().disposition == "retry"
    assert rig.youtube.clients() == ["VISIONOS"]


def test_a_refusal_that_yt_dlp_swallows_is_still_a_refusal(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its challenge solvers, for one, catch whatever happens while they fetch the player."""
    source = rig.source()
    with source.locate(job("aaaaaaaaaaa"), rig.meter):
        pass
    extractor = source._sessions["direct"].resolver._extractor
    extract = extractor.extract

    def swallowing(url: str) -> Any:
        try:
            return extract(url)
        except Exception:  # noqa: BLE001 - this is what they do
            return {"id": VIDEO_ID, "formats": []}

    monkeypatch.setattr(extractor, "extract", swallowing)
    rig.youtube.script(PLAYER, status(429))
    with pytest.raises(ClipsetError) as failed, source.locate(job(), rig.meter):
        pass
    assert failed.value.failure.reason is Reason.THROTTLED
    assert rig.gate.diary[-1] == "refused"

    monkeypatch.setattr(rig.gate, "enter", lambda: setattr(rig.gate, "cooling", True))
    with pytest.raises(Cooling), source.locate(job(), rig.meter):
        pass
    assert rig.gate.diary.count("refused") == 1


def test_a_video_without_urls_means_that_the_tool_is_out_of_date(rig: Rig) -> None:
    sabr = media_format(VIDEO_ID, 18, "video/mp4", 640, 360, 500_000)
    del sabr["url"]
    rig.youtube.players[VIDEO_ID] = playable(VIDEO_ID, streamingData={"formats": [sabr]})
    failure = rig.failure()
    assert failure.reason is Reason.TOOL_OUTDATED
    assert "SABR" in failure.detail


LIVE = {"isLive": Reason.LIVE, "isPostLiveDvr": Reason.LIVE, "isUpcoming": Reason.PREMIERE}


@pytest.mark.parametrize("key", LIVE)
def test_what_is_live_is_not_cut_though_it_plays(rig: Rig, key: str) -> None:
    answer = playable(VIDEO_ID)
    answer["videoDetails"] |= {key: True, "isLiveContent": True}
    rig.youtube.players[VIDEO_ID] = answer
    assert rig.failure().reason is LIVE[key]


def test_a_trailer_is_not_the_video(rig: Rig) -> None:
    answer = unplayable(VIDEO_ID, "This video requires payment to watch.")
    renderer = {"trailerVideoId": "aaaaaaaaaaa"}
    answer["playabilityStatus"]["errorScreen"] = {"playerLegacyDesktopYpcTrailerRenderer": renderer}
    rig.youtube.players[VIDEO_ID] = answer
    assert rig.failure().reason is Reason.MEMBERS_ONLY


NONSENSE = {
    "a list": [],
    "a number": 5,
    "wrong types": {"playabilityStatus": "OK", "videoDetails": {"videoId": VIDEO_ID}, "streamingData": [1]},
    "formats of the wrong kind": playable(VIDEO_ID, streamingData={"formats": ["x", {"itag": {}, "url": 5}]}),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_an_answer_that_makes_no_sense_costs_one_try_and_never_the_video(rig: Rig, case: str) -> None:
    rig.youtube.players[VIDEO_ID] = NONSENSE[case]
    assert rig.failure().disposition == "retry"


def test_the_clients_are_configuration(rig: Rig) -> None:
    rig.source(lean_clients=("android_vr",)).locate(job(), rig.meter).__enter__()
    assert rig.youtube.clients() == ["ANDROID_VR"]


def test_the_recipe_decides_the_formats(rig: Rig) -> None:
    with rig.source(recipe=Recipe(max_height_px=240)).locate(job(), rig.meter) as found:
        media = next(found).media
    assert media.format_id == "133+140"
    assert media.audio is not None
    with rig.source(recipe=Recipe(max_height_px=240, audio=False)).locate(job(), rig.meter) as found:
        media = next(found).media
    assert media.format_id == "133"
    assert media.audio is None


def test_a_stop_before_the_resolve_asks_nothing(rig: Rig) -> None:
    rig.stop.set()
    with pytest.raises(Interrupted), rig.source().locate(job(), rig.meter):
        pass
    assert rig.youtube.seen == []


def test_a_stop_while_the_connection_is_made_ends_it(rig: Rig) -> None:
    """The watcher may have looked already."""
    connections = OpenConnections(rig.stop)
    ours, theirs = socket.socketpair()
    rig.stop.set()
    with ours, theirs:
        connection = HTTPConnection("youtube.invalid")
        connection.sock = ours
        with pytest.raises(Interrupted):
            connections.add(connection)
        assert theirs.recv(1) == b""
    connections.close()


def test_one_connection_and_one_instance_serve_many_videos(rig: Rig) -> None:
    source = rig.source()
    for video_id in ("aaaaaaaaaaa", "bbbbbbbbbbb", "ccccccccccc"):
        with source.locate(job(video_id), rig.meter) as found:
            next(found).media.video.read(0, 100)
    assert rig.youtube.connections == 1
    assert rig.meter.requests == 6


def test_the_seam_shadows_nothing_of_yt_dlp_but_what_it_means_to(rig: Rig) -> None:
    source = rig.source()
    with source.locate(job(), rig.meter):
        pass
    own = {*vars(ResolverYDL), *vars(source._sessions["direct"].ydl)} - {*vars(YoutubeDL())}
    theirs = {name for name, value in vars(YoutubeDL).items() if not isinstance(value, cached_property)}
    shadowed = {name for name in own & theirs if not name.startswith("__")}
    assert shadowed == {"urlopen", "build_request_director"}


def test_a_source_needs_a_gate_for_each_egress(rig: Rig) -> None:
    with pytest.raises(ValueError, match="gate for each"):
        rig.source().__class__(None, [Egress("other")], {"direct": rig.gate}, rig.stop, Recipe())  # type: ignore[arg-type]


def test_yt_dlp_says_nothing_on_the_screen(rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
    rig.youtube.players[VIDEO_ID] = DOUBTFUL["unavailable"]
    rig.failure()
    with rig.source().locate(job("aaaaaaaaaaa"), rig.meter):
        pass
    assert capfd.readouterr() == ("", "")


def test_a_refusing_text_that_comes_as_an_exception_is_still_a_refusal(rig: Rig) -> None:
    rig.youtube.players[VIDEO_ID] = {"error": {"message": "Too many requests"}, "alerts": []}
    with pytest.raises(ClipsetError) as failed, rig.source().locate(job(), rig.meter):
        pass
    assert failed.value.failure.disposition in {"retry", "pace"}
