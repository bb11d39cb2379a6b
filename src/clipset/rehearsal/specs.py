"""From a video of the scenario and a format's number to the media file that shows it. Pure."""

from fractions import Fraction

from clipset.rehearsal.catalogue import HLS_HEIGHT_PX, HLS_ITAG, ITAGS
from clipset.rehearsal.counter import KEY_BITS, media_key_of
from clipset.rehearsal.media import AudioCodec, Container, Layout, MediaSpec, Picture, Sound, VideoCodec
from clipset.rehearsal.scenario import Hls, Video

_PITCH_SHIFT = KEY_BITS - 3  # eight pitches; small keys, which are given by hand, share one
_HLS = {Hls.TS: Container.HLS_TS, Hls.FMP4: Container.HLS_FMP4}


def key_of(video_id: str, video: Video) -> int:
    """The media key in the video's pictures."""
    return media_key_of(video_id) if video.media_key is None else video.media_key


def itags_of(video: Video) -> tuple[int, ...]:
    """All that the player offers, the playlist included."""
    return video.itags if video.hls is Hls.NONE else (*video.itags, HLS_ITAG)


def media_spec(video_id: str, video: Video, itag: int) -> MediaSpec:
    key, duration_s = key_of(video_id, video), Fraction(str(video.duration_s))
    if itag == HLS_ITAG:
        picture = _picture(VideoCodec.H264, HLS_HEIGHT_PX, key, video)
        return MediaSpec(_HLS[video.hls], duration_s, picture, Sound(AudioCodec.AAC, key >> _PITCH_SHIFT))
    kind = ITAGS[itag]
    return MediaSpec(
        kind.container,
        duration_s,
        _picture(kind.video, kind.height_px, key, video) if kind.video and kind.height_px else None,
        Sound(kind.audio, key >> _PITCH_SHIFT) if kind.audio else None,
        _layout(kind.container, video.layout, progressive=kind.progressive),
    )


def thumbnail_picture(video_id: str, video: Video) -> Picture:
    return _picture(VideoCodec.H264, HLS_HEIGHT_PX, key_of(video_id, video), video)


def _picture(codec: VideoCodec, height_px: int, key: int, video: Video) -> Picture:
    return Picture(codec, height_px // video.shrink // 2 * 2, video.fps, key)


def _layout(container: Container, layout: Layout, *, progressive: bool) -> Layout:
    """Only what the container can have, so that equal files are made once."""
    if container is Container.WEBM:
        return layout
    impossible = Layout.NO_INDEX if progressive else Layout.TAIL
    return Layout.FRONT if layout is impossible else layout
