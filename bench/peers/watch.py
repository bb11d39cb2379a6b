"""What a contender uses while it works: CPU and wall seconds, and peaks of memory and of disk beside the clips."""

import os
import resource
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Self

_EVERY_S = 0.25


class Watch:
    """Enter it, let this process run children, leave it. Memory is the proportional share of all descendants (Linux;
    0 elsewhere), looked at four times a second; CPU is that of children which were waited for.
    """

    def __init__(self, scratch: Path) -> None:
        self.wall_s = self.cpu_s = 0.0
        self.peak_bytes = self.scratch_bytes = 0
        self._scratch = scratch
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._began_s, self._cpu_before_s = time.monotonic(), _children_cpu_s()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall_s = time.monotonic() - self._began_s
        self.cpu_s = _children_cpu_s() - self._cpu_before_s
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_EVERY_S):
            self.peak_bytes = max(self.peak_bytes, sum(map(_memory_bytes, _descendants(os.getpid()))))
            self.scratch_bytes = max(self.scratch_bytes, _disk_bytes(self._scratch))


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _descendants(pid: int) -> set[int]:
    children = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            children[int(stat.read_text().rpartition(")")[2].split()[1])].append(int(stat.parent.name))
    found: set[int] = set()
    left = [pid]
    while left:
        left += (born := children[left.pop()])
        found.update(born)
    return found


def _memory_bytes(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _disk_bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.lstat().st_size
    return total
