"""A real Chromium without a window, which can reach nothing but loopback, and pages that tell what they did wrong.

Playwright drives the browser that the system has; its own downloads are never used.
"""

import os
import shutil
import signal
import socketserver
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

sys.path.append(str(Path(__file__).parents[1] / "e2e"))
from program import clipset_command, environment

VARIABLE = "CLIPSET_TEST_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
PATIENCE_MS = 60_000  # how long a page may take on a busy machine until a promise counts as broken
CHROMIUMS_OWN = ("google.com", "googleapis.com", "gvt1.com")  # it asks its makers whatever it is told; in vain here
HERE = ("http://127.0.0.1:", "file://", "data:", "blob:")

expect.set_options(timeout=PATIENCE_MS)


def found_browser() -> str | None:
    """The path of a browser, if there is one."""
    return next((path for name in _wanted() if (path := shutil.which(name))), None)


def needs_browser() -> None:
    """Skips the module that calls it where there is no browser, in one line for all; in CI the tests fail instead."""
    if found_browser() is None and not os.environ.get("CI"):
        pytest.skip(complaint(), allow_module_level=True)


def _wanted() -> tuple[str, ...]:
    return (os.environ[VARIABLE],) if os.environ.get(VARIABLE) else NAMES


def complaint() -> str:
    return f"no browser: {', '.join(_wanted())} not found (Debian: apt-get install chromium; or set {VARIABLE})"


class Gate(socketserver.ThreadingTCPServer):
    """The browser's only way out: a proxy that lets nothing through and remembers which hosts were asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), GateKeeper)


class GateKeeper(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        target = self.rfile.readline().decode("latin-1").split(" ")[1]
        host = urlsplit(target if "://" in target else f"//{target}").hostname or target
        if not host.endswith(CHROMIUMS_OWN):
            self.server.asked.append(host)
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@dataclass
class Watched:
    """What a browser's pages asked for and complained about, in the order in which it happened."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("crash", lambda _: self.complaints.append("the page crashed"))
        page.on("console", lambda said: said.type in ("error", "warning") and self.complaints.append(said.text))

    def outside(self) -> list[str]:
        return [url for url in self.requests if not url.startswith(HERE)]


def sideways_px(page: Page) -> int:
    """How far the page scrolls sideways."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def contrast(page: Page, selector: str) -> float:
    """The contrast of a text with what it stands on, as WCAG counts it: 4.5 is readable, 21 black on white."""
    return page.locator(selector).first.evaluate(
        """element => {
            const channels = colour => colour.match(/[\\d.]+/g).map(Number)
            const light = colour => channels(colour).slice(0, 3).map(c => c / 255)
                .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
                .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0)
            let ground = element
            const clear = at => channels(getComputedStyle(at).backgroundColor)[3] === 0
            while (ground.parentElement && clear(ground)) ground = ground.parentElement
            const ends = [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor].map(light)
            return (Math.max(...ends) + 0.05) / (Math.min(...ends) + 0.05)
        }"""
    )


@contextmanager
def explorer(directory: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """The address of `clipset explore` and its process, which Ctrl-C ends without a word."""
    command = clipset_command("explore", directory, "--port", 0)
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process.stdout.readline().strip().removesuffix("/"), process
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            said, complained = process.communicate(timeout=60)
            assert (said, complained, process.returncode) == ("", "", 0)
        finally:
            process.kill()
