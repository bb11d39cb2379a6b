"""What was made of clips, kept: the last ones in memory, all of them on disk below a size."""

import re
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from clipset.durable import write_whole
from clipset.types import ClipsetError

_MEMORY_BYTES = 24 * 1024 * 1024
_DISK_BYTES = 512 * 1024 * 1024
_LOOK_EVERY = 500  # files written between two looks at how much there is
_NAME = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{3}", re.ASCII)


class Cupboard:
    """Bytes by name; any thread may use it. A name that is no `<sha256>.<suffix>` stays in memory only."""

    def __init__(self, folder: Path, memory_bytes: int = _MEMORY_BYTES, disk_bytes: int = _DISK_BYTES) -> None:
        self._folder = folder
        self._memory_bytes, self._disk_bytes = memory_bytes, disk_bytes
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._held_bytes = 0
        self._written = 0
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        with self._lock:
            if name in self._held:
                self._held.move_to_end(name)
                return self._held[name]
        if not _NAME.fullmatch(name):
            return None
        try:
            data = self._path(name).read_bytes()
        except OSError:
            return None
        self._hold(name, data)
        return data

    def put(self, name: str, data: bytes) -> None:
        """A disk that is full or forbidden is no reason not to show it."""
        self._hold(name, data)
        if not _NAME.fullmatch(name):
            return
        with suppress(OSError, ClipsetError):
            self._path(name).parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path(name), data)
        with self._lock:
            self._written += 1
            is_due = self._written % _LOOK_EVERY == 0
        if is_due:
            self.tidy()

    def tidy(self) -> None:
        """Remove the oldest files until what is left takes three quarters of the space there may be."""
        files = []
        for path in self._folder.glob("*/*"):
            with suppress(OSError):
                found = path.stat()
                files.append((found.st_mtime, found.st_size, path))
        used = sum(size for _, size, _ in files)
        if used <= self._disk_bytes:
            return
        for _, size, path in sorted(files):
            if used <= self._disk_bytes * 3 // 4:
                break
            with suppress(OSError):
                path.unlink()
            used -= size

    def _hold(self, name: str, data: bytes) -> None:
        with self._lock:
            self._held_bytes += len(data) - len(self._held.pop(name, b""))
            self._held[name] = data
            while self._held_bytes > self._memory_bytes:
                _, dropped = self._held.popitem(last=False)
                self._held_bytes -= len(dropped)

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name
