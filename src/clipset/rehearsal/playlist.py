"""HLS as YouTube serves it: a master playlist, a media playlist, segments; every URL signed in its path. Pure."""

import re
from pathlib import Path

from clipset.rehearsal.media import MediaFile
from clipset.rehearsal.signing import MANIFEST_HOST, MEDIA_HOST, MEDIA_PATH, Ticket, media_path

MASTER_PATH = "/api/manifest/hls_variant"
PLAYLIST_PATH = "/api/manifest/hls_playlist"
_SEGMENT = re.compile(r"\d{5}\.(ts|m4s)|init\.mp4", re.ASCII)


def master_url(ticket: Ticket) -> str:
    return f"{MANIFEST_HOST}{MASTER_PATH}{media_path(ticket)}/file/index.m3u8"


def master(file: MediaFile, ticket: Ticket) -> str:
    """One variant: pictures and sound in one stream."""
    picture = file.spec.picture
    assert picture is not None  # noqa: S101 - a playlist always has pictures
    facts = (
        f"BANDWIDTH={file.bits_per_second}",
        f'CODECS="{file.codecs.replace(" ", "")}"',
        f"RESOLUTION={picture.width_px}x{picture.height_px}",
        f"FRAME-RATE={float(picture.fps):.3f}",
    )
    url = f"{MANIFEST_HOST}{PLAYLIST_PATH}{media_path(ticket)}/playlist/index.m3u8"
    return f"#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-STREAM-INF:{','.join(facts)}\n{url}\n"


def media(file: MediaFile, ticket: Ticket) -> str:
    """The playlist as the muxer wrote it, with the segments' names made into URLs."""
    base = f"{MEDIA_HOST}{MEDIA_PATH}{media_path(ticket)}/file/"
    return _SEGMENT.sub(lambda match: base + match.group(), file.path.read_text())


def segment(file: MediaFile, name: str) -> Path | None:
    """The segment of this name, None if there is none."""
    path = file.path.with_name(name) if _SEGMENT.fullmatch(name) else None
    return path if path is not None and path.is_file() else None
