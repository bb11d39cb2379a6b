"""A Ray cluster of several nodes on this machine, each a process tree of its own that can be killed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

sys.path.append(str(Path(__file__).parents[1] / "e2e"))  # `program` drives a cluster as well
RAY = str(Path(sys.executable).with_name("ray"))
_UP_S = 90


def processes_with(text: str) -> dict[int, str]:
    """Command lines with `text` in them, by process id."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if text in line:
                    found[int(entry.name)] = line
    return found


def environment_of(pid: int) -> dict[str, str]:
    with suppress(OSError):
        words = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
        return dict(word.split("=", 1) for word in words if "=" in word)
    return {}


def parent_of(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class LocalCluster:
    """A head node `a` at `host`, and further nodes. What nodes keep on their host lies in `folder`."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
        self.port = free_port()
        self.nodes: dict[str, str] = {}  # the marker of each node's processes, by name

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def __enter__(self) -> Self:
        head = ("--head", f"--node-ip-address={self.host}", f"--port={self.port}", "--include-dashboard=false")
        self._start("a", *head)
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.nodes):
            self.kill(name)
        kill(processes_with(str(self.folder)))
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, name: str, host: str = "", *, before: tuple[str, ...] = (), **environment: str) -> None:
        """`before`: words that start the command in another surrounding, as `unshare` does."""
        host = host or f"127.0.0.{ord(name) - ord('a') + 1}"
        words = (f"--address={self.address}", f"--node-ip-address={host}")
        self._start(name, *words, before=before, **environment)

    def mend(self) -> None:
        """Bring back what tests killed."""
        for name in ("b", "c"):
            if name not in self.nodes or not self.raylet(name):
                self.nodes.pop(name, None)
                self.add(name)

    def _start(self, name: str, *words: str, before: tuple[str, ...] = (), **environment: str) -> None:
        home = self.folder / name
        home.mkdir(exist_ok=True)
        marker = f"{self.folder.name}-{name}-{time.monotonic_ns()}"
        kept = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN")
        inherited = {
            word: text for word, text in os.environ.items() if word in kept or not word.startswith(("RAY_", "CLIPSET_"))
        }
        own = {"CLUSTER_NODE": marker, "RAY_USAGE_STATS_ENABLED": "0", "TMPDIR": str(self.folder)}
        command = [
            *before,
            RAY,
            "start",
            *words,
            "--num-cpus=2",
            "--object-store-memory=100000000",
            "--disable-usage-stats",
        ]
        command += ["--disable-usage-stats", f"--node-name={name}", f"--temp-dir={home}"]
        ran = subprocess.run(
            command,
            env=inherited | own | environment,
            capture_output=True,
            text=True,
            timeout=_UP_S,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        self.nodes[name] = marker

    def processes(self, name: str) -> dict[int, str]:
        """All that belongs to the node, by process id: what `ray start` left behind, and its descendants."""
        lines = processes_with("")
        ours = {pid for pid in lines if environment_of(pid).get("CLUSTER_NODE") == self.nodes[name]}
        parents = {pid: parent_of(pid) for pid in lines}
        while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
            ours |= more
        return {pid: lines[pid] for pid in ours}

    def raylet(self, name: str) -> list[int]:
        return [pid for pid, line in self.processes(name).items() if "raylet/raylet" in line.split(" ")[0]]

    def stations(self, name: str) -> list[int]:
        return [pid for pid, line in self.processes(name).items() if line.startswith("ray::Station")]

    def kill(self, name: str) -> None:
        """The whole node at once, as if its power went."""
        kill(self.processes(name))
        del self.nodes[name]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
