"""What a failed request or a refusing text means. Pure."""

from http import HTTPStatus

from clipset.reasons import Reason, classify
from clipset.sources.youtube.response import RequestFailed
from clipset.types import ClipsetError, Failure, Stage

# 402 is what YouTube's soft block of an address sometimes answers (yt-dlp's FAQ).
_REFUSALS = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN})


def of_request(error: RequestFailed, stage: Stage) -> Failure:
    """The failure of a request about a video that may well exist, so nothing here is ever lost.

    A 404 of the player API, say, is about the API: YouTube answers 200 with a text for a video that is gone.
    """
    if error.status is None:
        reason = Reason.NETWORK
    elif error.status in _REFUSALS:
        reason = Reason.THROTTLED
    else:
        reason = Reason.SERVER_ERROR
    return Failure(reason, error.detail, stage, error.status, error.retry_after_s)


def of_text(text: str) -> Failure:
    """The failure that YouTube, or yt-dlp, put into words while resolving."""
    return Failure(classify(text, http_status=None, stage=Stage.RESOLVE), text, Stage.RESOLVE)


def fetch_error(reason: Reason, detail: str, status: int | None = None) -> ClipsetError:
    return ClipsetError(Failure(reason, detail, Stage.FETCH, status))
