"""Media URLs as YouTube makes them: a ticket in the query or in the path, signed, for one address and some hours. Pure.

The signature is not a secret kept from anyone; it is there so that a client that changes a signed parameter, or lets
another address fetch, is refused as it would be.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import quote, unquote, urlencode

from clipset.types import US_PER_S

MEDIA_HOST = "https://rr3---sn-4g5e6nz7.googlevideo.com"
MANIFEST_HOST = "https://manifest.googlevideo.com"
MEDIA_PATH = "/videoplayback"
_KEY = b"clipset rehearsal"
_SIGNED = ("expire", "ei", "ip", "id", "itag", "source", "requiressl", "xpc")


class TicketError(ValueError):
    """The URL was changed or was never made here; the server answers 403."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a media URL permits. `resolve` counts the player answers of the video from 1."""

    video_id: str
    itag: int
    address: str
    expires_s: int
    resolve: int
    opens_us: int  # not before; after the advertisement

    def usable(self, address: str, now_us: int) -> bool:
        return self.address == address and self.opens_us <= now_us < self.expires_s * US_PER_S


def media_url(ticket: Ticket, facts: Mapping[str, str]) -> str:
    """`facts` are more parameters, unsigned: `mime`, `clen`, `dur`, ..."""
    return f"{MEDIA_HOST}{MEDIA_PATH}?{urlencode({**_signed(ticket), **facts})}"


def media_path(ticket: Ticket) -> str:
    """The same as path segments, `/expire/.../sig/...`, which playlists use."""
    return "".join(f"/{name}/{quote(value, safe='')}" for name, value in _signed(ticket).items())


def read_path(path: str) -> dict[str, str]:
    """Parameters out of path segments."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    return dict(zip(parts[::2], parts[1::2], strict=False))


def read_ticket(parameters: Mapping[str, str]) -> Ticket:
    """Raises TicketError."""
    try:
        signed = {name: parameters[name] for name in _SIGNED}
        resolve, opens_us = urlsafe_b64decode(signed["ei"]).decode().split(".")
        ticket = Ticket(
            video_id=urlsafe_b64decode(signed["id"].removeprefix("o-")).decode(),
            itag=int(signed["itag"]),
            address=signed["ip"],
            expires_s=int(signed["expire"]),
            resolve=int(resolve),
            opens_us=int(opens_us),
        )
    except (KeyError, ValueError) as error:
        raise TicketError("a parameter is missing or makes no sense") from error
    if parameters.get("sig") != _signature(signed):
        raise TicketError("a signed parameter was changed")
    return ticket


def _signed(ticket: Ticket) -> dict[str, str]:
    session = f"{ticket.resolve}.{ticket.opens_us}".encode()
    signed = {
        "expire": str(ticket.expires_s),
        "ei": urlsafe_b64encode(session).decode(),
        "ip": ticket.address,
        "id": "o-" + urlsafe_b64encode(ticket.video_id.encode()).decode(),
        "itag": str(ticket.itag),
        "source": "youtube",
        "requiressl": "yes",
        "xpc": "EgVo2aDSNQ==",
    }
    return {**signed, "sparams": ",".join(_SIGNED), "sig": _signature(signed)}


def _signature(signed: Mapping[str, str]) -> str:
    text = urlencode([(name, signed[name]) for name in _SIGNED]).encode()
    return "AJfQdSsw" + blake2b(text, key=_KEY, digest_size=32).hexdigest()
