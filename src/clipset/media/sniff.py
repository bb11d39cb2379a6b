"""Which demuxer a file needs, from its first bytes: never left to libav, some of whose demuxers open other files."""

from clipset.media.boxes import MEDIA_TYPES

SNIFF_BYTES = 512
MOV, MATROSKA, AVI, PLAYLIST = "mov", "matroska", "avi", "playlist"
PLAYLIST_MAGIC = b"#CLIPSET-HLS\n"

_MAGIC = (
    (0, b"\x1a\x45\xdf\xa3", MATROSKA),
    (0, PLAYLIST_MAGIC, PLAYLIST),
    (8, b"AVI ", AVI),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b"FLV\x01", "flv"),
    (0, b"OggS", "ogg"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
)
_TS_PACKET_BYTES = ((0, 188), (4, 192))


def sniff(head: bytes) -> str | None:
    """The name of the libav demuxer for a file that begins so; None if it is no video file."""
    if head[4:8] in MEDIA_TYPES:
        return MOV
    for offset, magic, name in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name
    for offset, packet_bytes in _TS_PACKET_BYTES:
        if len(head) > offset + 2 * packet_bytes and all(head[offset + i * packet_bytes] == 0x47 for i in range(3)):
            return "mpegts"
    return None


def describe(head: bytes) -> str:
    """What a file is instead of a video, for an error message; its bytes are hostile and never quoted."""
    if not head:
        return "the file is empty"
    start = head.lstrip()[:64].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return "a web page came instead of a video"
    return f"no known video container begins with {head[:8].hex(' ')}"
