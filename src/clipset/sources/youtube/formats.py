"""Which renditions to fetch: the cheapest that serve the wanted height with sound, by estimated bytes. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clipset.sources.youtube.rendition import Rendition
from clipset.types import US_PER_S, Precision, Recipe, Span

# Measured on 360p H.264 + AAC: the moov of a 20-minute progressive mp4 has 930 KB, so 45 KB a minute and more.
PROGRESSIVE_INDEX_BYTES_PER_S = 46_500 / 60
# A sidx has 12 bytes a reference and cues have 19, YouTube's fragments are about 5 s long; before them stands a header.
INDEX_BYTES, INDEX_BYTES_PER_S = 1_000, 19 / 5
# A keyframe comes about every 5 s: half of that is read before a clip, on average.
LEAD_S = 2.5
# What is read of a fragment or cluster without being needed, because its bytes can only be told about.
ROUGH_S = 0.5
# What a round trip is worth: 30 ms at 4 Mbit/s.
REQUEST_BYTES = 16 * 1024
# Sizes of one rung of YouTube's ladder differ by rounding and aspect ratio (352, 358, 360); rungs by a third.
_RUNG = 0.9
# Below these the sound suffers more than the bytes are worth; progressive 360p carries AAC at 96 kbit/s.
_ADEQUATE_BPS = {"opus": 56_000.0, "mp4a": 90_000.0}
_UNKNOWN_DURATION_S = 300.0
_GUESSED_360P_BPS, _GUESSED_AUDIO_BPS = 700_000.0, 128_000.0


@dataclass(frozen=True, slots=True)
class Choice:
    """What to fetch. `audio` is None when the sound is in the video's file, is not wanted, or does not exist."""

    video: Rendition
    audio: Rendition | None = None

    @property
    def format_id(self) -> str:
        return self.video.format_id if self.audio is None else f"{self.video.format_id}+{self.audio.format_id}"


def choose(
    available: Iterable[Rendition], spans: Sequence[Span], recipe: Recipe, duration_s: float | None
) -> Choice | None:
    """The cheapest choice of the right height, None when nothing has a picture.

    Right is the largest rung whose smaller side is at most `recipe.max_height_px`, else the smallest above it; a
    rung without any sound counts only if no other has sound. Files come before playlists. `duration_s` is the
    video's, None while unknown.
    """
    length_s = duration_s or _UNKNOWN_DURATION_S
    wanted_s = _merged_s(spans, length_s)
    pool = _usable(available)
    for protocol in ("http", "hls"):
        choices = _choices([item for item in pool if item.protocol == protocol], audio=recipe.audio)
        if protocol == "hls":  # two playlists have no common zero of time
            choices = [item for item in choices if item.audio is None]
        if choices:
            rung = _fit_for(recipe.precision, _rung(choices, recipe.max_height_px))
            return min(rung, key=lambda item: (_cost(item, wanted_s, length_s), item.format_id))
    return None


def estimated_bytes(choice: Choice, spans: Sequence[Span], duration_s: float | None) -> float:
    """Bytes that the wanted spans will take, overheads of requests included."""
    length_s = duration_s or _UNKNOWN_DURATION_S
    return _cost(choice, _merged_s(spans, length_s), length_s)


def _usable(available: Iterable[Rendition]) -> list[Rendition]:
    """Doubtful ones only if nothing else has a picture; wide gamut likewise, because nothing maps its tones."""
    pool = list(available)
    trusted = [item for item in pool if not item.suspect]
    pool = trusted if any(item.has_video for item in trusted) else pool
    plain = [item for item in pool if not (item.has_video and item.high_dynamic_range)]
    return plain if any(item.has_video for item in plain) else pool


def _choices(pool: Sequence[Rendition], *, audio: bool) -> list[Choice]:
    pictures = [item for item in pool if item.has_video]
    if not audio:
        return [Choice(item) for item in pictures]
    tracks = [item for item in pool if not item.has_video]
    silent = [item for item in pictures if not item.has_audio]
    alone = [Choice(item) for item in _in_original(pictures, tracks)]
    pairs = [Choice(video, track) for video in silent for track in _audio_tracks(tracks)]
    return alone + pairs or [Choice(item) for item in pictures]


def _in_original(pictures: Sequence[Rendition], tracks: Sequence[Rendition]) -> list[Rendition]:
    """Files with sound; where dubbed tracks exist, only those known to be in the original language."""
    sounding = [item for item in pictures if item.has_audio]
    ranks = {item.language_rank for item in tracks}
    if len(ranks) > 1:
        return [item for item in sounding if item.language_rank >= max(ranks)]
    return _original(sounding)


def _audio_tracks(tracks: Sequence[Rendition]) -> list[Rendition]:
    """The original language's, without range compression, good enough; the best of the rest if none is."""
    tracks = [item for item in tracks if not item.drc] or list(tracks)
    tracks = _original(tracks)
    adequate = [item for item in tracks if _audio_bps(item) >= _ADEQUATE_BPS.get(item.audio_codec.split(".")[0], 0)]
    return adequate or sorted(tracks, key=_audio_bps)[-1:]


def _original(items: Sequence[Rendition]) -> list[Rendition]:
    best = max((item.language_rank for item in items), default=0)
    return [item for item in items if item.language_rank == best]


def _rung(choices: Sequence[Choice], max_height_px: int) -> list[Choice]:
    below = [item for item in choices if item.video.short_side_px <= max_height_px]
    if below:
        top_px = max(item.video.short_side_px for item in below)
        return [item for item in below if item.video.short_side_px >= top_px * _RUNG]
    bottom_px = min(item.video.short_side_px for item in choices)
    return [item for item in choices if item.video.short_side_px * _RUNG <= bottom_px]


def _fit_for(precision: Precision, rung: list[Choice]) -> list[Choice]:
    """A clip that is copied, wholly or mostly, keeps its codecs, and every reader of mp4 knows H.264 and AAC."""
    if precision is Precision.EXACT:
        return rung
    plain = [item for item in rung if _is_h264_with_aac(item)]
    return plain or rung


def _is_h264_with_aac(choice: Choice) -> bool:
    audio_codec = (choice.audio or choice.video).audio_codec
    return choice.video.video_codec.startswith(("avc1", "h264")) and audio_codec.startswith(("mp4a", "aac", "none"))


def _cost(choice: Choice, wanted_s: Sequence[float], length_s: float) -> float:
    parts = [choice.video] if choice.audio is None else [choice.video, choice.audio]
    return sum(_stream_bytes(part, wanted_s, length_s) for part in parts)


def _stream_bytes(item: Rendition, wanted_s: Sequence[float], length_s: float) -> float:
    progressive = item.has_video and item.has_audio
    extra_s = (LEAD_S if item.has_video else 0) + (0 if progressive else ROUGH_S)
    media_bytes = sum((span_s + extra_s) * _bps(item, length_s) / 8 for span_s in wanted_s)
    index_bytes = _index_bytes(item, length_s)
    whole_bytes = item.size_bytes or _bps(item, length_s) * length_s / 8
    return min(index_bytes + media_bytes, whole_bytes) + REQUEST_BYTES * (2 + len(wanted_s))


def _index_bytes(item: Rendition, length_s: float) -> float:
    """Everything up to the end of the index."""
    if item.has_video and item.has_audio:
        return PROGRESSIVE_INDEX_BYTES_PER_S * length_s
    return item.index_bytes[1] if item.index_bytes is not None else INDEX_BYTES + INDEX_BYTES_PER_S * length_s


def _bps(item: Rendition, length_s: float) -> float:
    if item.bitrate_bps:
        return item.bitrate_bps
    if item.size_bytes:
        return item.size_bytes * 8 / length_s
    if not item.has_video:
        return _GUESSED_AUDIO_BPS
    return _GUESSED_360P_BPS * ((item.short_side_px or 360) / 360) ** 2


def _audio_bps(item: Rendition) -> float:
    return item.bitrate_bps or _GUESSED_AUDIO_BPS


def _merged_s(spans: Sequence[Span], length_s: float) -> list[float]:
    """Lengths of the separate stretches that the spans cover within the video, in seconds."""
    stretches: list[tuple[int, int]] = []
    for span in sorted(spans):
        start_us, end_us = span.start_us, min(span.end_us, int(length_s * US_PER_S))
        if stretches and start_us <= stretches[-1][1]:
            start_us, earlier_end_us = stretches.pop()
            end_us = max(end_us, earlier_end_us)
        if start_us < end_us:
            stretches.append((start_us, end_us))
    return [(end_us - start_us) / US_PER_S for start_us, end_us in stretches]
