"""CPU seconds and bytes of a ten-second clip by each precision, side by side: decoding, encoding, verifying, all of it.

python -m bench.bench_trim [FILE...]          with files: clips of these instead of generated videos

The generated videos are 360p at about 700 kbit/s with sound, in groups of pictures of two and of five seconds. What is
counted is the media child's own CPU time, without its start and its first clip.
"""

import resource
import sys
import tempfile
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from clipset.media import MediaEngine
from clipset.sources.folder import LocalStream
from clipset.types import Clip, ClipsetError, MediaInput, Precision, Recipe, Span, Trimmed

_WIDTH_PX, _HEIGHT_PX, _RATE_HZ, _SECONDS, _SOUND_HZ = 640, 360, 25, 60, 44100
_CLIP_US = 10_000_000


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="clipset-bench-") as folder:
        paths = [Path(name) for name in sys.argv[1:]] or [made(Path(folder), gop_s) for gop_s in (2, 5)]
        for path in paths:
            compare(path)


def compare(path: Path) -> None:
    with av.open(str(path)) as container:
        length_us = container.duration or 0
    spans = [Span(start, start + _CLIP_US) for start in starts(length_us)]
    print(f"{path.name}: {len(spans)} clips of {_CLIP_US / 1e6:g} s")
    for precision in Precision:
        cpu_s, clips = measured(path, spans, precision)
        kib = sum(len(clip.data) for clip in clips) / len(clips) / 1024
        smart = sum("smart" in clip.facts.format_id for clip in clips)
        note = f"  {smart} of {len(clips)} not wholly encoded" if precision is Precision.SMART else ""
        print(f"  {precision:6} {cpu_s / len(clips):6.3f} CPU s a clip  {kib:7.0f} KiB a clip{note}")


def starts(length_us: int) -> Iterator[int]:
    """Off the grid of frames and of keyframes."""
    yield from range(700_000, max(length_us - _CLIP_US, 700_001), 4_130_000)


def measured(path: Path, spans: list[Span], precision: Precision) -> tuple[float, list[Trimmed]]:
    """The child's CPU seconds for all spans, and the clips."""
    idle_s, _ = cut(path, spans[:1], precision)
    busy_s, clips = cut(path, spans[:1] + spans, precision)
    return busy_s - idle_s, clips[1:]


def cut(path: Path, spans: list[Span], precision: Precision) -> tuple[float, list[Trimmed]]:
    before_s = children_s()
    engine = MediaEngine(Recipe(precision), threading.Event())
    clips = []
    with LocalStream.opened(path) as stream, engine.open(MediaInput(stream)) as cutter:
        for span in spans:
            try:
                clips.append(cutter.cut(Clip("-abcdefghi_", span)))
            except ClipsetError as error:
                print(f"  {span.start_us / 1e6:g} s: {error}")
    engine.close()
    return children_s() - before_s, clips


def children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def made(folder: Path, gop_s: int) -> Path:
    """A picture that moves, with fine structure, as a service would encode it."""
    path = folder / f"{_HEIGHT_PX}p, groups of {gop_s} s.mp4"
    with av.open(str(path), "w", format="mp4") as container:
        options = {"preset": "fast", "g": str(gop_s * _RATE_HZ)}
        video = container.add_stream("libx264", rate=_RATE_HZ, bit_rate=600_000, options=options)
        video.width, video.height, video.pix_fmt = _WIDTH_PX, _HEIGHT_PX, "yuv420p"
        audio = container.add_stream("aac", rate=_SOUND_HZ, layout="stereo", bit_rate=128_000)
        for picture in pictures():
            container.mux(video.encode(picture))
        for block in sound():
            container.mux(audio.encode(block))
        for stream in (video, audio):
            container.mux(stream.encode(None))
    return path


def pictures() -> Iterator[av.VideoFrame]:
    """Two textures that slide across each other at their own speeds, and grain."""
    chance = np.random.default_rng(7)
    far, near = (texture(chance, blur_px) for blur_px in (24, 5))
    grain = chance.integers(-2, 3, (16, _HEIGHT_PX, _WIDTH_PX))
    for n in range(_SECONDS * _RATE_HZ):
        luma = np.roll(far, n // 2, axis=1) * 0.8 + grain[n % 16]
        luma[80:280, 160:480] = np.roll(near, (n, 2 * n), axis=(0, 1))[80:280, 160:480]
        planes = np.full((_HEIGHT_PX * 3 // 2, _WIDTH_PX), 128, np.uint8)
        planes[:_HEIGHT_PX] = luma.clip(16, 235)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = n, Fraction(1, _RATE_HZ)
        yield frame


def texture(chance: np.random.Generator, blur_px: int) -> np.ndarray:
    """Noise without what is finer than so many pixels, as bright and as contrasted as a picture."""
    noise = np.fft.rfft2(chance.standard_normal((_HEIGHT_PX, _WIDTH_PX)))
    rows, columns = np.fft.fftfreq(_HEIGHT_PX)[:, None], np.fft.rfftfreq(_WIDTH_PX)[None, :]
    smooth = np.fft.irfft2(noise * np.exp(-((rows**2 + columns**2) * blur_px**2)), (_HEIGHT_PX, _WIDTH_PX))
    return 120 + 40 * smooth / smooth.std()


def sound() -> Iterator[av.AudioFrame]:
    chance = np.random.default_rng(8)
    for start in range(0, _SECONDS * _SOUND_HZ, 1024):
        t = (np.arange(1024) + start) / _SOUND_HZ
        wave = 0.2 * np.sin(2 * np.pi * (300 + 40 * np.sin(t)) * t) + 0.02 * chance.standard_normal(1024)
        block = av.AudioFrame.from_ndarray(np.stack([wave.astype(np.float32)] * 2), "fltp", "stereo")
        block.rate, block.pts, block.time_base = _SOUND_HZ, start, Fraction(1, _SOUND_HZ)
        yield block


if __name__ == "__main__":
    main()
