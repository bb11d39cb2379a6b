"""How YouTube's player answers for a video: the playability of every case known, under a short name. Pure data.

The texts are YouTube's own, curly apostrophes included, as yt-dlp's users report them; what yt-dlp makes of them is in
the tests, case by case.
"""

from dataclasses import dataclass
from enum import StrEnum

VISION_OS = ("VISIONOS",)


class Offer(StrEnum):
    """What the streaming data hold."""

    FORMATS = "formats"  # with URLs, but without for the web client, as the real ones
    OPEN = "open"  # with URLs for all clients
    NOTHING = "nothing"
    SABR = "sabr"  # formats without a URL: only YouTube's own protocol would serve them
    DRM = "drm"
    CHALLENGE = "challenge"  # URLs with an `n` that only the player's JavaScript can unscramble


class Live(StrEnum):
    NO = "no"
    NOW = "now"
    UPCOMING = "upcoming"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Playability:
    """`refused_clients` names the clients that get this answer, empty for all; `others` is what the rest gets."""

    status: str = "OK"
    reason: str | None = None
    subreason: str | None = None
    offer: Offer = Offer.NOTHING
    live: Live = Live.NO
    captcha: bool = False
    other_video: bool = False  # the answer is about another video
    countries: tuple[str, ...] = ()
    refused_clients: tuple[str, ...] = ()
    others: Offer = Offer.OPEN
    page_note: str = ""  # a text that the watch page carries


AVAILABLE = Playability(offer=Offer.FORMATS)
_TERMINATED = "This video is no longer available because the YouTube account associated with this video has been"


def _error(subreason: str | None, reason: str = "Video unavailable") -> Playability:
    return Playability(status="ERROR", reason=reason, subreason=subreason)


def _unplayable(reason: str, subreason: str | None = None) -> Playability:
    return Playability(status="UNPLAYABLE", reason=reason, subreason=subreason)


def _sign_in(reason: str, subreason: str | None = None) -> Playability:
    return Playability(status="LOGIN_REQUIRED", reason=reason, subreason=subreason)


OUTCOMES = {
    "available": AVAILABLE,
    # gone
    "removed": _error("This video has been removed by the uploader"),
    "unavailable": _error("This video is unavailable"),
    "unavailable_plain": _error(None),
    "not_available": _unplayable("This video is not available"),
    "terminated": _error(f"{_TERMINATED} terminated."),
    "account_closed": _error(
        "This video is no longer available because the uploader has closed their YouTube account."
    ),
    "copyright": _error("This video is no longer available due to a copyright claim by ビクターエンタテインメント"),
    "copyright_blocked": _unplayable(
        "Video unavailable", "This video contains content from SME, who has blocked it on copyright grounds"
    ),
    "copyright_country": _unplayable(
        "Video unavailable",
        "This video contains content from UMG, who has blocked it in your country on copyright grounds",
    ),
    "terms_of_service": _error(
        None, "This video has been removed for violating YouTube\N{RIGHT SINGLE QUOTATION MARK}s Terms of Service"
    ),
    "community_guidelines": _error(
        None, "This video has been removed for violating YouTube\N{RIGHT SINGLE QUOTATION MARK}s Community Guidelines"
    ),
    "private": _sign_in("Private video", "Sign in if you've been granted access to this video"),
    "live_gone": _error(None, "This live stream recording is not available."),
    "drm": Playability(offer=Offer.DRM),
    # needs an account or another country
    "age": _sign_in("Sign in to confirm your age", "This video may be inappropriate for some users."),
    "geo": Playability(
        status="UNPLAYABLE",
        reason="Video unavailable",
        subreason="The uploader has not made this video available in your country",
        countries=("DE", "FR"),
    ),
    "members": _unplayable("Join this channel to get access to members-only content like this video."),
    "paid": _unplayable("This video requires payment to watch."),
    "premium": _unplayable("This video is only available to Music Premium members"),
    "content_check": Playability(
        status="CONTENT_CHECK_REQUIRED",
        reason="The following content may contain suicide or self-harm topics.",
    ),
    # later
    "premiere": Playability(status="LIVE_STREAM_OFFLINE", reason="Premieres in 3 hours", live=Live.UPCOMING),
    "upcoming": Playability(
        status="LIVE_STREAM_OFFLINE", reason="This live event will begin in 2 days.", live=Live.UPCOMING
    ),
    "live": Playability(offer=Offer.FORMATS, live=Live.NOW),
    "was_live": Playability(offer=Offer.FORMATS, live=Live.OVER),
    "processing": _unplayable("We're processing this video. Check back later."),
    "error": _error(None, "An error occurred. Please try again later."),
    # only some clients are refused: the second look finds the video
    "made_for_kids": Playability(
        status="ERROR",
        reason="Video unavailable",
        subreason="This video is unavailable",
        refused_clients=(*VISION_OS, "ANDROID_VR"),
        others=Offer.FORMATS,  # so that only the embedded player has them
        page_note="This video is made for kids",
    ),
    "unavailable_lean": Playability(status="ERROR", reason="Video unavailable", refused_clients=VISION_OS),
    "latest_version": Playability(
        status="UNPLAYABLE",
        reason="The following content is not available on this app.",
        subreason="Watch on the latest version of YouTube.",
        refused_clients=VISION_OS,
    ),
    # the egress is refused, whatever the video
    "bot_check": _sign_in("Sign in to confirm you\N{RIGHT SINGLE QUOTATION MARK}re not a bot"),
    "rate_limit": _error("This content isn't available, try again later."),
    "rate_limit_plain": _unplayable("This content isn't available, try again later."),
    "captcha": Playability(status="UNPLAYABLE", reason="Verify that you are human", captcha=True),
    "wrong_video": Playability(offer=Offer.FORMATS, other_video=True),
    # the tool is out of date
    "sabr": Playability(offer=Offer.SABR),
    "no_formats": Playability(offer=Offer.NOTHING),
    "challenge": Playability(offer=Offer.CHALLENGE),
}
