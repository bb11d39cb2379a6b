"""One process of this host at a time uses an egress, and what it learnt of it outlives it.

A station whose node was given up may live on for a while; the one that replaces it must not double the pace. Lock and
state lie beside each other in a folder of this host, whatever dataset or cluster they are used for.
"""

import fcntl
import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from clipset.durable import plain_os_errors, write_whole
from clipset.reasons import Reason
from clipset.throttle.state import EgressState
from clipset.types import ClipsetError, Failure, Stage


class Held(Exception):  # noqa: N818 - not an error: the time has not come
    """Another process of this host uses the egress; the text says which."""


class Holding:
    """Holds the egress `name` to the `outside` from construction until the process ends or `release`.

    Raises Held, ClipsetError (no_permission, disk_full).
    """

    def __init__(self, name: str, outside: str, folder: Path | None = None) -> None:
        folder = folder or host_folder()
        stem = "egress-" + hashlib.sha256(f"{name}\n{outside}".encode()).hexdigest()[:16]
        self._state_path = folder / f"{stem}.json"
        with plain_os_errors(folder):
            self._fd = os.open(folder / f"{stem}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._fd, 100, 0).decode(errors="replace").strip() or "another process"
            self.release()
            raise Held(holder) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"process {os.getpid()}\n".encode(), 0)

    @property
    def state(self) -> EgressState:
        """As the last process left it; a new one where nothing readable is known."""
        with suppress(OSError, ValueError):
            return EgressState.from_json(self._state_path.read_text(encoding="utf-8"))
        return EgressState()

    def keep(self, state_json: str) -> None:
        """Raises ClipsetError (no_permission, disk_full)."""
        write_whole(self._state_path, state_json.encode())

    def release(self) -> None:
        """Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def host_folder(temporary: Path | None = None) -> Path:
    """A folder of this host that only this user can write, among its temporary files. Raises ClipsetError."""
    folder = (temporary or Path(tempfile.gettempdir())) / f"clipset-{os.getuid()}"
    with plain_os_errors(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o022 or folder.is_symlink():
        text = f"{folder} is not this user's alone; remove it and run again"
        raise ClipsetError(Failure(Reason.NO_PERMISSION, text, Stage.PLAN))
    return folder


def stricter(one: EgressState, other: EgressState, now_us: int) -> EgressState:
    """Of two memories of one egress the one to go on from: that which cools longer, else the later one."""
    return max(one, other, key=lambda state: (max(state.not_before_us, now_us), state.seen_us))


def parsed(state_json: str) -> EgressState:
    """Of a state that came from elsewhere; a new one where it makes no sense."""
    with suppress(ValueError):
        return EgressState.from_json(state_json)
    return EgressState()
