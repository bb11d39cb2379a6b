"""The YouTube source: one permit, one resolve, one input for all the clips of a video."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from yt_dlp.utils import YoutubeDLError

from clipset.clock import Clock, SystemClock
from clipset.media.hls import HlsPlaylist, HlsStream
from clipset.reasons import Reason
from clipset.sources.youtube import verdict
from clipset.sources.youtube.config import Choose, Egress, Gate, YouTubeConfig
from clipset.sources.youtube.formats import Choice, choose
from clipset.sources.youtube.http import Address, HttpStream, fetch_text
from clipset.sources.youtube.rendition import Rendition
from clipset.sources.youtube.resolve import YT_DLP, Resolved, Resolver
from clipset.sources.youtube.seam import ResolverYDL
from clipset.sources.youtube.transport import OpenConnections
from clipset.types import ClipsetError, Cooling, Failure, Located, MediaInput, Meter, Recipe, Stage, VideoJob

LONGEST_SEGMENT_BYTES = 256 * 1024**2
"""A segment has a few seconds of one rendition; more is a body without an end."""


class FirstOpen:
    """Takes turns over the egresses, passing over those that are cooling while another is not."""

    def __init__(self) -> None:
        self._turn = 0

    def __call__(self, egresses: tuple[Egress, ...], gates: Mapping[str, Gate]) -> Egress:
        ordered = egresses[self._turn :] + egresses[: self._turn]
        self._turn = (self._turn + 1) % len(egresses)
        egress = next((item for item in ordered if _is_open(gates[item.name])), ordered[0])
        gates[egress.name].enter()
        return egress


def _is_open(gate: Gate) -> bool:
    try:
        gate.check()
    except Cooling:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Session:
    """yt-dlp on one egress."""

    egress: Egress
    gate: Gate
    ydl: ResolverYDL
    resolver: Resolver


class YouTubeSource:
    """types.Source over yt-dlp, for one worker thread.

    `gates` has one gate for each egress, by name; `choose` decides which egress serves a video and takes the permit
    there. `stop` ends even a request that hangs. Nothing is opened before the first job.
    """

    name = "youtube"

    def __init__(
        self,
        config: YouTubeConfig,
        egresses: Sequence[Egress],
        gates: Mapping[str, Gate],
        stop: threading.Event,
        recipe: Recipe,
        *,
        choose_egress: Choose | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not egresses or {egress.name for egress in egresses} - gates.keys():
            raise ValueError("the YouTube source needs an egress, and a gate for each")
        self._config, self._egresses, self._gates = config, tuple(egresses), gates
        self._stop, self._recipe = stop, recipe
        self._choose = choose_egress or FirstOpen()
        self._clock = clock or SystemClock()
        self._connections = OpenConnections(stop)
        self._sessions: dict[str, _Session] = {}

    @contextmanager
    def locate(self, job: VideoJob, meter: Meter) -> Iterator[Iterator[Located]]:
        """One input with all clips of the job. Raises ClipsetError, Cooling, Interrupted."""
        session = self._session(self._choose(self._egresses, self._gates))
        session.ydl.meter = meter
        meter.egress, meter.tool = session.egress.name, YT_DLP
        with ExitStack() as streams:
            yield iter([self._located(job, session, streams)])

    def close(self) -> None:
        for session in self._sessions.values():
            session.ydl.close()
        self._sessions.clear()
        self._connections.close()

    def _session(self, egress: Egress) -> _Session:
        if egress.name not in self._sessions:
            gate = self._gates[egress.name]
            ydl = _open_ydl(self._config, egress, gate, self._stop, self._connections)
            self._sessions[egress.name] = _Session(egress, gate, ydl, Resolver(ydl, self._config, gate))
        return self._sessions[egress.name]

    def _located(self, job: VideoJob, session: _Session, streams: ExitStack) -> Located:
        resolved = session.resolver.resolve(job.video_id)
        choice = self._choice(job, resolved)
        if choice.video.protocol == "hls":
            media = MediaInput(self._playlist(session, choice.video), format_id=choice.format_id)
        else:
            media = self._files(session, job, choice, streams)
        return Located(job.wanted, media, session.egress.name, f"{resolved.tool} {choice.format_id}")

    def _files(self, session: _Session, job: VideoJob, choice: Choice, streams: ExitStack) -> MediaInput:
        lease = _Lease(choice, lambda: self._again(job, session, choice))
        video = self._stream(session, _Address(lease, lambda found: found.video), streams)
        audio = self._stream(session, _Address(lease, _audio), streams) if choice.audio else None
        index_bytes = (choice.video.index_bytes, choice.audio.index_bytes if choice.audio else None)
        return MediaInput(video, audio, format_id=choice.format_id, index_bytes=index_bytes)

    def _choice(self, job: VideoJob, resolved: Resolved) -> Choice:
        spans = [wanted.clip.span for wanted in job.wanted]
        choice = choose(resolved.renditions, spans, self._recipe, resolved.duration_s)
        if choice is None:
            raise ClipsetError(Failure(Reason.TOOL_OUTDATED, "No video formats found", Stage.RESOLVE))
        return choice

    def _again(self, job: VideoJob, session: _Session, before: Choice) -> Choice:
        """The same formats at new addresses, for another permit."""
        session.gate.enter()
        found = {item.format_id: item for item in session.resolver.resolve(job.video_id).renditions}
        try:
            return Choice(found[before.video.format_id], before.audio and found[before.audio.format_id])
        except KeyError:
            detail = f"format {before.format_id} is no longer offered"
            raise ClipsetError(Failure(Reason.EXPIRED_URL, detail, Stage.FETCH)) from None

    def _stream(self, session: _Session, address: Address, streams: ExitStack) -> HttpStream:
        stream = HttpStream(session.ydl, address, session.gate, self._clock, self._stop, self._config.space)
        streams.callback(stream.close)
        return stream

    def _playlist(self, session: _Session, rendition: Rendition) -> HlsStream:
        """A playlist whose segments are fetched as the clips need them; it has no second address to go to."""

        def read(url: str, start: int | None, end: int | None) -> bytes:
            with ExitStack() as opened:
                stream = self._stream(session, _Fixed(replace(rendition, url=url, size_bytes=None)), opened)
                data = stream.read(start or 0, end or LONGEST_SEGMENT_BYTES)
            if len(data) == LONGEST_SEGMENT_BYTES:
                raise verdict.fetch_error(Reason.DAMAGED_MEDIA, f"a segment of {len(data)} bytes or more")
            return data

        text = fetch_text(session.ydl, session.gate, rendition.url)
        return HlsStream(HlsPlaylist.parse(text, rendition.url), read)


def _audio(choice: Choice) -> Rendition:
    assert choice.audio is not None  # noqa: S101 - a lease is renewed with the same formats
    return choice.audio


class _Lease:
    """The addresses of a choice, renewed at most once for all its streams."""

    def __init__(self, choice: Choice, again: Callable[[], Choice]) -> None:
        self.choice = choice
        self._again = again
        self._renewed = False

    def renew(self) -> bool:
        if self._renewed:
            return False
        self._renewed = True
        self.choice = self._again()
        return True


class _Address:
    """One stream's part of a lease."""

    def __init__(self, lease: _Lease, part: Callable[[Choice], Rendition]) -> None:
        self._lease, self._part = lease, part

    def current(self) -> Rendition:
        return self._part(self._lease.choice)

    def renew(self) -> bool:
        return self._lease.renew()


@dataclass(frozen=True, slots=True)
class _Fixed:
    """An address for good."""

    rendition: Rendition

    def current(self) -> Rendition:
        return self.rendition

    def renew(self) -> bool:
        return False


def _open_ydl(
    config: YouTubeConfig, egress: Egress, gate: Gate, stop: threading.Event, connections: OpenConnections
) -> ResolverYDL:
    """Raises ClipsetError(missing_part) when a file that the egress names cannot be used."""
    try:
        if egress.ca_file is not None:
            ssl.create_default_context(cafile=egress.ca_file)
        return ResolverYDL(config, egress, gate, stop, connections)
    except (OSError, ValueError, YoutubeDLError) as error:
        files = " and ".join(str(path) for path in (egress.cookies, egress.ca_file) if path)
        detail = f"{files} cannot be used ({type(error).__name__}); check --cookies (Netscape format) and --ca-file"
        raise ClipsetError(Failure(Reason.MISSING_PART, detail, Stage.RESOLVE)) from None
