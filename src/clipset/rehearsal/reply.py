"""An answer as a value: what the server sends, how it ends, and what the journal says of it. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from clipset.rehearsal.journal import Kind


class Ending(StrEnum):
    CLEAN = "clean"  # the connection stays open for more
    CLOSE = "close"  # the connection is closed after the body, complete or not: what was sent arrives
    RESET = "reset"  # the connection is reset: what was sent may not arrive
    STALL = "stall"  # nothing more is sent, until the client leaves or the server closes


@dataclass(frozen=True, slots=True)
class Subject:
    """What a request is about."""

    kind: Kind = Kind.OTHER
    video_id: str = ""
    client: str = ""
    itag: int | None = None
    range: tuple[int, int | None] | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """`length` is the Content-Length, None for a body that ends with the connection; `status` 0 sends no answer."""

    subject: Subject
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Iterable[bytes] = ()
    length: int | None = 0
    ending: Ending = Ending.CLEAN
    rate_bytes_per_s: int | None = None


def text_reply(subject: Subject, text: str, content_type: str = "text/html; charset=utf-8", status: int = 200) -> Reply:
    data = text.encode()
    return Reply(subject, status, {"Content-Type": content_type}, (data,), len(data))


def json_reply(subject: Subject, value: object) -> Reply:
    return text_reply(subject, json.dumps(value), "application/json; charset=utf-8")


def bytes_reply(subject: Subject, data: bytes, content_type: str) -> Reply:
    return Reply(subject, 200, {"Content-Type": content_type}, (data,), len(data))


def error_reply(subject: Subject, status: int, retry_after_s: int | None = None) -> Reply:
    return Reply(subject, status, {} if retry_after_s is None else {"Retry-After": str(retry_after_s)})


def no_reply(subject: Subject, ending: Ending) -> Reply:
    return Reply(subject, 0, ending=ending)
