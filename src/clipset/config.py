"""What a user may decide, checked and in our own units; each part of the program gets only its own small part."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit


class UserError(Exception):
    """The command, the configuration or the annotations make no sense: exit 2, one plain message, no traceback."""


@dataclass(frozen=True, slots=True)
class Egress:
    """A way to the outside as the outside sees it: an address, with or without cookies.

    `name` is safe to show and to store: it holds no user name or password of a proxy.
    """

    name: str = "direct"
    proxy: str | None = None
    source_address: str | None = None
    cookies: Path | None = None
    ca_file: Path | None = None


def egresses(
    proxies: tuple[str, ...] = (),
    source_addresses: tuple[str, ...] = (),
    cookies: Path | None = None,
    ca_file: Path | None = None,
) -> tuple[Egress, ...]:
    """One egress a proxy and one a source address; the direct one where there is neither."""
    suffix = " with cookies" if cookies else ""
    by_proxy = [Egress(f"proxy {_without_login(proxy)}{suffix}", proxy, None, cookies, ca_file) for proxy in proxies]
    by_address = [
        Egress(f"address {address}{suffix}", None, address, cookies, ca_file) for address in source_addresses
    ]
    return tuple(by_proxy + by_address) or (Egress(f"direct{suffix}", None, None, cookies, ca_file),)


def _without_login(url: str) -> str:
    parts = urlsplit(url if "//" in url else f"http://{url}")
    if not parts.hostname:
        raise UserError(f"--proxy needs a URL such as http://host:3128 or socks5://host:1080, not {url!r}")
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise UserError(f"--proxy: {error}") from None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return urlunsplit((parts.scheme, host + port, "", "", ""))
