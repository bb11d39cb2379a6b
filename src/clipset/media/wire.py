"""Messages between the parent and the media child: a JSON header and a binary body, both with their length in front.

No pickle: the child handles hostile media, and nothing that it says may become code in the parent.
"""

import json
import socket
import struct
from collections.abc import Callable
from typing import Any

Header = dict[str, Any]
Message = tuple[Header, bytes]

_LENGTHS = struct.Struct(">IQ")
_HEADER_BYTES_MAX = 1024 * 1024


class Closed(Exception):  # noqa: N818 - the other side ended, which may be meant
    """The other side is gone."""


class Garbled(Exception):  # noqa: N818 - a verdict on the other side
    """The other side does not keep to the protocol."""


class Channel:
    """One end of the socket. `on_wait` is called whenever the socket's timeout passes; what it raises ends the wait."""

    def __init__(self, sock: socket.socket, body_bytes_max: int) -> None:
        self._socket = sock
        self._body_bytes_max = body_bytes_max

    def send(self, header: Header, body: bytes = b"", on_wait: Callable[[], None] | None = None) -> None:
        """Raises Closed."""
        text = json.dumps(header, separators=(",", ":")).encode()
        for part in (_LENGTHS.pack(len(text), len(body)) + text, body):
            self._send(memoryview(part), on_wait)

    def receive(self, on_wait: Callable[[], None] | None = None) -> Message:
        """Raises Closed, Garbled."""
        header_bytes, body_bytes = _LENGTHS.unpack(self._receive(_LENGTHS.size, on_wait))
        if header_bytes > _HEADER_BYTES_MAX or body_bytes > self._body_bytes_max:
            raise Garbled(f"a message of {header_bytes} + {body_bytes} bytes")
        return _header(self._receive(header_bytes, on_wait)), bytes(self._receive(body_bytes, on_wait))

    def close(self) -> None:
        self._socket.close()

    def _send(self, data: memoryview, on_wait: Callable[[], None] | None) -> None:
        while data:
            try:
                data = data[self._socket.send(data) :]
            except TimeoutError:
                _wait(on_wait)
            except OSError as error:
                raise Closed from error

    def _receive(self, length: int, on_wait: Callable[[], None] | None) -> bytearray:
        data = bytearray(length)
        view = memoryview(data)
        while view:
            try:
                received = self._socket.recv_into(view)
            except TimeoutError:
                _wait(on_wait)
                continue
            except OSError as error:
                raise Closed from error
            if received == 0:
                raise Closed
            view = view[received:]
        return data


def _wait(on_wait: Callable[[], None] | None) -> None:
    if on_wait is not None:
        on_wait()


def _header(text: bytearray) -> Header:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Garbled("a header that is no JSON") from error
    if not isinstance(header, dict):
        raise Garbled("a header that is no object")
    return header
