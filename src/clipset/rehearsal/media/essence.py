"""Encodes pictures and sound once, in pieces that many files share, and hands out their packets.

Video is encoded in segments of 20 s (four closed GOPs), each by an encoder of its own: a longer video with the same
key reuses the segments of a shorter one, whatever was asked for first. Audio is encoded from the start, in lengths that
double, and cut: an encoder started anew would click. Pieces are mp4 files, which hold all four codecs with exact times.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import av
from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from clipset.rehearsal.media.picture import Painter
from clipset.rehearsal.media.sound import second_of_sound
from clipset.rehearsal.media.spec import GOPS_PER_SEGMENT, MediaSpec, Picture, Sound, VideoCodec, digest

Make = Callable[[Path], None]
Store = Callable[[str, Make], Path]  # a piece's name and how to make it -> where it lies
AnyPacket: TypeAlias = "Packet[Any]"  # text: the class takes no parameter at run time
Feed = Iterator[tuple[Stream, AnyPacket]]  # the stream of the piece, for its parameters, and a packet

_SHORTEST_AUDIO_S = 32


def video_packets(spec: MediaSpec, picture: Picture, store: Store) -> Feed:
    """All packets of the video stream in decoding order, times from 0."""
    whole = picture.gop_frames * GOPS_PER_SEGMENT
    for first in range(0, spec.frames, whole):
        count = min(whole, spec.frames - first)
        make = partial(_encode_video, picture=picture, first=first, count=count)
        piece = store(f"video-{digest((picture, first, count))}.mp4", make)
        with av.open(str(piece)) as container:
            stream = container.streams.video[0]
            yield from _shifted(stream, container.demux(stream), first / picture.fps)


def audio_packets(spec: MediaSpec, sound: Sound, store: Store) -> Feed:
    """The packets of the audio stream that start before the end of the video."""
    length_s = _SHORTEST_AUDIO_S
    while length_s < spec.duration_s:
        length_s *= 2
    make = partial(_encode_audio, sound=sound, duration_s=length_s)
    piece = store(f"audio-{digest((sound, length_s))}.mp4", make)
    with av.open(str(piece)) as container:
        stream = container.streams.audio[0]
        for _, packet in _shifted(stream, container.demux(stream), Fraction(0)):
            if (packet.pts or 0) * packet.time_base >= spec.duration_s:
                return
            yield stream, packet


def _shifted(stream: Stream, packets: Iterator[AnyPacket], shift_s: Fraction) -> Feed:
    shift = int(shift_s / (stream.time_base or Fraction(1)))
    for packet in packets:
        if packet.dts is not None and packet.pts is not None:  # the empty packet at the end has neither
            packet.dts += shift
            packet.pts += shift
            yield stream, packet


def _video_options(picture: Picture) -> dict[str, str]:
    """The cheapest settings, with B-frames and closed GOPs as YouTube's files have them."""
    gop = picture.gop_frames
    if picture.codec is VideoCodec.VP9:
        return {"deadline": "realtime", "cpu-used": "8", "crf": "40", "b": "0", "g": str(gop), "lag-in-frames": "0"}
    structure = f"bframes=2:b-adapt=0:keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0"
    return {"preset": "ultrafast", "crf": "30", "x264-params": structure}


def _encode_video(path: Path, picture: Picture, first: int, count: int) -> None:
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(picture.codec.value, rate=picture.fps, options=_video_options(picture))
        assert isinstance(stream, VideoStream)  # noqa: S101 - narrows the type for mypy
        stream.width, stream.height, stream.pix_fmt = picture.width_px, picture.height_px, "yuv420p"
        stream.codec_context.thread_count = 1  # the bytes depend on it
        for frame in _frames(picture, first, count):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_thumbnail(path: Path, picture: Picture) -> None:
    """The first picture as a JPEG file."""
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as container:
        stream = container.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = picture.width_px, picture.height_px, "yuvj420p"
        frame = next(_frames(picture, 0, 1)).reformat(format="yuvj420p")
        frame.pts, frame.time_base = 0, Fraction(1)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _frames(picture: Picture, first: int, count: int) -> Iterator[av.VideoFrame]:
    model = av.VideoFrame(picture.width_px, picture.height_px, "yuv420p")
    luma, blue, red = (plane.line_size for plane in model.planes)
    painter = Painter(picture, (luma, blue, red))
    for index in range(count):
        frame = av.VideoFrame(picture.width_px, picture.height_px, "yuv420p")
        for plane, data in zip(frame.planes, painter.draw(first + index), strict=True):
            plane.update(data.ljust(plane.buffer_size, b"\0"))
        frame.pts, frame.time_base = index, 1 / picture.fps
        yield frame


def _encode_audio(path: Path, sound: Sound, duration_s: int) -> None:
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(sound.codec.value, rate=sound.rate_hz, bit_rate=48_000, layout="mono")
        assert isinstance(stream, AudioStream)  # noqa: S101 - narrows the type for mypy
        stream.codec_context.open()
        for frame in _sound_frames(sound, stream, duration_s * sound.rate_hz):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _sound_frames(sound: Sound, stream: AudioStream, samples: int) -> Iterator[av.AudioFrame]:
    size, form = stream.codec_context.frame_size, stream.codec_context.format
    ring = second_of_sound(sound.rate_hz, sound.pitch, form.packed.name) * 2
    for start in range(0, samples, size):
        frame = av.AudioFrame(format=form.name, layout="mono", samples=size)
        offset = start % sound.rate_hz * form.bytes
        plane = frame.planes[0]
        plane.update(ring[offset : offset + size * form.bytes].ljust(plane.buffer_size, b"\0"))
        frame.rate, frame.pts, frame.time_base = sound.rate_hz, start, Fraction(1, sound.rate_hz)
        yield frame
