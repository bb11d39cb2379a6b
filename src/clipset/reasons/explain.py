"""What each reason means, in words for a user. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass

from clipset.reasons.reason import Disposition, Reason
from clipset.reasons.table import RULES


@dataclass(frozen=True, slots=True)
class Explanation:
    """A reason as `clipset reasons` prints it; `example` is a text that leads to it, empty where none does."""

    reason: Reason
    disposition: Disposition
    explanation: str
    example: str


_EXPLANATIONS: Mapping[Reason, str] = {
    Reason.REMOVED_BY_UPLOADER: "The uploader deleted the video.",
    Reason.ACCOUNT_TERMINATED: "YouTube closed the uploader's account, or the uploader did.",
    Reason.COPYRIGHT: "A rights holder had the video taken down or blocked.",
    Reason.TERMS_OF_SERVICE: "YouTube removed the video for its rules.",
    Reason.PRIVATE: "The uploader made the video private.",
    Reason.GEO_BLOCKED: "The video is not shown in the country of this egress; another egress may see it.",
    Reason.AGE_RESTRICTED: "The video needs an account that confirmed its age; try --cookies.",
    Reason.MEMBERS_ONLY: "Only paying viewers or members of the channel may watch.",
    Reason.LIVE_GONE: "The recording of a live event was not kept.",
    Reason.DUPLICATE: "YouTube removed the video as a copy of another one.",
    Reason.NOT_FOUND: "YouTube knows no video with this id.",
    Reason.UNAVAILABLE: "YouTube says only that the video is unavailable, on a second look too.",
    Reason.DRM: "The video is encrypted.",
    Reason.TOO_SHORT: "The video ends before enough of the clip is there (--min-share).",
    Reason.NO_VIDEO: "The file holds no picture that can be decoded.",
    Reason.DAMAGED_MEDIA: "The file is damaged; it was fetched twice.",
    Reason.BAD_ANNOTATION: "The row of the list names no clip.",
    Reason.LIVE: "The event is live; its recording may follow.",
    Reason.PREMIERE: "The video is announced, not yet published.",
    Reason.PROCESSING: "YouTube is still preparing the video.",
    Reason.TOOL_OUTDATED: "yt-dlp or its JavaScript runtime must be newer: update them, clips come back on their own.",
    Reason.NETWORK: "The connection failed.",
    Reason.SERVER_ERROR: "YouTube's server failed.",
    Reason.EXPIRED_URL: "The address of the media was no longer accepted.",
    Reason.MEDIA_TIMEOUT: "Decoding took too long and was ended.",
    Reason.MEDIA_CRASH: "The decoder died on the file.",
    Reason.TOOL_FAILURE: "A tool around the download failed, such as a shell or ffmpeg.",
    Reason.ABSENT: "None of the sources asked has the video.",
    Reason.STORE_ERROR: "The store of the clips does not take this one; it takes others.",
    Reason.UNKNOWN: "The text is in no table yet; the message says what is known.",
    Reason.THROTTLED: "YouTube refused the egress, not the video: the clip is untouched and waits for the cool-down.",
    Reason.DISK_FULL: "The disk, or the store of the clips, is full.",
    Reason.NO_PERMISSION: "The folder, or the store of the clips, may not be written.",
    Reason.STORE_UNAVAILABLE: "The store of the clips does not answer, or cannot be used as it is.",
    Reason.MISSING_PART: "This machine lacks a codec or a program.",
    Reason.BUG: "clipset failed; the log has a traceback.",
}


_DEFAULT_ADVICE: Mapping[Disposition, str] = {
    Disposition.LOST: "Another --source may have it.",
    Disposition.RETRY: "Run the same fetch again; it is asked for when its time has come.",
    Disposition.PACE: "Run the same fetch again after the cool-down.",
    Disposition.STOP: "Mend it and run the same fetch again.",
}
_ADVICE: Mapping[Reason, str] = {
    Reason.GEO_BLOCKED: "clipset retry with --reason geo_blocked, then fetch with --proxy in another country.",
    Reason.AGE_RESTRICTED: "clipset retry with --reason age_restricted, then fetch with --cookies.",
    Reason.MEMBERS_ONLY: "clipset retry with --reason members_only, then fetch with --cookies of a member.",
    Reason.TOO_SHORT: "A smaller --min-share keeps what is there, after clipset retry.",
    Reason.BAD_ANNOTATION: "Mend the row in the list.",
    Reason.TOOL_OUTDATED: "pip install --upgrade yt-dlp, then run the same fetch again.",
    Reason.ABSENT: "Name one more --source, or fill the folder; then run fetch again.",
    Reason.UNKNOWN: "clipset reasons --unmatched shows the texts; a newer clipset may know them.",
    Reason.BUG: "Report it with the log's traceback.",
}


def meaning(reason: Reason) -> str:
    return _EXPLANATIONS[reason]


def advice(reason: Reason, held: Disposition) -> str:
    """What to do about clips that are not there for this reason. `held` is what holds for them."""
    if held is Disposition.LOST and reason.disposition is Disposition.RETRY:
        return f"Tried often enough; clipset retry with --reason {reason} begins anew."
    return _ADVICE.get(reason, _DEFAULT_ADVICE[held])


def rules() -> tuple[Explanation, ...]:
    """Every reason once, in the order of the enumeration, with the first example of the table."""
    return tuple(
        Explanation(reason, reason.disposition, _EXPLANATIONS[reason], _first_example(reason)) for reason in Reason
    )


def _first_example(reason: Reason) -> str:
    return next((rule.example for rule in RULES if rule.reason is reason and rule.example), "")
