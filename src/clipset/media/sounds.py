"""The sound of a span: decoded, mixed to at most two channels, and laid on the clip's time line to the sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av import AudioFrame, Packet
from av.audio.stream import AudioStream
from av.filter import Graph
from av.stream import Stream

from clipset.media.faults import damaged
from clipset.media.packets import tick_of

PREROLL_S = Fraction(1, 10)  # decoded and thrown away: Opus wants 80 ms to settle (RFC 7845), AAC one or two frames
_AAC_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
TOLERANCE_S = Fraction(1, 100)  # times of packets are rounded to milliseconds in webm; samples are counted instead
_SAMPLE_FORMAT, _SAMPLE_BYTES = "flt", 4


@dataclass(frozen=True, slots=True)
class SoundShape:
    """What a clip's sound is: the source's rate if AAC has it, mono or stereo."""

    rate_hz: int
    layout: str

    @classmethod
    def of(cls, stream: AudioStream) -> SoundShape:
        rate = stream.codec_context.sample_rate
        return cls(rate if rate in _AAC_RATES_HZ else 48000, "mono" if stream.codec_context.channels == 1 else "stereo")

    @property
    def channels(self) -> int:
        return 1 if self.layout == "mono" else 2

    @property
    def bits_per_s(self) -> int:
        return 96_000 if self.layout == "mono" else 128_000


class Sounds:
    """Sound from a moment of the source on, as frames whose pts count the clip's samples.

    Where the source has a hole, silence keeps the rest in time; where it ends early, the clip's sound ends too.
    """

    def __init__(
        self, packets: Iterable[Packet[Stream]], stream: AudioStream, shape: SoundShape, zero_s: Fraction
    ) -> None:
        self._packets = packets
        self._stream = stream
        self.shape = shape
        self._zero_s = zero_s  # source time of the clip's first sample
        self._sample_bytes = shape.channels * _SAMPLE_BYTES
        self._mixer: Graph | None = None
        self._mixed_kind: tuple[object, ...] = ()
        self._placed_samples = 0
        self._runs = self._placed()
        self._rest = b""
        self.samples = 0  # given out so far

    def any_left(self) -> bool:
        """Whether the source has sound from here on."""
        self._rest = self._rest or next(self._runs, b"")
        return bool(self._rest)

    def until(self, samples: int) -> Iterator[AudioFrame]:
        """The next frames, up to sample number `samples` of the clip. Raises damaged_media and what libav raises."""
        while self.samples < samples:
            if not self.any_left():
                return
            data = self._rest[: (samples - self.samples) * self._sample_bytes]
            self._rest = self._rest[len(data) :]
            yield self._frame(data)

    def _frame(self, data: bytes) -> AudioFrame:
        shape = self.shape
        frame = AudioFrame(_SAMPLE_FORMAT, shape.layout, len(data) // self._sample_bytes)
        frame.planes[0].update(data)
        frame.pts, frame.rate, frame.time_base = self.samples, shape.rate_hz, Fraction(1, shape.rate_hz)
        self.samples += frame.samples
        return frame

    def _placed(self) -> Iterator[bytes]:
        """Runs of samples from sample 0 on, without gap or overlap."""
        tolerance = TOLERANCE_S * self.shape.rate_hz
        for frame in self._mixed():
            if frame.pts is None or frame.time_base is None:
                continue
            data = bytes(frame.planes[0])[: frame.samples * self._sample_bytes]
            offset = round((frame.pts * frame.time_base - self._zero_s) * self.shape.rate_hz) - self._placed_samples
            if self._placed_samples == 0 or abs(offset) > tolerance:
                data = bytes(max(0, offset) * self._sample_bytes) + data[max(0, -offset) * self._sample_bytes :]
            self._placed_samples += len(data) // self._sample_bytes
            if data:
                yield data

    def _mixed(self) -> Iterator[AudioFrame]:
        for frame in self._decoded():
            yield from self._mix(frame)
        if self._mixer is not None:
            yield from _pass(self._mixer, None)

    def _decoded(self) -> Iterator[AudioFrame]:
        """Errors before the clip begins come of starting amid the stream; later ones are damage."""
        context = self._stream.codec_context
        context.thread_count = 1
        context.options = {"err_detect": "explode"}
        second = self._stream.time_base or Fraction(1)
        for packet in self._packets:
            if packet.is_corrupt:
                raise damaged("the file is cut off inside the sound of the span")
            try:
                yield from context.decode(packet)
            except av.FFmpegError:
                if (tick_of(packet) + (packet.duration or 0)) * second > self._zero_s:
                    raise
        yield from context.decode(None)

    def _mix(self, frame: AudioFrame) -> list[AudioFrame]:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._mixed_kind:
            self._mixed_kind, self._mixer = kind, self._build(frame)
        return [frame] if self._mixer is None else _pass(self._mixer, frame)

    def _build(self, frame: AudioFrame) -> Graph | None:
        shape = self.shape
        if (frame.format.name, frame.layout.name, frame.sample_rate) == (_SAMPLE_FORMAT, shape.layout, shape.rate_hz):
            return None
        graph = Graph()
        graph.threads = 1
        source = graph.add_abuffer(
            sample_rate=frame.sample_rate, format=frame.format, layout=frame.layout, time_base=frame.time_base
        )
        mixer = graph.add("aresample", "rematrix_maxval=1")  # many channels in two are as loud as one, not clipped
        wanted = f"sample_rates={shape.rate_hz}:sample_fmts={_SAMPLE_FORMAT}:channel_layouts={shape.layout}"
        graph.link_nodes(source, mixer, graph.add("aformat", wanted), graph.add("abuffersink")).configure()
        return graph


def _pass(graph: Graph, frame: AudioFrame | None) -> list[AudioFrame]:
    graph.push(frame)
    result: list[AudioFrame] = []
    while True:
        try:
            mixed = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return result
        if isinstance(mixed, AudioFrame):
            result.append(mixed)
