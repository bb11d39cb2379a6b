"""The whole failure table against the offline YouTube: what YouTube says, what is believed, what it costs."""

from collections.abc import Iterator
from threading import Event

import pytest
from conftest import DiaryGate, job

from clipset.reasons import Reason
from clipset.rehearsal import Rehearsal, Scenario, Video
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
