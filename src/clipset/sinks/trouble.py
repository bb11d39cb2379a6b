"""What an object store's library raised, and what that means. Pure; knows libraries by the names of their errors only.

S3's codes stand in https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; MinIO and Ceph have their own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    ABSENT = auto()  # there is no such object
    BUSY = auto()  # it may work in a moment
    REFUSED = auto()  # this object cannot be stored; others may
    DENIED = auto()
    FULL = auto()
    UNUSABLE = auto()  # nothing can be stored there: no such bucket, a wrong address, a wrong clock


@dataclass(frozen=True, slots=True)
class Trouble:
    """`text` is one line without secrets."""

    kind: Kind
    text: str


_LONGEST = 300
_PASSWORD = re.compile(r"(?<=//)[^/@\s]*@")

_CODES: Mapping[str, Kind] = (
    dict.fromkeys(("NoSuchKey", "404"), Kind.ABSENT)
    | dict.fromkeys(
        (
            *("SlowDown", "SlowDownRead", "SlowDownWrite", "ServiceUnavailable", "InternalError", "RequestTimeout"),
            *("BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"),
            *("OperationAborted", "ThrottlingException", "Throttling", "RequestLimitExceeded"),
        ),
        Kind.BUSY,
    )
    | dict.fromkeys(("QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "507"), Kind.FULL)
    | dict.fromkeys(
        (
            *("NoSuchBucket", "InvalidBucketName", "RequestTimeTooSkewed", "PermanentRedirect", "301", "307"),
            *("TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"),
        ),
        Kind.UNUSABLE,
    )
    | dict.fromkeys(
        (
            *("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
            *("TokenRefreshRequired", "AllAccessDisabled", "AccountProblem", "NotSignedUp", "InvalidSecurity"),
        ),
        Kind.DENIED,
    )
)

_NAMES: Mapping[str, Kind] = dict.fromkeys(
    (
        *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound"),
        *("TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError", "DefaultCredentialsError"),
    ),
    Kind.DENIED,
) | dict.fromkeys(
    ("ParamValidationError", "NoRegionError", "InvalidRegionError", "SSLError", "UnknownServiceError", "ValueError"),
    Kind.UNUSABLE,
)

_WORDS: Mapping[str, str] = {
    "NoSuchBucket": "there is no such bucket",
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
    "PermanentRedirect": "the bucket lies in another region; AWS_DEFAULT_REGION names it",
    "AuthorizationHeaderMalformed": "the bucket lies in another region; AWS_DEFAULT_REGION names it",
    "NoCredentialsError": "there are no credentials",
}


def trouble_of(error: Exception) -> Trouble | None:
    """None for what no store raises: a bug."""
    answer = _answer(error)
    if answer is not None:
        code, status, message = answer
        return Trouble(_kind_of(code, status), _line(_WORDS.get(code), f"{code} {message}"))
    name = type(error).__name__
    if name in _NAMES:
        return Trouble(_NAMES[name], _line(_WORDS.get(name), str(error) or name))
    if isinstance(error, FileNotFoundError):
        return Trouble(Kind.ABSENT, _line(None, str(error)))
    if isinstance(error, PermissionError):
        return Trouble(Kind.DENIED, _line(None, str(error)))
    if isinstance(error, OSError) or type(error).__module__ != "builtins":
        return Trouble(Kind.BUSY, _line(None, str(error) or _in_words(error)))
    return None


def _answer(error: Exception) -> tuple[str, int, str] | None:
    """Code, HTTP status and message of a store that answered, as botocore's errors carry them."""
    for carrier in (error, error.__cause__):
        response = getattr(carrier, "response", None)
        if isinstance(response, dict) and isinstance(response.get("Error"), dict):
            found = response["Error"]
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            return str(found.get("Code", "")), int(status), str(found.get("Message", ""))
    return None


def _kind_of(code: str, status: int) -> Kind:
    if code in _CODES:
        return _CODES[code]
    if status >= 500 or status in {408, 429} or status < 400:  # an error inside an answer of 200 is one of theirs
        return Kind.BUSY
    return Kind.DENIED if status in {401, 403} else Kind.REFUSED


def _in_words(error: Exception) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__


def _line(words: str | None, raw: str) -> str:
    raw = " ".join(_PASSWORD.sub("", raw).split())[:_LONGEST]
    return f"{words} ({raw})" if words else raw
