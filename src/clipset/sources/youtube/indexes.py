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
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            return

    def of(self, format_id: str, size_bytes: int | None) -> ByteRange | None:
        """The index, or the header where no index stands in front; None where no answer told.

        yt-dlp puts more behind the number where several formats share it.
        """
        return self._ranges.get((format_id.partition("-")[0], str(size_bytes)))


def _found(answer: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], ByteRange]]:
    for item in answer.get("streamingData", {}).get("adaptiveFormats", ()):
        found = _range(item.get("indexRange")) or _range(item.get("initRange"))
        if found is not None:
            yield (str(item.get("itag")), str(item.get("contentLength"))), found


def _range(said: Mapping[str, str] | None) -> ByteRange | None:
    start, last = (int(said[name]) for name in ("start", "end")) if said else (0, -1)
    return (start, last + 1) if 0 <= start <= last < _LAST_BYTE_MAX else None
