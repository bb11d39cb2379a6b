"""The offline mirror beside the offline YouTube: CVDF's bucket, `/kinetics/…`, with tars of generated clips."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from clipset.rehearsal.delivery import deliver, read_range
from clipset.rehearsal.journal import Kind
from clipset.rehearsal.media import MediaLibrary
from clipset.rehearsal.reply import Reply, Subject, error_reply
from clipset.rehearsal.scenario import MirrorFile, Oversize, Scenario

MIRROR_PATH = "/kinetics/"


class Mirror:
    """Thread-safe. A storage service: no throttle, ranges of any length at full speed, a tag for each content."""

    def __init__(self, scenario: Scenario, library: MediaLibrary) -> None:
        self._scenario = replace(scenario, oversize=Oversize.SERVE)
        self._library = library
        self._deliveries = Counter[str]()
        self._lock = threading.Lock()

    def answer(self, path: str, headers: Mapping[str, str | None]) -> Reply:
        """GET of a path as it stands in the request; `headers` are Range and If-Range."""
        name = unquote(path).removeprefix(MIRROR_PATH)
        asked = read_range(headers.get("Range"), "")
        subject = Subject(Kind.MIRROR, path=name, range=None if asked is None else asked.shown)
        file = self._scenario.mirror.get(name)
        if file is None:
            return error_reply(subject, 404)
        with self._lock:
            self._deliveries[name] += 1
            delivery = self._deliveries[name]
        faults = [fault for fault in file.faults if fault.times is None or delivery <= fault.times]
        content = self._content(file)
        tag = f'"{content.name}"'
        if headers.get("If-Range") not in {None, tag}:
            asked = None
        reply = deliver(subject, content, asked, "application/octet-stream", faults, self._scenario)
        return replace(reply, headers={**reply.headers, "ETag": tag}) if reply.status in {200, 206} else reply

    def _content(self, file: MirrorFile) -> Path:
        return self._library.text(file.text) if file.tar is None else self._library.tarball(file.tar)
