"""What the YouTube source is told: clients, stand-in origin, egresses, and the gate it asks before it asks YouTube."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from clipset.space import TemporarySpace

_PROXY_SCHEMES = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})


@dataclass(frozen=True, slots=True)
class YouTubeConfig:
    """How to resolve. Client names are yt-dlp's; YouTube retires clients faster than anyone releases.

    `lean_clients` answer with one player request, no page and no JavaScript. `second_clients` are asked before
    a doubtful answer is believed; `default` means yt-dlp's own choice. `origin` (`http://host:port`) replaces the
    scheme and host of every YouTube URL. `cache_dir` is where yt-dlp may keep solved player functions; without it
    nothing is written. Temporary files are counted in `space`.
    """

    origin: str | None = None
    lean_clients: tuple[str, ...] = ("visionos",)
    second_clients: tuple[str, ...] = ("default",)
    socket_timeout_s: float = 20.0
    cache_dir: Path | None = None
    space: TemporarySpace = field(default_factory=TemporarySpace, compare=False)

    def __post_init__(self) -> None:
        if self.origin is None:
            return
        parts = urlsplit(self.origin)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/") or parts.query:
            raise ValueError(f"the YouTube origin must look like http://host:port, not {self.origin!r}")


@dataclass(frozen=True, slots=True)
class Egress:
    """An address and cookies as the outside sees them. `name` is shown to users and stored: no password in it."""

    name: str = "direct"
    proxy: str | None = field(default=None, repr=False)
    source_address: str | None = None
    cookies: Path | None = None
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        if self.proxy is None:
            return
        parts = urlsplit(self.proxy)
        if parts.scheme.lower() not in _PROXY_SCHEMES or not parts.hostname:
            raise ValueError(f"a proxy must look like socks5://host:port or http://host:port (egress {self.name})")
        if parts.password and parts.password in self.name:
            raise ValueError("the name of an egress must not hold the proxy's password")

    @classmethod
    def of(
        cls,
        *,
        proxy: str | None = None,
        source_address: str | None = None,
        cookies: Path | None = None,
        ca_file: Path | None = None,
    ) -> "Egress":
        """Named after its address; proxies that differ only by user share a name, so the caller numbers those."""
        name = "direct"
        if proxy is not None:
            parts = urlsplit(proxy)
            name = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
        elif source_address is not None:
            name = source_address
        return cls(name + ("+cookies" if cookies else ""), proxy, source_address, cookies, ca_file)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that no message may hold, as far as the options alone tell."""
        password = urlsplit(self.proxy).password if self.proxy else None
        return tuple({password, unquote(password)}) if password else ()


class Gate(Protocol):
    """The governor of one egress, as the source sees it. One permit a video; both looks at a video share it."""

    def enter(self) -> None:
        """Wait for a permit. Raises Interrupted, Cooling."""
        ...

    def check(self) -> None:
        """Raise Cooling if the egress is cooling down."""
        ...

    def refused(self, retry_after_s: float | None, detail: str) -> None:
        """YouTube refused the egress."""
        ...

    def succeeded(self) -> None:
        """YouTube answered about a video, whatever the answer."""
        ...


class Choose(Protocol):
    """Which egress serves the next video; it has taken the permit when it returns. Raises what Gate.enter raises."""

    def __call__(self, egresses: tuple[Egress, ...], gates: Mapping[str, Gate]) -> Egress: ...
