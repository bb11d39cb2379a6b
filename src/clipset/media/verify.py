"""Done means decoded: the finished bytes are read back in full, every frame and every sample, and compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

import av
from av import AudioFrame, VideoFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from clipset.media.draft import Draft
from clipset.media.faults import damaged, no_video
from clipset.media.limits import Limits
from clipset.media.pictures import check_size
from clipset.media.ticks import us_of
from clipset.types import Facts, Stage

_AAC_FRAME_SAMPLES = 1024


class Readable(Protocol):
    def read(self, length: int, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...
    def tell(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What a full decode of a clip found. Seconds count from the first frame."""

    width_px: int
    height_px: int
    fps: Fraction
    times_s: tuple[Fraction, ...]
    first_s: Fraction
    duration_s: Fraction
    video_codec: str
    audio_codec: str | None
    sound_s: Fraction | None
    comment: str

    def facts(self, format_id: str = "") -> Facts:
        return Facts(
            self.width_px,
            self.height_px,
            self.fps,
            len(self.times_s),
            us_of(self.duration_s),
            self.video_codec,
            self.audio_codec,
            format_id,
        )


def decode_clip(file: Readable, limits: Limits, pulse: Callable[[], None]) -> Seen:
    """Decode all of a finished clip, with every error an error. Raises damaged_media, no_video."""
    try:
        with av.open(file, "r", format="mov", metadata_errors="replace") as container:
            return _decode(container, limits, pulse)
    except (av.FFmpegError, UnicodeError) as error:
        raise damaged(f"the clip does not decode: {type(error).__name__}", Stage.VERIFY) from error


def compare(seen: Seen, draft: Draft) -> None:
    """Raises damaged_media unless decoding showed what was written."""
    faults = {
        "frames are missing or moved": seen.times_s != draft.times_s,
        "it does not begin at 0": seen.first_s != 0,
        "its length is wrong": abs(seen.duration_s - draft.duration_s) > draft.duration_s / len(draft.times_s),
        "its size is odd": bool((seen.width_px | seen.height_px) & 1),
        "its sound is missing or of a wrong length": not _same_sound(seen.sound_s, draft.sound_s),
    }
    wrong = [fault for fault, is_there in faults.items() if is_there]
    if wrong:
        raise damaged(f"the clip was written, but {' and '.join(wrong)}", Stage.VERIFY)


def _same_sound(seen_s: Fraction | None, wanted_s: Fraction | None) -> bool:
    if seen_s is None or wanted_s is None:
        return seen_s is wanted_s
    return abs(seen_s - wanted_s) <= Fraction(_AAC_FRAME_SAMPLES, 8000)


def _decode(container: InputContainer, limits: Limits, pulse: Callable[[], None]) -> Seen:
    video = next(iter(container.streams.video), None)
    if video is None or video.codec_context is None:
        raise no_video("the clip has no video stream that can be decoded")
    check_size(video.codec_context.width, video.codec_context.height, limits)
    audio = next(iter(container.streams.audio), None)
    streams = [stream for stream in (video, audio) if stream is not None]
    for stream in streams:
        stream.codec_context.thread_count = 1
        stream.codec_context.options = {"err_detect": "explode", "max_pixels": str(limits.picture_px)}
    shown: list[tuple[int, int]] = []
    sound_s = Fraction(0)
    for packet in container.demux(*streams):
        pulse()
        for frame in packet.decode():
            _refuse_corrupt(frame)
            if isinstance(frame, VideoFrame):
                shown.append((frame.pts if frame.pts is not None else -1, frame.duration))
            elif isinstance(frame, AudioFrame):
                sound_s += Fraction(frame.samples, frame.sample_rate)
    return _seen(container, video, audio, shown, sound_s)


def _seen(
    container: InputContainer,
    video: VideoStream,
    audio: AudioStream | None,
    shown: list[tuple[int, int]],
    sound_s: Fraction,
) -> Seen:
    """`shown` has the tick and the duration of every frame.

    The clip's duration is that of its track. Where frames last differently it can miss the true one by a part of a
    frame: mp4 gives each sample the time to the next in decoding order, not in the order they are shown in.
    """
    if not shown or any(after[0] <= before[0] for before, after in pairwise(shown)):
        raise damaged("the clip has no frames, or frames out of order", Stage.VERIFY)
    tick_s = video.time_base or Fraction(1)
    first, (last, last_duration) = shown[0][0], shown[-1]
    context = video.codec_context
    return Seen(
        width_px=context.width,
        height_px=context.height,
        fps=video.average_rate or Fraction(0),
        times_s=tuple((tick - first) * tick_s for tick, _ in shown),
        first_s=first * tick_s,
        duration_s=(video.duration if video.duration is not None else last + last_duration - first) * tick_s,
        video_codec=context.codec.canonical_name,
        audio_codec=audio.codec_context.codec.canonical_name if audio is not None else None,
        sound_s=sound_s if audio is not None else None,
        comment=container.metadata.get("comment", ""),
    )


def _refuse_corrupt(frame: object) -> None:
    if isinstance(frame, VideoFrame | AudioFrame) and frame.is_corrupt:
        raise damaged("a frame of the clip is damaged", Stage.VERIFY)
