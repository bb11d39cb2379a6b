"""The media child: `python -m clipset.media.child FD PARENT_PID`. All of libav runs here and nowhere else.

It talks with its parent over one socket: gets a request, asks for byte ranges while it works, answers with a clip or a
failure. It has no network, no files, no cookies and little memory, and it ends when its parent does.
"""

from __future__ import annotations

import socket
import sys
import time
from dataclasses import asdict

import av

# PyAV imports these when it first needs them, which is when no file can be opened any more
import av.sidedata.encparams
import av.sidedata.motionvectors
import av.subtitles.codeccontext
import av.subtitles.stream

from clipset.media import foreign, job, jpeg, preview, soundfile, wire
from clipset.media.cache import READ_BYTES_MAX, ByteCache, Fetch
from clipset.media.failing import ReadFailed, failure_of
from clipset.media.faults import damaged
from clipset.media.forms import PictureForm, PreviewForm, SoundForm
from clipset.media.layout import read_layout
from clipset.media.limits import Limits
from clipset.media.playlist import PlaylistFile
from clipset.media.rangefile import RangeFile
from clipset.media.sandbox import die_with_parent, lock_down
from clipset.media.sniff import PLAYLIST
from clipset.media.tracks import MediaFile
from clipset.types import Facts, Failure, Precision, Recipe, Span

_PULSE_S = 1.0

Answer = tuple[wire.Header, bytes]


class Child:
    """Serves one parent, one request after the other."""

    def __init__(self, channel: wire.Channel) -> None:
        """The first message says how everything is to be done."""
        self._channel = channel
        setting, _ = channel.receive()
        self._limits = Limits(**setting["limits"])
        self._recipe = Recipe(**setting["recipe"] | {"precision": Precision(setting["recipe"]["precision"])})
        self._pulsed_s = time.monotonic()
        self._job: job.Job | None = None
        lock_down(self._limits.memory_bytes)

    def serve(self) -> None:
        """Until the parent closes the socket: raises wire.Closed."""
        requests = {"open": self._open, "cut": self._cut, "inspect": self._inspect, "check": self._check}
        requests |= {"pictures": self._pictures, "sound": self._sound}
        requests |= {"poster": self._poster, "preview": self._preview}
        while True:
            request, _ = self._channel.receive()
            try:
                answer = requests[request["op"]](request)
            except wire.Closed:
                raise
            except Exception as error:  # noqa: BLE001 - hostile media makes libav and its wrapper raise anything at all
                answer = _failed(failure_of(error))
            self._channel.send(*answer)

    def _open(self, request: wire.Header) -> Answer:
        self._job = None
        files = [self._file(i, stream) for i, stream in enumerate(request["streams"])]
        sound = files[-1] if self._recipe.audio else None
        self._job = job.Job(files[0], sound, request["origin_us"], self._recipe, self._limits, self._pulse)
        return {"op": "done", "index_bytes": self._job.index_bytes}, b""

    def _cut(self, request: wire.Header) -> Answer:
        if self._job is None:
            raise ReadFailed
        made = self._job.cut(Span(request["start_us"], request["end_us"]), request["comment"])
        return {"op": "done", "facts": _facts(made.facts), "needed_bytes": made.needed_bytes}, made.data

    def _inspect(self, request: wire.Header) -> Answer:
        self._job = None
        cache = ByteCache(self._fetch(0), request["size"], self._limits.fetched_bytes)
        cache.plan([(0, request["size"] or READ_BYTES_MAX)])
        span = Span(request["start_us"], request["end_us"])
        facts = job.inspect(RangeFile(cache), span, request["comment"], self._recipe, self._limits, self._pulse)
        return {"op": "done", "facts": _facts(facts)}, b""

    def _check(self, request: wire.Header) -> Answer:
        file = self._clip(request)
        span = Span(request["start_us"], request["end_us"])
        facts = foreign.check(file, span, self._recipe.min_share, self._limits, self._pulse)
        return {"op": "done", "facts": _facts(facts)}, b""

    def _pictures(self, request: wire.Header) -> Answer:
        def send(pictures: list[bytes]) -> None:
            self._channel.send({"op": "piece", "sizes": list(map(len, pictures))}, b"".join(pictures))

        form = PictureForm(**request["form"])
        jpeg.send_pictures(self._clip(request), form, request["frames"], self._limits, self._pulse, send)
        return {"op": "done"}, b""

    def _sound(self, request: wire.Header) -> Answer:
        form, duration_us = SoundForm(**request["form"]), request["duration_us"]
        return {"op": "done"}, soundfile.sound_file(self._clip(request), form, duration_us, self._limits, self._pulse)

    def _poster(self, request: wire.Header) -> Answer:
        return {"op": "done"}, preview.poster(self._clip(request), PictureForm(**request["form"]), self._limits)

    def _preview(self, request: wire.Header) -> Answer:
        form, duration_us = PreviewForm(**request["form"]), request["duration_us"]
        return {"op": "done"}, preview.preview(self._clip(request), form, duration_us, self._limits, self._pulse)

    def _clip(self, request: wire.Header) -> MediaFile:
        """A ready clip. Raises damaged_media, NotMedia, and what reading raises."""
        self._job = None
        file = self._file(0, {"size": request["size"], "index": None})
        if not isinstance(file, MediaFile):
            raise damaged("a playlist is no clip")
        return file

    def _file(self, number: int, stream: wire.Header) -> job.Opened:
        fetch, hint = self._fetch(number), stream["index"]
        cache = ByteCache(fetch, stream["size"], self._limits.fetched_bytes)
        layout = read_layout(cache, (hint[0], hint[1]) if hint is not None else None)
        return PlaylistFile(fetch) if layout.format == PLAYLIST else MediaFile(cache, layout)

    def _fetch(self, number: int) -> Fetch:
        def fetch(start: int, end: int) -> tuple[bytes, int | None]:
            self._channel.send({"op": "read", "stream": number, "start": start, "end": end})
            reply, data = self._channel.receive()
            if reply["op"] != "bytes":
                raise ReadFailed
            return data, reply["size"]

        return fetch

    def _pulse(self) -> None:
        """Tell the parent now and then that the work goes on."""
        now_s = time.monotonic()
        if now_s - self._pulsed_s > _PULSE_S:
            self._pulsed_s = now_s
            self._channel.send({"op": "working"})


def _facts(facts: Facts) -> wire.Header:
    return asdict(facts) | {"fps": [facts.fps.numerator, facts.fps.denominator]}


def _failed(failure: Failure | None) -> Answer:
    """None: the parent could not read and knows why."""
    if failure is None:
        return {"op": "unread"}, b""
    return {"op": "failed", "reason": failure.reason, "detail": failure.detail, "stage": failure.stage}, b""


def main(descriptor: int, parent_pid: int) -> None:
    die_with_parent(parent_pid)
    av.logging.set_level(None)
    channel = wire.Channel(socket.socket(fileno=descriptor), READ_BYTES_MAX)
    try:
        Child(channel).serve()
    except wire.Closed:
        return


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
