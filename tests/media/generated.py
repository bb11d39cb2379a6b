"""Videos made for the tests: every picture carries its number, and sound and picture can be told apart in time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

COUNTER_BITS = 16
_BLOCK_PX = 12  # survives 4:2:0, scaling by a half and any sensible bit rate
COUNTER_PX = COUNTER_BITS * _BLOCK_PX  # the least width
_SOUND_SAMPLES = 1024

FORMS = {  # name: (libav muxer, its options, streams of each file)
    "mp4": ("mp4", {"movflags": "+faststart"}, ("va",)),
    "mp4, moov at the end": ("mp4", {}, ("va",)),
    "DASH pair": ("mp4", {"movflags": "+dash+global_sidx+frag_keyframe+delay_moov"}, ("v", "a")),
    "fragments without index": ("mp4", {"movflags": "+frag_keyframe+delay_moov"}, ("va",)),
    "mkv": ("matroska", {}, ("va",)),
    "mkv, cues in front": ("matroska", {"cues_to_front": "1"}, ("va",)),
    "transport stream": ("mpegts", {}, ("va",)),
    "webm": ("webm", {}, ("va",)),
    "webm pair": ("webm", {"cues_to_front": "1"}, ("v", "a")),
}


@dataclass(frozen=True, slots=True)
class Essence:
    """What is encoded; containers are made from it without encoding again."""

    seconds: Fraction
    rate: Fraction = Fraction(25)
    size: tuple[int, int] = (192, 108)
    video: str | None = "libx264"
    video_options: dict[str, str] = field(default_factory=dict)
    pixel_format: str = "yuv420p"
    audio: str | None = "aac"
    audio_rate: int = 44100
    layout: str = "stereo"
    gop: int = 50
    texture: int = 0  # how much the picture has to say: 0 nothing, 40 about 700 kbit/s at 640x360
    ticks: Callable[[int], int] | None = None  # of frame n, in 1/1000 s: variable frame rate
    flash_s: Fraction | None = None  # a white picture and a beep, at this time and every 2 s
    sample_aspect: Fraction | None = None


def encode(path: Path, essence: Essence, form: str, options: dict[str, str] | None = None) -> Path:
    """Encode an essence into a container."""
    with av.open(str(path), "w", format=form, options=options or {}) as container:
        video = _video_stream(container, essence) if essence.video else None
        audio = _audio_stream(container, essence) if essence.audio else None
        frames = int(essence.seconds * essence.rate)
        sound = _sound(essence) if audio else iter(())
        pictures = _pictures(essence, frames) if video else iter(())
        sounded_s = Fraction(0)
        for n, picture in enumerate(pictures):
            container.mux(video.encode(picture))
            while audio and sounded_s <= Fraction(n + 1) / essence.rate and (block := next(sound, None)) is not None:
                sounded_s = Fraction(block.pts, essence.audio_rate)
                container.mux(audio.encode(block))
        for block in sound:
            container.mux(audio.encode(block))
        for stream in (video, audio):
            if stream:
                container.mux(stream.encode(None))
    return path


def remux(
    source: Path, path: Path, form: str, options: dict[str, str] | None = None, kinds: str = "va", repeat: int = 1
) -> Path:
    """The same packets in another container, once or several times over. `kinds`: v, a or both."""
    wanted = {"v": "video", "a": "audio"}
    with av.open(str(path), "w", format=form, options=options or {}) as out:
        with av.open(str(source)) as first:
            streams = {
                s.index: out.add_stream_from_template(s) for s in first.streams if s.type in [wanted[k] for k in kinds]
            }
        for n in range(repeat):
            with av.open(str(source)) as container:
                length_s = Fraction(container.duration, av.time_base) + Fraction(1, 20)  # room for the sound's priming
                for packet in container.demux(*(container.streams[i] for i in streams)):
                    if packet.dts is None:
                        continue
                    shift = round(n * length_s / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = streams[packet.stream_index]
                    out.mux(packet)
    return path


def counter_of(picture: np.ndarray) -> int:
    """The number in a picture's luma plane (rows x columns, 8 bits) of the size it was made in."""
    half = _BLOCK_PX // 2
    return sum(
        1 << b
        for b in range(COUNTER_BITS)
        if picture[2 : _BLOCK_PX - 2, b * _BLOCK_PX + 2 : (b + 1) * _BLOCK_PX - 2].mean() > 125 + 0 * half
    )


def _video_stream(container, essence):
    defaults = {"libx264": {"preset": "veryfast", "crf": "20"}, "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"}}
    options = defaults.get(essence.video, {}) | {"g": str(essence.gop)} | essence.video_options
    stream = container.add_stream(essence.video, rate=essence.rate, options=options)
    stream.width, stream.height, stream.pix_fmt = *essence.size, essence.pixel_format
    if essence.ticks:
        stream.codec_context.time_base = Fraction(1, 1000)
    if essence.sample_aspect:
        stream.codec_context.sample_aspect_ratio = essence.sample_aspect
    stream.codec_context.thread_count = 1
    return stream


def _audio_stream(container, essence):
    stream = container.add_stream(essence.audio, rate=essence.audio_rate, layout=essence.layout)
    stream.bit_rate = 128_000
    return stream


def _pictures(essence, frames):
    width, height = essence.size
    grain = np.random.default_rng(1).integers(-essence.texture, essence.texture + 1, (8, height, width), dtype=np.int16)
    shade = np.linspace(60, 160, width, dtype=np.int16)[None, :].repeat(height, 0)
    for n in range(frames):
        luma = np.roll(shade, 3 * n, axis=1) + np.roll(grain[n // 8 % 8], 2 * n, axis=1)
        if essence.flash_s is not None and _flashes(essence, n):
            luma[:] = 235
        for b in range(COUNTER_BITS):
            luma[:_BLOCK_PX, b * _BLOCK_PX : (b + 1) * _BLOCK_PX] = 235 if n >> b & 1 else 16
        planes = np.full((height * 3 // 2 + 2, width), 128, np.uint8)
        planes[:height] = luma.clip(16, 235)
        yield _frame(planes, essence, n)


def _frame(planes, essence, n):
    width, height = essence.size
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, data in zip(frame.planes, (planes[:height], None, None), strict=True):
        rows = np.full((plane.height, plane.line_size), 128, np.uint8)
        if data is not None:
            rows[:, :width] = data
        plane.update(rows.tobytes())
    frame.pts = essence.ticks(n) if essence.ticks else n
    frame.time_base = Fraction(1, 1000) if essence.ticks else 1 / essence.rate
    return frame if essence.pixel_format == "yuv420p" else frame.reformat(format=essence.pixel_format)


def _flashes(essence, n):
    since_s = n / essence.rate - essence.flash_s
    return since_s >= 0 and since_s % 2 < 1 / essence.rate


def _sound(essence):
    rate, channels = essence.audio_rate, {"mono": 1, "stereo": 2, "5.1": 6}[essence.layout]
    noise = np.random.default_rng(2)
    for start in range(0, int(essence.seconds * rate), _SOUND_SAMPLES):
        t = (np.arange(_SOUND_SAMPLES) + start) / rate
        if essence.flash_s is None:
            wave = 0.2 * np.sin(2 * np.pi * 440 * t) + 0.05 * noise.standard_normal(_SOUND_SAMPLES)
        else:
            since_s = t - float(essence.flash_s)
            wave = 0.8 * np.sin(2 * np.pi * 1000 * t) * ((since_s >= 0) & (since_s % 2 < 0.1))
        block = av.AudioFrame.from_ndarray(np.stack([wave.astype(np.float32)] * channels), "fltp", essence.layout)
        block.rate, block.pts, block.time_base = rate, start, Fraction(1, rate)
        yield block
