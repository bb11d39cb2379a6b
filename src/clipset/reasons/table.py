"""The ordered table of failure texts: the first row that fits decides.

A row fits when every condition it names holds: one of its phrases stands in the text (lower case; `*` stands for
anything), the HTTP status is one of its statuses, the stage one of its stages.

The order carries the meaning. A refusal of the egress comes first, because YouTube dresses it as «Video unavailable»
and a row lost to that is lost for ever. Then our own side, then what names a cause, then HTTP statuses, and last the
texts that say no more than that it failed.

Sources: the raise sites of yt-dlp's YouTube extractor (2026.08) and of youtube-dl (2019.10), their issue threads,
7,800 rows of failure logs of a Kinetics-700 run of 2019 and a VGGSound run of 2026.
"""

from collections.abc import Container
from dataclasses import dataclass

from clipset.reasons.reason import Reason

TABLE_VERSION = 1
"""Goes up with every change of meaning, so that a ledger knows whether to classify its raw texts again."""

_MEDIA = ("fetch", "trim", "verify")
_SERVER = range(500, 600)


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: conditions and the reason they stand for. `example` is a real or documented text."""

    reason: Reason
    phrases: tuple[str, ...] = ()
    example: str = ""
    statuses: Container[int] = ()
    stages: tuple[str, ...] = ()


_REFUSALS = (
    Rule(Reason.THROTTLED, example="HTTP Error 429: Too Many Requests", statuses={402, 429}),
    Rule(
        Reason.THROTTLED,
        (
            "content isn't available, try again later",
            "content is not available, try again later",
            "rate-limited",
            "rate limited",
            "rate limit",
            "too many requests",
            "error 429",
            "confirm you're not a bot",
            "confirm that you're not a bot",
            "confirm you are not a bot",
            "confirm that you are not a bot",
            "not a robot",
            "captcha",
            "unusual traffic",
            "your ip is likely being blocked",
            "your ip address has been blocked",
        ),
        "Video unavailable. This content isn't available, try again later. The current session has been rate-limited",
    ),
)

_OUR_SIDE = (
    Rule(
        Reason.DISK_FULL,
        ("no space left on device", "disk quota exceeded", "not enough space on the disk"),
        "[Errno 28] No space left on device",
    ),
    Rule(
        Reason.NO_PERMISSION,
        ("permission denied", "read-only file system", "operation not permitted", "access is denied"),
        "[Errno 13] Permission denied",
    ),
    Rule(
        Reason.MISSING_PART,
        (
            "ffmpeg is not installed",
            "ffmpeg not found",
            "ffprobe not found",
            "ffmpeg or avconv not found",
            "ffprobe and ffmpeg",
            "unknown encoder",
            "unknown decoder",
            "encoder not found",
            "no module named",
            "command not found",
            "ffmpeg: not found",
        ),
        "Postprocessing: ffprobe and ffmpeg not found. Please install one",
    ),
    Rule(
        Reason.TOOL_FAILURE,
        (
            "unterminated quoted string",
            "unexpected eof while looking for matching",
            "syntax error",
            "file name too long",
        ),
        "/bin/sh: 1: Syntax error: Unterminated quoted string",
    ),
    Rule(
        Reason.BAD_ANNOTATION,
        ("incomplete youtube id", "truncated_id", "url looks truncated", "is not a valid url"),
        "Incomplete YouTube ID ---QU. URL looks truncated.",
    ),
)

_GONE = (
    Rule(
        Reason.GEO_BLOCKED,
        (
            "blocked it in your country",
            "available in your country",
            "blocked in your country",
            "available in your region",
            "available from your location",
            "country domain",
            "geo restriction",
            "geo-restricted",
        ),
        "The uploader has not made this video available in your country",
    ),
    Rule(
        Reason.ACCOUNT_TERMINATED,
        (
            "account associated with this video has been",
            "closed their youtube account",
            "account has been terminated",
            "account has been closed",
            "account has been suspended",
            "channel does not exist",
        ),
        "This video is no longer available because the YouTube account associated with this video has been terminated.",
    ),
    Rule(
        Reason.DUPLICATE,
        ("a duplicate of", "is a duplicate", "duplicate video"),
        "This video has been removed because it is a duplicate of a previously uploaded video.",
    ),
    Rule(
        Reason.COPYRIGHT,
        ("claim by", "copyright grounds", "copyright infringement", "copyright claim", ", who has blocked"),
        "This video is no longer available due to a copyright claim by スコちゃんズ ちゃんねる",
    ),
    Rule(
        Reason.REMOVED_BY_UPLOADER,
        (
            "removed by the uploader",
            "removed by the user",
            "removed by its uploader",
            "removed by the author",
            "deleted by the uploader",
            "deleted by the user",
        ),
        "Video unavailable. This video has been removed by the uploader",
    ),
    Rule(
        Reason.TERMS_OF_SERVICE,
        (
            "for violating",
            "as a violation",
            "violation of youtube",
            "violates youtube",
            "violated youtube",
            "content violated",
            "terms of service",
            "community guidelines",
            "removed by youtube",
        ),
        "This video has been removed for violating YouTube's policy on nudity or sexual content.",
    ),
    Rule(
        Reason.PRIVATE,
        (
            "private video",
            "video is private",
            "been granted access to this video",
            "sign in to view this video",
        ),
        "Private video. Sign in if you've been granted access to this video",
    ),
    Rule(
        Reason.AGE_RESTRICTED,
        (
            "confirm your age",
            "verify your age",
            "age-restricted",
            "age restricted",
            "age verification",
            "inappropriate for some users",
            "inappropriate or offensive",
            "suicide or self-harm",
            "mature audiences",
            "viewer discretion",
        ),
        "Sign in to confirm your age. This video may be inappropriate for some users.",
    ),
    Rule(
        Reason.MEMBERS_ONLY,
        (
            "join this channel",
            "members-only",
            "members only",
            "channel's members",
            "requires payment",
            "music premium members",
            "premium members",
            "youtube premium",
            "pay to watch",
            "rent or buy",
            "requires purchase",
        ),
        "Join this channel to get access to members-only content like this video, and other exclusive perks.",
    ),
    Rule(
        Reason.LIVE_GONE,
        ("recording is not available", "recording isn't available", "live event has ended", "live stream has ended"),
        "This live stream recording is not available.",
    ),
    Rule(Reason.DRM, ("drm protected", "drm-protected", "protected by drm"), "This video is DRM protected"),
)

_LATER = (
    Rule(
        Reason.PREMIERE,
        ("premieres in", "premieres shortly", "premiere will begin", "live event will begin", "event will begin in"),
        "Premieres in 3 hours",
    ),
    Rule(
        Reason.LIVE,
        ("live stream is offline", "is live now", "live event is ongoing", "currently live"),
        "This live stream is offline.",
    ),
    Rule(
        Reason.PROCESSING,
        ("being processed", "processing this video", "still processing", "check back later"),
        "We're processing this video. Check back later.",
    ),
    Rule(
        Reason.TOOL_OUTDATED,
        (
            "no video formats found",
            "requested format is not available",
            "requested format not available",
            "only images are available",
            "sabr",
            "nsig",
            "n challenge",
            "n-parameter",
            "javascript runtime",
            "signature extraction failed",
            "signature function",
            "encrypted signature",
            "js player",
            "js function",
            "unable to extract",
            "url_encoded_fmt_stream_map",
            "parameter not in video info",
            "precondition check failed",
            "latest version of youtube",
            "not available on this app",
            "no longer supported in this application or device",
            "playback on other websites",
            "embedding of this video",
            "the page needs to be reloaded",
            "content isn't available",  # without «try again later»: said to some clients only
            "an extractor error has occurred",
            "has no attribute",
            "failed to parse json",
            "your browser can't play this video",
            "browser does not currently recognize",
        ),
        "No video formats found!; please report this issue on <url>",
    ),
)

_TRANSPORT = (
    Rule(
        Reason.EXPIRED_URL,
        ("video data", "fragment", "got error"),
        "unable to download video data: HTTP Error 403: Forbidden",
        statuses={403, 404, 410},
    ),
    Rule(Reason.EXPIRED_URL, statuses={401, 403, 404, 410}, stages=_MEDIA, example="HTTP Error 403: Forbidden"),
    Rule(
        Reason.NETWORK,
        (
            "timed out",
            "timeout",
            "connection reset",
            "connection refused",
            "connection aborted",
            "connection broken",
            "connection was forcibly closed",
            "connectionreseterror",
            "remote end closed",
            "remotedisconnected",
            "server disconnected",
            "incompleteread",
            "name or service not known",
            "name resolution",
            "getaddrinfo failed",
            "no address associated",
            "nodename nor servname",
            "could not resolve host",
            "failed to resolve",
            "network is unreachable",
            "network is down",
            "no route to host",
            "host is unreachable",
            "urlopen error",
            "eof occurred in violation",
            "ssl:",
            "sslerror",
            "certificate verify failed",
            "tls handshake",
            "broken pipe",
            "proxyerror",
            "unable to connect to proxy",
            "tunnel connection failed",
            "max retries exceeded",
            "failed to establish a new connection",
            "failed to connect to",
            "empty reply from server",
            "transfer closed with",
            "curl: (",
            "giving up after",
            "content too short",
            "contenttooshort",
            "bytes missing",
            "more expected",
            "downloaded file is empty",
            "did not get any data blocks",
            "incomplete data received",
            "got error:",
            "fragment not found",
            "fragment 1 not found",
        ),
        "unable to download video data: Remote end closed connection without response",
    ),
    Rule(Reason.SERVER_ERROR, ("api page",), "Unable to download API page: HTTP Error 404", statuses={404, 410}),
    Rule(Reason.NOT_FOUND, example="Unable to download webpage: HTTP Error 404: Not Found", statuses={404, 410}),
    Rule(Reason.THROTTLED, example="Unable to download API page: HTTP Error 403: Forbidden", statuses={403}),
    Rule(Reason.GEO_BLOCKED, example="HTTP Error 451: Unavailable For Legal Reasons", statuses={451}),
    Rule(Reason.TOOL_OUTDATED, example="Unable to download API page: HTTP Error 400: Bad Request", statuses={400}),
    Rule(Reason.NETWORK, example="HTTP Error 407: Proxy Authentication Required", statuses={407}),
    Rule(Reason.SERVER_ERROR, example="HTTP Error 503: Service Unavailable", statuses=_SERVER),
    Rule(Reason.SERVER_ERROR, example="HTTP Error 408: Request Time-out", statuses={408, 416, 425}),
    Rule(
        Reason.SERVER_ERROR,
        ("failed to extract any player response", "an error occurred", "internal error", "something went wrong"),
        "An error occurred. Please try again later.",
    ),
)

_MEDIA_TOOLS = (
    Rule(
        Reason.NO_VIDEO,
        ("does not contain any stream", "matches no streams", "no video stream"),
        "Output file #0 does not contain any stream",
    ),
    Rule(
        Reason.DAMAGED_MEDIA,
        (
            "moov atom not found",
            "invalid data found",
            "could not find codec parameters",
            "invalid nal unit",
            "ebml header parsing failed",
            "error while decoding",
            "error splitting the input",
        ),
        "moov atom not found",
    ),
    Rule(
        Reason.TOOL_FAILURE,
        (
            "non-zero exit status",
            "cutting the video failed",
            "exited with code",
            "conversion failed",
            "could not convert string to float",
            "no such file or directory",
            "unable to open for writing",
            "unable to rename file",
            "postprocessing",
            "object is not",
            "list index out of range",
            "keyerror",
        ),
        "Command <command> returned non-zero exit status 234.",
    ),
)

_GENERAL = (
    Rule(
        Reason.UNAVAILABLE,
        (
            "video unavailable",
            "video not available",
            "video is unavailable",
            "video is not available",
            "video isn't available",
            "video is no longer available",
            "video does not exist",
            "video doesn't exist",
            "content is not available",
            "content is unavailable",
        ),
        "Video unavailable",
    ),
    Rule(Reason.AGE_RESTRICTED, ("content warning",), "Content Warning"),
    Rule(
        Reason.REMOVED_BY_UPLOADER, ("video has been removed", "video has been deleted"), "This video has been removed"
    ),
    Rule(Reason.TOOL_OUTDATED, ("please report this issue", "report this bug"), "…; please report this issue on <url>"),
)

RULES: tuple[Rule, ...] = (*_REFUSALS, *_OUR_SIDE, *_GONE, *_LATER, *_TRANSPORT, *_MEDIA_TOOLS, *_GENERAL)
