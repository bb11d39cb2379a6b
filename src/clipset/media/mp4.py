"""Writing a clip: mp4 with the index in front, the same bytes for the same input."""

from __future__ import annotations

import io
import os

import av
from av.container import OutputContainer

_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}


class Mp4Buffer(io.BytesIO):
    """An mp4 file in memory."""

    def container(self, comment: str) -> OutputContainer:
        """To move the index to the front the muxer reads back what it wrote: `io_open` lets it."""
        container = av.open(self, "w", format="mp4", container_options=_OPTIONS, io_open=lambda *_: _ReadBack(self))
        container.metadata["comment"] = comment
        return container


class _ReadBack:
    """A second cursor, for reading, over a buffer that is being written."""

    name = "clip"

    def __init__(self, buffer: Mp4Buffer) -> None:
        self._buffer = buffer
        self._position = 0

    def read(self, length: int) -> bytes:
        with self._buffer.getbuffer() as view:
            data = bytes(view[self._position : self._position + length])
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        self._position = (self._buffer.getbuffer().nbytes if base is None else base) + offset
        return self._position

    def tell(self) -> int:
        return self._position
