"""Which hosts are YouTube's, and how a stand-in origin replaces them. Pure."""

from urllib.parse import SplitResult, urlsplit, urlunsplit

_DOMAINS = (
    "youtube.com",
    "youtu.be",
    "youtube-nocookie.com",
    "youtubei.googleapis.com",
    "youtube.googleapis.com",
    "googlevideo.com",
    "ytimg.com",
    "ggpht.com",
)


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".").lower()


def is_youtube(url: str) -> bool:
    """True for API, pages, media and images of YouTube; lookalikes (`notyoutube.com`) are not."""
    host = _host(urlsplit(url))
    return any(host == domain or host.endswith("." + domain) for domain in _DOMAINS)


def is_media(url: str) -> bool:
    """True for video bytes and the segments of playlists: requests that the resolve has already paid for."""
    parts = urlsplit(url)
    return parts.path.startswith(("/videoplayback", "/api/manifest/", "/initplayback"))


def is_manifest(url: str) -> bool:
    return urlsplit(url).path.startswith("/api/manifest/")


def is_captcha_page(url: str) -> bool:
    """Google's «unusual traffic» page, to which a refused egress is redirected."""
    parts = urlsplit(url)
    return parts.path.startswith("/sorry/") and (_host(parts).startswith("www.google.") or is_youtube(url))


def rewritten(url: str, origin: str | None) -> str:
    """The same path and query at `origin`, for YouTube's hosts; any other URL as it is."""
    if origin is None or not is_youtube(url):
        return url
    parts, stand_in = urlsplit(url), urlsplit(origin)
    return urlunsplit((stand_in.scheme, stand_in.netloc, parts.path, parts.query, parts.fragment))
