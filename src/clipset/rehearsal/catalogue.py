"""The formats served, under YouTube's own numbers. Pure data."""

from dataclasses import dataclass

from clipset.rehearsal.media import AudioCodec, Container, VideoCodec


@dataclass(frozen=True, slots=True)
class Format:
    """`height_px` is None for sound alone, `audio` None for silent pictures."""

    container: Container
    height_px: int | None
    video: VideoCodec | None
    audio: AudioCodec | None

    @property
    def progressive(self) -> bool:
        return self.video is not None and self.audio is not None


def _mp4(height_px: int) -> Format:
    return Format(Container.MP4, height_px, VideoCodec.H264, None)


def _webm(height_px: int) -> Format:
    return Format(Container.WEBM, height_px, VideoCodec.VP9, None)


ITAGS = {
    18: Format(Container.MP4, 360, VideoCodec.H264, AudioCodec.AAC),
    133: _mp4(240),
    134: _mp4(360),
    135: _mp4(480),
    140: Format(Container.MP4, None, None, AudioCodec.AAC),
    160: _mp4(144),
    242: _webm(240),
    243: _webm(360),
    244: _webm(480),
    251: Format(Container.WEBM, None, None, AudioCodec.OPUS),
    278: _webm(144),
}
HLS_ITAG = 93
HLS_HEIGHT_PX = 360
QUALITY = {144: "tiny", 240: "small", 360: "medium", 480: "large"}
