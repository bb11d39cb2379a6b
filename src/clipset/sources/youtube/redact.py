"""Keeps secrets out of messages: signed URLs, proxy passwords, cookies, authorisation headers. Pure."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_LONGEST_CHARS = 2000
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s'\"<>]+", re.IGNORECASE)
_BARE_QUERY = re.compile(r"(?<=\w)\?[^\s'\"<>)]*=[^\s'\"<>)]*")
_SIGNED_PATH = re.compile(r"^(/api/manifest|/videoplayback)/.+", re.DOTALL)  # parameters as a path, for playlists
_HEADER = re.compile(
    r"\b((?:set-)?cookie|authorization|proxy-authorization|x-goog-visitor-id)['\"]?\s*[:=][^\r\n]*", re.IGNORECASE
)


def redacted_url(url: str) -> str:
    """Scheme, host and path: no user, password, query or fragment, no signed path of a playlist."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "<unreadable URL>"
    path = _SIGNED_PATH.sub(r"\1/…", parts.path)
    return f"{parts.scheme}://{parts.hostname or ''}{port}{path}"


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without secrets, at most 2,000 characters. `secrets` are values known beforehand."""
    for secret in secrets:
        text = text.replace(secret, "…")
    text = _HEADER.sub(r"\1: …", text)
    text = _URL.sub(lambda found: redacted_url(found.group()), text)
    text = _BARE_QUERY.sub("?…", text)
    return text if len(text) <= _LONGEST_CHARS else text[: _LONGEST_CHARS - 1] + "…"
