"""Where the index of a file lies: the player's answer says so, and yt-dlp does not pass it on."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

_PLAYER_PATH = "/youtubei/v1/player"
_LAST_BYTE_MAX = 10 * 1024 * 1024  # more is no index, and no single range

ByteRange = tuple[int, int]  # half open


def is_player(url: str) -> bool:
    return urlsplit(url).path == _PLAYER_PATH


class IndexRanges:
    """What the answers to one video said, by the format's number and the file's size."""

    def __init__(self) -> None:
        self._ranges: dict[tuple[str, str], ByteRange] = {}

    def clear(self) -> None:
        self._ranges.clear()

    def note(self, answer: bytes) -> None:
        """Learn from the body of a player's answer; what is none teaches nothing."""
        try:
            self._ranges.update(_found(json.loads(answer)))
        except (ValueError, TypeError, AttributeError, RecursionError):
            return

    def of(self, format_id: str, size_bytes: int | None) -> ByteRange | None:
        """None where no answer told. yt-dlp puts more behind the number where several formats share it."""
        return self._ranges.get((format_id.partition("-")[0], str(size_bytes)))


def _found(answer: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], ByteRange]]:
    for item in answer.get("streamingData", {}).get("adaptiveFormats", ()):
        found = item.get("indexRange", {})
        start, last = int(found.get("start", -1)), int(found.get("end", -1))
        if 0 <= start <= last < _LAST_BYTE_MAX:
            yield (str(item.get("itag")), str(item.get("contentLength"))), (start, last + 1)
