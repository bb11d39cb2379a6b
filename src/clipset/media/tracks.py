"""The streams that a clip is made of, opened for one span, with the bytes that it needs planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from av import Packet
from av.audio.stream import AudioStream
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from clipset.media.cache import ByteCache, Extent
from clipset.media.demux import Demuxer
from clipset.media.entering import enter
from clipset.media.faults import no_video
from clipset.media.layout import Access, Layout
from clipset.media.least import PacketRow, needed_bytes
from clipset.media.limits import Limits
from clipset.media.packets import ChosenPackets, PicturePackets, sound_packets, tick_of
from clipset.media.pictures import Pictures, check_size
from clipset.media.rangefile import Bytes
from clipset.media.reach import joined
from clipset.media.sounds import PREROLL_S, Sounds, SoundShape
from clipset.media.ticks import tick_at
from clipset.types import US_PER_S, Span

_CLOCKS_START_ANYWHERE = frozenset({"mpegts", "mpeg"})  # so time 0 is their first picture
PREROLL_US = int(PREROLL_S * US_PER_S)
_LAST_PICTURE_US = 100_000  # sound goes on to the end of the last picture, which may lie behind the span


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file whose index has been read. `zero_s` is what its clock shows at time 0, None to find out."""

    cache: Bytes
    layout: Layout
    zero_s: Fraction | None = None

    def at(self, span: Span, zero_s: Fraction | None = None) -> MediaFile:  # noqa: ARG002 - a playlist needs to know
        """The file to open for a span."""
        return self


@dataclass(frozen=True, slots=True)
class Track:
    """One stream. `zero` is its tick at the file's time 0."""

    demuxer: Demuxer
    stream: Stream
    zero: int = 0

    @property
    def time_base(self) -> Fraction:
        return self.stream.time_base or Fraction(1, US_PER_S)

    def tick(self, time_us: int) -> int:
        return tick_at(time_us, self.time_base) + self.zero

    def seconds(self, tick: int) -> Fraction:
        return (tick - self.zero) * self.time_base


@dataclass(frozen=True, slots=True)
class Tracks:
    """What a clip is cut from. Used once, in one pass, and closed. `seen_pictures` and `seen_sound` grow meanwhile."""

    picture: Track
    sound: Track | None
    span: Span
    limits: Limits
    lead: int = 0  # groups of pictures to begin earlier than needed
    sound_lead_us: int = PREROLL_US  # how much earlier than the span to begin with the sound
    seen_pictures: list[PacketRow] = field(default_factory=list)
    seen_sound: list[PacketRow] = field(default_factory=list)

    @property
    def video_stream(self) -> VideoStream:
        assert isinstance(self.picture.stream, VideoStream)  # noqa: S101 - narrows the type that open_tracks chose
        return self.picture.stream

    @property
    def sample_aspect(self) -> Fraction:
        """By the container, or, once a picture is decoded, by the stream itself."""
        stream = self.video_stream
        return stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or Fraction(1)

    @property
    def audio_stream(self) -> AudioStream | None:
        stream = self.sound.stream if self.sound is not None else None
        return stream if isinstance(stream, AudioStream) else None

    def picture_packets(self) -> PicturePackets:
        track = self.picture
        start, end = track.tick(self.span.start_us), track.tick(self.span.end_us)
        return PicturePackets(track.demuxer, track.stream, start, end, self.lead, self.seen_pictures)

    def pictures(self, packets: PicturePackets | ChosenPackets) -> Pictures:
        return Pictures(packets, self.video_stream, self.limits)

    def sounds(self, zero_s: Fraction) -> Sounds | None:
        """The sound from a moment of the file's time on, which becomes sample 0; None if there is no sound stream."""
        track, stream = self.sound, self.audio_stream
        if track is None or stream is None:
            return None
        return Sounds(self.sound_packets(), stream, SoundShape.of(stream), zero_s + track.zero * track.time_base)

    def sound_packets(self) -> Iterator[Packet[Stream]]:
        """The span's sound, and a little before and behind it."""
        track = self.sound
        if track is None:
            return
        seek = track.tick(_before(self.span, track, self.sound_lead_us))
        start = track.tick(max(0, self.span.start_us - self.sound_lead_us))
        for packet in sound_packets(track.demuxer, track.stream, seek, start, track.tick(_behind(self.span))):
            self.seen_sound.append(PacketRow(tick_of(packet), True, packet.size))
            yield packet

    def needed_bytes(self, span: Span) -> int:
        """What the span needs of the packets read so far."""
        seen = ((self.picture, self.seen_pictures), (self.sound, self.seen_sound))
        return sum(
            needed_bytes(rows, track.tick(span.start_us), track.tick(span.end_us))
            for track, rows in seen
            if track is not None
        )

    def close(self) -> None:
        self.picture.demuxer.close()
        if self.sound is not None:
            self.sound.demuxer.close()


def open_tracks(
    video: MediaFile,
    audio: MediaFile | None,
    span: Span,
    limits: Limits,
    lead: int = 0,
    sound_lead_us: int = PREROLL_US,
) -> Tracks:
    """`audio` may be the same file as `video`; None for a clip without sound. The leads: see Tracks.

    Raises no_video, damaged_media, NotMedia, and what libav and reading raise.
    """
    pictures = _Opening(video, picture_stream, span, lead)
    _refuse(pictures.stream, limits)
    if video.layout.access is Access.FORWARD and audio is video:
        return replace(_forward(video, pictures.demuxer, span, limits, sound_lead_us), lead=lead)
    sounds = _Opening(audio, sound_stream, span, lead, sound_lead_us) if audio is not None else None
    if sounds is not None and audio is not video:
        sounds.leave_out_lead()
    openings = [opening for opening in (pictures, sounds) if opening is not None]
    for file in {id(opening.file): opening.file for opening in openings}.values():
        file.cache.plan(joined(extent for opening in openings if opening.file is file for extent in opening.wanted))
    picture, sound = pictures.track(), sounds.track() if sounds is not None else None
    if picture is None:
        raise no_video("the file has no video stream")
    return Tracks(picture, sound, span, limits, lead, sound_lead_us)


def picture_stream(demuxer: Demuxer) -> VideoStream | None:
    """The first video stream that is no cover picture and that libav can decode."""
    streams = (s for s in demuxer.container.streams.video if not s.disposition & Disposition.attached_pic)
    return next((s for s in streams if s.codec_context is not None), None)


def sound_stream(demuxer: Demuxer) -> AudioStream | None:
    return next((s for s in demuxer.container.streams.audio if s.codec_context is not None), None)


class _Opening:
    """A file opened for one of its streams, and the bytes that the span takes of it."""

    def __init__(
        self,
        file: MediaFile,
        pick: Callable[[Demuxer], Stream | None],
        span: Span,
        lead: int,
        sound_lead_us: int = 0,
    ) -> None:
        self.file = file
        self.demuxer = Demuxer(file.cache, file.layout)
        self.stream = pick(self.demuxer)
        self.extents: list[Extent] = []
        self._pick = pick
        self._start = self._first = 0
        if self.stream is not None:
            self._look_up(Track(self.demuxer, self.stream), span, lead, sound_lead_us)

    def _look_up(self, track: Track, span: Span, lead: int, sound_lead_us: int) -> None:
        sounds = isinstance(track.stream, AudioStream)
        start = track.tick(_before(span, track, sound_lead_us) if sounds else span.start_us)
        end = track.tick(_behind(span) if sounds else span.end_us)
        self._start = start
        self.extents = track.demuxer.index.extents(track.stream, start, end, lead)

    def leave_out_lead(self) -> None:
        """Begin in the middle of a unit of the file: only where nothing else is read of it."""
        if self.stream is not None and isinstance(self.file.cache, ByteCache):
            self._first = enter(self.demuxer, self.file.cache, self.stream, self.extents, self._start)

    @property
    def wanted(self) -> list[Extent]:
        """What of the extents is to be fetched."""
        return [(max(start, self._first), end) for start, end in self.extents]

    def track(self) -> Track | None:
        """Ready to be read, once the extents are planned."""
        if self.stream is not None:
            self.demuxer.show(self.extents, self._first)
            self.stream = self._pick(self.demuxer)
        if self.stream is None:
            self.demuxer.close()
            return None
        self.demuxer.use(self.stream)
        return Track(self.demuxer, self.stream, _zero(self.file, self.demuxer, self.stream))


def _refuse(stream: Stream | None, limits: Limits) -> None:
    if not isinstance(stream, VideoStream):
        raise no_video("no stream of the file is a video that can be decoded")
    check_size(stream.codec_context.width, stream.codec_context.height, limits)


def _forward(video: MediaFile, demuxer: Demuxer, span: Span, limits: Limits, sound_lead_us: int) -> Tracks:
    """Both streams from one pass over the file: what lies before the span is read, but not kept."""
    demuxer.show([])
    streams = [stream for stream in (picture_stream(demuxer), sound_stream(demuxer)) if stream is not None]
    demuxer.use(*streams)
    picture = Track(demuxer, streams[0], _zero(video, demuxer, streams[0]))
    if len(streams) < 2:
        return Tracks(picture, None, span, limits)
    zero = picture.zero * picture.time_base
    sound = Track(demuxer, streams[1], round(zero / (streams[1].time_base or 1)))
    demuxer.drop_before(streams[1], sound.tick(max(0, span.start_us - sound_lead_us)))
    return Tracks(picture, sound, span, limits, sound_lead_us=sound_lead_us)


def first_picture_s(file: MediaFile) -> Fraction:
    """What the file's clock shows when its first picture does. Raises no_video, and what libav and reading raise."""
    demuxer = Demuxer(file.cache, file.layout)
    stream = picture_stream(demuxer)
    if stream is None:
        raise no_video("the file has no video stream that can be decoded")
    demuxer.show([])
    demuxer.use(stream)
    first_s = _first_keyframe(demuxer, stream) * (stream.time_base or Fraction(1))
    demuxer.close()
    return first_s


def _zero(file: MediaFile, demuxer: Demuxer, stream: Stream) -> int:
    """The tick at time 0: that of the first picture (or sound, in a file of sound) where clocks start anywhere."""
    if file.zero_s is not None:
        return round(file.zero_s / (stream.time_base or 1))
    return _first_keyframe(demuxer, stream) if file.layout.format in _CLOCKS_START_ANYWHERE else 0


def _first_keyframe(demuxer: Demuxer, stream: Stream) -> int:
    seen: list[Packet[Stream]] = []
    for packet in demuxer.packets(stream):
        seen.append(packet)
        if packet.is_keyframe:
            break
    demuxer.push_back(stream, seen)
    return tick_of(seen[-1]) if seen else 0


def _before(span: Span, sound: Track, lead_us: int) -> int:
    """Where to go for the sound: early enough for the decoder to settle, if that costs no group of pictures."""
    return max(0, span.start_us - lead_us) if sound.demuxer.index.finds(sound.stream) else span.start_us


def _behind(span: Span) -> int:
    return span.end_us + _LAST_PICTURE_US
