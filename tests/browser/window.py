"""A browser that is on this machine already, and what a page in it did that it must not."""

import os
import shutil
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ASKED_FOR = "CLIPSET_TEST_BROWSER"
PATIENCE_MS = 30_000  # nothing takes that long; a machine under load may

# Whatever is not on this machine would have to go through a proxy that is not there, and the browser's own errands too.
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    "--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=127.0.0.1",
)  # fmt: skip


def find_browser() -> str | None:
    """The path of a Chromium: the one asked for, else what PATH has."""
    if ASKED_FOR in os.environ:
        return shutil.which(os.environ[ASKED_FOR])
    return next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright, path: str):
    """With an empty profile of its own; what Playwright would download is not used."""
    return playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))


def is_here(url: str) -> bool:
    """Whether the address is on this machine."""
    parts = urlsplit(url)
    return parts.scheme in {"data", "blob", "about"} or parts.hostname in {None, "127.0.0.1"}


class Watch:
    """Notes what all pages of a context ask for and complain about."""

    def __init__(self, context: BrowserContext) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._forgiven: list[str] = []
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("dialog", lambda dialog: (self.complaints.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        context.on("page", lambda page: page.on("websocket", lambda socket: self.requests.append(socket.url)))

    def _hear(self, message) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def forgive(self, words: str) -> None:
        """A complaint with these words is what the test is about."""
        self._forgiven.append(words)

    def outside(self) -> list[str]:
        """The requests that would leave the machine."""
        return [url for url in self.requests if not is_here(url)]

    def unforgiven(self) -> list[str]:
        return [text for text in self.complaints if not any(words in text for words in self._forgiven)]
