"""The whole failure table against the offline YouTube: what YouTube says, what is believed, what it costs."""

import io
from collections.abc import Iterator
from threading import Event

import av
import pytest
from rig import DiaryGate, job

from clipset.media import MediaEngine
from clipset.reasons import Reason
from clipset.rehearsal import Hls, MediaFault, MediaFaultKind, PlayerFault, PlayerFaultKind, Rehearsal, Scenario, Video
from clipset.rehearsal.counter import read_frame
from clipset.rehearsal.outcomes import OUTCOMES
from clipset.sources.youtube.config import Egress, YouTubeConfig
from clipset.sources.youtube.source import YouTubeSource
from clipset.types import ClipsetError, Located, Meter, Recipe

SOON = {"duration_s": 12.0, "shrink": 4}

# outcome, the reason it must get (None: it plays), and whether one look is enough
EXPECTED: dict[str, tuple[Reason | None, bool]] = {
    "available": (None, True),
    "was_live": (None, True),
    "removed": (Reason.REMOVED_BY_UPLOADER, True),
    "terminated": (Reason.ACCOUNT_TERMINATED, True),
    "account_closed": (Reason.ACCOUNT_TERMINATED, True),
    "copyright": (Reason.COPYRIGHT, True),
    "copyright_blocked": (Reason.COPYRIGHT, True),
    "copyright_country": (Reason.GEO_BLOCKED, True),
    "terms_of_service": (Reason.TERMS_OF_SERVICE, True),
    "community_guidelines": (Reason.TERMS_OF_SERVICE, True),
    "private": (Reason.PRIVATE, True),
    "live_gone": (Reason.LIVE_GONE, True),
    "geo": (Reason.GEO_BLOCKED, True),
    "members": (Reason.MEMBERS_ONLY, True),
    "paid": (Reason.MEMBERS_ONLY, True),
    "premium": (Reason.MEMBERS_ONLY, True),
    "premiere": (Reason.PREMIERE, True),
    "upcoming": (Reason.PREMIERE, True),
    "live": (Reason.LIVE, True),
    "processing": (Reason.PROCESSING, True),
    "bot_check": (Reason.THROTTLED, True),
    "rate_limit": (Reason.THROTTLED, True),
    "rate_limit_plain": (Reason.THROTTLED, True),
    "captcha": (Reason.THROTTLED, True),
    "wrong_video": (Reason.THROTTLED, True),
    "unavailable": (Reason.UNAVAILABLE, False),
    "unavailable_plain": (Reason.UNAVAILABLE, False),
    "not_available": (Reason.UNAVAILABLE, False),
    "drm": (Reason.DRM, False),
    "age": (Reason.AGE_RESTRICTED, False),
    "content_check": (Reason.AGE_RESTRICTED, False),
    "sabr": (Reason.TOOL_OUTDATED, False),
    "no_formats": (Reason.TOOL_OUTDATED, False),
    "made_for_kids": (None, False),
    "unavailable_lean": (None, False),
    "latest_version": (None, False),
    "error": (Reason.SERVER_ERROR, True),
    "challenge": (Reason.TOOL_OUTDATED, False),  # no solver knows the offline player
}


class Stand:
    """A source on the offline YouTube."""

    def __init__(self, rehearsal: Rehearsal, recipe: Recipe | None = None) -> None:
        self.rehearsal, self.gate, self.meter, self.stop = rehearsal, DiaryGate(), Meter(), Event()
        config = YouTubeConfig(origin=rehearsal.origin)
        self.source = YouTubeSource(config, [Egress()], {"direct": self.gate}, self.stop, recipe or Recipe())

    def locate(self, video_id: str) -> tuple[Located | None, Reason | None]:
        try:
            with self.source.locate(job(video_id, 2), self.meter) as found:
                return next(found), None
        except ClipsetError as error:
            return None, error.failure.reason

    def read(self, video_id: str, start: int = 0, end: int = 2000) -> tuple[bytes, Reason | None]:
        try:
            with self.source.locate(job(video_id, 2), self.meter) as found:
                return next(found).media.video.read(start, end), None
        except ClipsetError as error:
            return b"", error.failure.reason


def video_id(name: str) -> str:
    return name[:11].ljust(11, "-")


@pytest.fixture(scope="module")
def every_outcome() -> Iterator[Rehearsal]:
    videos = {video_id(f"{n:02d}{name}"): Video(outcome=name, **SOON) for n, name in enumerate(OUTCOMES)}
    with Rehearsal(Scenario(videos=videos)) as rehearsal:
        yield rehearsal


def test_every_outcome_of_the_offline_youtube_is_in_the_table() -> None:
    assert EXPECTED.keys() == OUTCOMES.keys()


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_answer_gets_its_reason(every_outcome: Rehearsal, outcome: str) -> None:
    every_outcome.reset()
    stand = Stand(every_outcome)
    expected, at_once = EXPECTED[outcome]
    located, reason = stand.locate(video_id(f"{list(OUTCOMES).index(outcome):02d}{outcome}"))
    stand.source.close()
    assert reason is expected
    assert (located is not None) == (expected is None)
    assert (every_outcome.counts()["page"] == 0) is at_once
    assert stand.meter.requests == len(every_outcome.log)
    if at_once:
        assert stand.meter.requests == 1
    assert stand.gate.diary[0] == "enter"
    assert ("refused" in stand.gate.diary) == (expected is Reason.THROTTLED)


MEDIA_FAULTS = {
    "a stale address is renewed": (MediaFault(kind=MediaFaultKind.STALE, times=1), None),
    "a cut body resumes": (MediaFault(kind=MediaFaultKind.CUT, offset_bytes=500, times=3), None),
    "a reset resumes": (MediaFault(kind=MediaFaultKind.RESET, times=2), None),
    "a length that lies resumes": (MediaFault(kind=MediaFaultKind.WRONG_LENGTH, times=1), None),
    "no ranges": (MediaFault(kind=MediaFaultKind.NO_RANGES), None),
    "an address that stays stale": (MediaFault(kind=MediaFaultKind.STALE), Reason.THROTTLED),
    "one refusal that is renewed": (MediaFault(kind=MediaFaultKind.STATUS, times=1), None),
    "too many requests": (MediaFault(kind=MediaFaultKind.STATUS, status=429), Reason.THROTTLED),
    "a server that fails": (MediaFault(kind=MediaFaultKind.STATUS, status=503), Reason.SERVER_ERROR),
    "a login page": (MediaFault(kind=MediaFaultKind.HTML), Reason.SERVER_ERROR),
    "connections that always break": (MediaFault(kind=MediaFaultKind.RESET), Reason.NETWORK),
}


@pytest.mark.parametrize("case", MEDIA_FAULTS)
def test_each_fault_of_media_is_survived_or_named(case: str) -> None:
    fault, expected = MEDIA_FAULTS[case]
    good, bad = "goodgoodgoo", "badbadbadba"
    videos = {good: Video(media_key=7, **SOON), bad: Video(media_key=7, media_faults=(fault,), **SOON)}
    with Rehearsal(Scenario(videos=videos)) as rehearsal:
        stand = Stand(rehearsal)
        whole, _ = stand.read(good)
        data, reason = stand.read(bad)
        stand.source.close()
    assert reason is expected
    assert data == (whole if expected is None else b"")


def test_a_file_served_only_at_its_beginning_means_that_the_tool_is_out_of_date() -> None:
    gated = Video(media_faults=(MediaFault(kind=MediaFaultKind.FORBIDDEN_AFTER, offset_bytes=5000),), **SOON)
    with Rehearsal(Scenario(default=gated)) as rehearsal:
        stand = Stand(rehearsal)
        with stand.source.locate(job(video_id("gated"), 2), stand.meter) as found:
            media = next(found).media
            assert len(media.video.read(0, 1000)) == 1000
            with pytest.raises(ClipsetError) as failed:
                media.video.read(5000, 6000)
        stand.source.close()
    assert failed.value.failure.reason is Reason.TOOL_OUTDATED


PLAYER_FAULTS = {
    429: Reason.THROTTLED,
    403: Reason.THROTTLED,
    404: Reason.SERVER_ERROR,
    400: Reason.SERVER_ERROR,
    500: Reason.SERVER_ERROR,
    503: Reason.SERVER_ERROR,
    None: Reason.NETWORK,
}


@pytest.mark.parametrize("status", PLAYER_FAULTS)
def test_each_fault_of_the_player_is_named_after_one_request(status: int | None) -> None:
    fault = PlayerFault(status=status) if status else PlayerFault(kind=PlayerFaultKind.RESET)
    with Rehearsal(Scenario(default=Video(player_faults=(fault,), **SOON))) as rehearsal:
        stand = Stand(rehearsal)
        assert stand.locate(video_id("faulty")) == (None, PLAYER_FAULTS[status])
        stand.source.close()
        assert rehearsal.counts() == {"player": 1}


def test_all_videos_of_a_source_come_over_one_connection() -> None:
    """YouTube has one host for the answers and others for media: that would be one connection to each."""
    with Rehearsal(Scenario(default=Video(itags=(134, 140), media_key=7, **SOON))) as rehearsal:
        stand = Stand(rehearsal)
        for n in range(4):
            with stand.source.locate(job(video_id(f"video{n}"), 2), stand.meter) as found:
                media = next(found).media
                for stream in (media.video, media.audio):
                    for start in (0, 700, 1400):
                        assert len(stream.read(start, start + 500)) == 500
        stand.source.close()
        assert stand.meter.requests == len(rehearsal.log) == 4 * (1 + 2 * 3)
        assert rehearsal.connections == 1


@pytest.mark.parametrize("hls", [Hls.TS, Hls.FMP4])
def test_a_playlist_gives_the_frames_of_the_span_and_not_the_whole_video(hls: Hls) -> None:
    """Only the second look asks for playlists; the clip is at 62 s, the video has 90."""
    name = video_id("playlist")
    video = Video(duration_s=90.0, shrink=4, itags=(), hls=hls)
    engine = MediaEngine(Recipe(), Event())
    with Rehearsal(Scenario(videos={name: video})) as rehearsal:
        stand = Stand(rehearsal)
        with (
            stand.source.locate(job(name, 62), stand.meter) as found,
            engine.open(next(found).media) as cutter,
        ):
            data = cutter.cut(job(name, 62).wanted[0].clip).data
        stand.source.close()
        whole = sum(entry.bytes_sent for entry in rehearsal.log if entry.kind == "media")
    engine.close()
    with av.open(io.BytesIO(data)) as container:
        assert [read_frame(frame).frame for frame in container.decode(video=0)] == [*range(62 * 25, 72 * 25)]
    assert whole < 3 * len(data)
