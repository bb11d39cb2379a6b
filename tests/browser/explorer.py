"""The explorer to look at."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from program import clipset_command, environment
from window import PATIENCE_MS


class Explorer:
    """`clipset explore` as a process of its own, with a cache beside the dataset."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            clipset_command("explore", directory, "--port", 0),
            env=environment() | {"XDG_CACHE_HOME": str(directory.with_name("cache"))},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.url = self.process.stdout.readline().strip().rstrip("/")

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C; its exit status and what it complained of."""
        self.process.send_signal(signal.SIGINT)
        _, complaints = self.process.communicate(timeout=PATIENCE_MS / 1000)
        return self.process.returncode, complaints


@contextmanager
def exploring(directory: Path) -> Iterator[Explorer]:
    """An explorer that is ended with Ctrl-C, if it was not already."""
    explorer = Explorer(directory)
    try:
        assert explorer.url.startswith("http://127.0.0.1:"), explorer.process.communicate(timeout=10)
        yield explorer
        if explorer.process.poll() is None:
            assert explorer.interrupt() == (0, "")
    finally:
        explorer.process.kill()
        explorer.process.communicate()
