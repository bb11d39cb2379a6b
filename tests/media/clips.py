"""Cutting a clip in a test, and looking at it."""

import io
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

import av
import numpy as np
from generated import COUNTER_PX, counter_of
from serving import Memory

from clipset.media import MediaEngine
from clipset.types import Clip, ClipsetError, MediaInput, Span, Trimmed


def clip_of(start_s: float | Fraction, end_s: float | Fraction) -> Clip:
    return Clip("-abcdefghi_", Span(round(start_s * 1_000_000), round(end_s * 1_000_000)))


def media_of(paths: list[Path], **more: object) -> MediaInput:
    streams = [Memory(path.read_bytes()) for path in paths]
    return MediaInput(streams[0], streams[1] if len(streams) > 1 else None, **more)


def frames_between(start_s: Fraction, end_s: Fraction, rate: Fraction) -> list[int]:
    """The numbers of the frames n with start <= n / rate < end."""
    return list(range(ceil(start_s * rate), ceil(end_s * rate)))


def stored_times(path: Path, from_first: bool = False) -> list[Fraction]:
    """The times of all frames as the container has them, in order: frame n is the one with the number n."""
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.video[0])
        times = sorted(packet.pts * packet.time_base for packet in packets if packet.pts is not None)
    zero = times[0] if from_first else 0
    return [time - zero for time in times]


def counters_and_times(path: Path) -> list[tuple[int, Fraction]]:
    """What libav shows of a whole video: the number of each frame and its time."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        frames = container.decode(video)
        return [(counter_of(frame.to_ndarray(format="gray")), frame.pts * video.time_base) for frame in frames]


@dataclass(frozen=True)
class Look:
    """What a clip shows when it is decoded by libav with nothing of ours."""

    counters: list[int]
    times_s: list[Fraction]
    pictures: list[np.ndarray]
    sound: np.ndarray  # samples x channels
    sound_rate: int
    comment: str


def look(data: bytes, pixel_format: str = "gray") -> Look:
    with av.open(io.BytesIO(data)) as container:
        video, comment = container.streams.video[0], container.metadata.get("comment", "")
        frames = list(container.decode(video))
        times = [frame.pts * video.time_base for frame in frames]
        pictures = [frame.to_ndarray(format=pixel_format) for frame in frames]
        counted = frames if video.width >= COUNTER_PX else []
        counters = [counter_of(frame.to_ndarray(format="gray")) for frame in counted]
        sound, rate = [], 0
        if container.streams.audio:
            container.seek(0)
            for frame in container.decode(container.streams.audio[0]):
                sound.append(frame.to_ndarray().T)
                rate = frame.sample_rate
    return Look(counters, times, pictures, np.concatenate(sound) if sound else np.zeros((0, 1)), rate, comment)


class Cuts:
    """Cuts clips out of files in memory with one engine."""

    def __init__(self, engine: MediaEngine) -> None:
        self.engine = engine

    def cut(self, paths: list[Path], start_s: float | Fraction, end_s: float | Fraction, **more: object) -> Trimmed:
        with self.engine.open(media_of(paths, **more)) as cutter:
            return cutter.cut(clip_of(start_s, end_s))

    def failure(self, paths: list[Path], start_s: float, end_s: float, **more: object):
        try:
            clip = self.cut(paths, start_s, end_s, **more)
        except ClipsetError as error:
            return error.failure
        raise AssertionError(f"a clip came out: {clip.facts}")
