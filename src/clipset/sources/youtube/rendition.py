"""yt-dlp's format dictionaries as typed values. Pure.

yt-dlp promises no types, and what it passes on comes from outside: a field that is not what it should be counts as
unknown, a format that cannot be fetched is no rendition at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_HTTP = frozenset({"http", "https"})
_HLS = frozenset({"m3u8", "m3u8_native"})
_SUSPECT_PREFERENCE = -2  # yt-dlp gives -10 to renditions that seem damaged, -2 to 3gp
_SUSPECT_FORMATS = frozenset({"22"})  # «likely to be damaged», says yt-dlp


@dataclass(frozen=True, slots=True)
class Rendition:
    """One file, or one playlist, that holds the video, its sound, or both.

    `short_side_px` is the smaller of width and height, so that an upright 360p video (360x640) counts as 360.
    `language_rank` is yt-dlp's: 10 original, 5 default, -1 unmarked or dubbed, -10 described. `available_at_s` is the
    epoch second before which YouTube refuses the bytes (an advertisement would be playing). `index_bytes` is where the
    index lies, half open, if it was told.
    """

    format_id: str
    url: str = field(repr=False)
    protocol: str  # "http" or "hls"
    has_video: bool
    has_audio: bool
    video_codec: str
    audio_codec: str
    short_side_px: int
    bitrate_bps: float | None
    size_bytes: int | None
    language_rank: int
    drc: bool
    suspect: bool
    high_dynamic_range: bool
    available_at_s: float | None = None
    index_bytes: tuple[int, int] | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def renditions(formats: Iterable[Any]) -> tuple[Rendition, ...]:
    """Those that can be fetched: with a URL, over http(s) or HLS, without DRM, neither storyboards nor live."""
    found = (_rendition(item) for item in formats if isinstance(item, Mapping))
    return tuple(item for item in found if item is not None)


def all_protected(formats: Iterable[Any]) -> bool:
    """True when there are media formats and each is behind DRM."""
    media = [item for item in formats if isinstance(item, Mapping) and item.get("ext") != "mhtml"]
    return bool(media) and all(item.get("has_drm") is True for item in media)


def _rendition(item: Mapping[str, Any]) -> Rendition | None:
    url, protocol = _text(item.get("url")), _protocol(item)
    has_video, has_audio = _codec(item, "vcodec") != "none", _codec(item, "acodec") != "none"
    if protocol is None or item.get("has_drm") is True or not (has_video or has_audio):
        return None
    tbr_kbps, size_bytes = _number(item.get("tbr")), _number(item.get("filesize"))
    format_id = _text(item.get("format_id"))
    return Rendition(
        format_id=format_id,
        url=url,
        protocol=protocol,
        has_video=has_video,
        has_audio=has_audio,
        video_codec=_codec(item, "vcodec"),
        audio_codec=_codec(item, "acodec"),
        short_side_px=_short_side_px(item),
        bitrate_bps=tbr_kbps * 1000 if tbr_kbps else None,
        size_bytes=int(size_bytes) if size_bytes else None,
        language_rank=int(_number(item.get("language_preference")) or -1),
        drc=format_id.endswith("-drc") or "DRC" in _text(item.get("format_note")).split(", "),
        suspect=_is_suspect(item, format_id),
        high_dynamic_range=_text(item.get("dynamic_range")) not in {"", "SDR"},
        available_at_s=_number(item.get("available_at")),
        headers=_headers(item.get("http_headers")),
    )


def _protocol(item: Mapping[str, Any]) -> str | None:
    """Storyboards are «mhtml»; «http_dash_segments» are live or manifest-only and have whole-file siblings."""
    scheme = urlsplit(_text(item.get("url"))).scheme
    if scheme not in _HTTP or item.get("ext") == "mhtml":
        return None
    protocol = _text(item.get("protocol")) or scheme
    if protocol in _HLS:
        return "hls"
    return "http" if protocol in _HTTP else None


def _short_side_px(item: Mapping[str, Any]) -> int:
    sides = [int(side) for side in (_number(item.get("width")), _number(item.get("height"))) if side]
    return min(sides, default=0)


def _is_suspect(item: Mapping[str, Any], format_id: str) -> bool:
    return (
        (_number(item.get("preference")) or 0) <= _SUSPECT_PREFERENCE
        or format_id in _SUSPECT_FORMATS
        or format_id.endswith("-sr")  # enlarged by a model, not recorded
        or item.get("has_drm") == "maybe"
    )


def _codec(item: Mapping[str, Any], key: str) -> str:
    """Lower case; "" while unknown (a playlist without CODECS), "none" when there is no such stream."""
    return _text(item.get(key)).lower()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -1e15 < value < 1e15 else None


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping):
        return ()
    return tuple((name, text) for name, text in value.items() if isinstance(name, str) and isinstance(text, str))
