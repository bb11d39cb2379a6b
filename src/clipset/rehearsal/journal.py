"""What was asked of the offline YouTube: one entry a request, and sums for tests and for other processes."""

import threading
from collections import Counter
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    PLAYER = "player"  # POST /youtubei/v1/player: what YouTube counts
    NEXT = "next"
    PAGE = "page"  # the watch page
    CONFIG = "config"  # the front page, /embed/ID and /tv: configuration of a client
    SCRIPT = "script"  # iframe_api and the player's JavaScript
    THUMBNAIL = "thumbnail"
    MANIFEST = "manifest"
    MEDIA = "media"  # files and segments
    MIRROR = "mirror"  # lists and tars
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """`range` is (first, last) in bytes as asked for, last None when open, (-n, None) for the last n bytes.

    `bytes_sent` counts the body.
    """

    kind: Kind
    method: str
    status: int  # 0: the connection was reset or left without an answer
    at_us: int
    egress: str
    bytes_sent: int = 0
    video_id: str = ""
    client: str = ""  # the player client's name
    itag: int | None = None
    range: tuple[int, int | None] | None = None
    path: str = ""  # of a file of the mirror


class Journal:
    """Thread-safe and in the order in which requests ended."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    @property
    def entries(self) -> tuple[Entry, ...]:
        with self._lock:
            return tuple(self._entries)

    def counts(self) -> Counter[str]:
        """Requests by kind."""
        return Counter(entry.kind.value for entry in self.entries)

    def stats(self) -> dict[str, Any]:
        """All as plain values for JSON: `counts`, `bytes`, `videos` (requests and bytes of each), `requests`."""
        entries, videos = self.entries, dict[str, Counter[str]]()
        for entry in entries:
            tally = videos.setdefault(entry.video_id, Counter()) if entry.video_id else Counter()
            tally.update({entry.kind.value: 1, "bytes": entry.bytes_sent})
        media_bytes = sum(entry.bytes_sent for entry in entries if entry.kind is Kind.MEDIA)
        return {
            "counts": dict(self.counts()),
            "bytes": {"all": sum(entry.bytes_sent for entry in entries), "media": media_bytes},
            "videos": {video_id: dict(tally) for video_id, tally in videos.items()},
            "requests": [asdict(entry) for entry in entries],
        }
