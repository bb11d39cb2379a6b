"""The reasons a clip can be missing, each with its disposition."""

from enum import StrEnum


class Disposition(StrEnum):
    """What a failure means for the future of the clip and of the run."""

    LOST = "lost"  # the clip is gone: never asked for again on its own
    RETRY = "retry"  # it may work later
    PACE = "pace"  # the egress was refused: the clip is untouched and loses no attempt
    STOP = "stop"  # our side failed: the run ends with a plain message


class Reason(StrEnum):
    """Values are what `failed.csv`, the ledger and `status --json` show."""

    # gone
    REMOVED_BY_UPLOADER = "removed_by_uploader"
    ACCOUNT_TERMINATED = "account_terminated"
    COPYRIGHT = "copyright"
    TERMS_OF_SERVICE = "terms_of_service"
    PRIVATE = "private"
    GEO_BLOCKED = "geo_blocked"
    AGE_RESTRICTED = "age_restricted"  # age or content check: needs an account
    MEMBERS_ONLY = "members_only"  # members, paid, premium
    LIVE_GONE = "live_gone"  # the recording of a live event that was not kept
    DUPLICATE = "duplicate"
    NOT_FOUND = "not_found"  # HTTP 404 or 410 for the video
    UNAVAILABLE = "unavailable"  # believed only after the second look
    DRM = "drm"
    TOO_SHORT = "too_short"  # the video ends before --min-share of the span
    NO_VIDEO = "no_video"  # no video stream, or nothing that can be decoded as one
    DAMAGED_MEDIA = "damaged_media"
    BAD_ANNOTATION = "bad_annotation"
    # later
    LIVE = "live"
    PREMIERE = "premiere"
    PROCESSING = "processing"
    TOOL_OUTDATED = "tool_outdated"  # SABR-only, unsolved challenge: yt-dlp or its runtime must be newer
    NETWORK = "network"
    SERVER_ERROR = "server_error"
    EXPIRED_URL = "expired_url"
    MEDIA_TIMEOUT = "media_timeout"  # the media child was too slow and was killed
    MEDIA_CRASH = "media_crash"  # the media child died
    TOOL_FAILURE = (
        "tool_failure"  # a tool around the download failed, ours or a peer's: a shell, ffmpeg, a post-processor
    )
    ABSENT = "absent"  # none of the sources asked has it (a folder that may fill)
    STORE_ERROR = "store_error"  # the store of the clips does not take this one, while it takes others
    UNKNOWN = "unknown"
    # the egress
    THROTTLED = "throttled"
    # our side
    DISK_FULL = "disk_full"
    NO_PERMISSION = "no_permission"
    STORE_UNAVAILABLE = "store_unavailable"  # the store of the clips takes none
    MISSING_PART = "missing_part"  # a codec or runtime this machine lacks
    BUG = "bug"

    @property
    def disposition(self) -> Disposition:
        return _DISPOSITIONS.get(self, Disposition.LOST)


_RETRY = (
    Reason.LIVE,
    Reason.PREMIERE,
    Reason.PROCESSING,
    Reason.TOOL_OUTDATED,
    Reason.NETWORK,
    Reason.SERVER_ERROR,
    Reason.EXPIRED_URL,
    Reason.MEDIA_TIMEOUT,
    Reason.MEDIA_CRASH,
    Reason.TOOL_FAILURE,
    Reason.ABSENT,
    Reason.STORE_ERROR,
    Reason.UNKNOWN,
)
_STOP = (Reason.DISK_FULL, Reason.NO_PERMISSION, Reason.STORE_UNAVAILABLE, Reason.MISSING_PART, Reason.BUG)
_DISPOSITIONS = (
    dict.fromkeys(_RETRY, Disposition.RETRY)
    | dict.fromkeys(_STOP, Disposition.STOP)
    | {Reason.THROTTLED: Disposition.PACE}
)
