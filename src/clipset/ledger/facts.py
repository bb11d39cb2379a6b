"""What the finished clips are like: histograms of what verification found in them."""

from collections import Counter
from dataclasses import dataclass, field

from clipset.ledger.reader import LedgerReader
from clipset.types import US_PER_S

_TENTH_US = US_PER_S // 10
_FIELD_BITS, _FIELD_MAX = 16, 0xFFFF
# Width, height, duration and frame rate as one number, which SQLite groups twice as fast as rows of several.
# Durations: `DurationBin`. Frame rates: hundredths, rounded.
_PICTURES = f"""
SELECT (min(width_px, {_FIELD_MAX // 2}) << {3 * _FIELD_BITS}) | (min(height_px, {_FIELD_MAX}) << {2 * _FIELD_BITS})
       | (min((duration_us + {_TENTH_US}) / {US_PER_S} * 2
              + ((duration_us + {_TENTH_US}) % {US_PER_S} > {2 * _TENTH_US}), {_FIELD_MAX}) << {_FIELD_BITS})
       | min((fps_numerator * 200 + fps_denominator) / (fps_denominator * 2), {_FIELD_MAX}) AS packed,
       count(*)
FROM stored GROUP BY packed
"""  # noqa: S608 - constants of this module
_CODECS = """
SELECT video_codec, audio_codec, count(*), sum(duration_us), sum(frames), sum(size_bytes) FROM stored
GROUP BY video_codec, audio_codec
"""
_SOURCES = """
SELECT attempt.source, count(*) FROM clip CROSS JOIN attempt ON attempt.key = clip.attempt_key
WHERE clip.state = 'done' GROUP BY attempt.source
"""
DurationBin = int
"""2k is k seconds within a tenth, 2k + 1 what lies between k and k + 1 seconds."""


@dataclass(slots=True)
class ClipFacts:
    """Counters of clips. A resolution is (width, height) in pixels; a rate is in hundredths of a frame a second; no
    sound is ''.
    """

    clips: int = 0
    duration_us: int = 0
    frames: int = 0
    size_bytes: int = 0
    resolutions: Counter[tuple[int, int]] = field(default_factory=Counter)
    frame_rates: Counter[int] = field(default_factory=Counter)
    durations: Counter[DurationBin] = field(default_factory=Counter)
    video_codecs: Counter[str] = field(default_factory=Counter)
    audio_codecs: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)


def clip_facts(ledger: LedgerReader) -> ClipFacts:
    """Three passes: over the pictures, over the codecs, and over where the clips came from."""
    found = ClipFacts()
    for packed, clips in ledger.select(_PICTURES):
        width_px, height_px, duration, rate = _parts(packed)
        found.resolutions[width_px, height_px] += clips
        found.durations[duration] += clips
        found.frame_rates[rate] += clips
    for video_codec, audio_codec, clips, duration_us, frames, size_bytes in ledger.select(_CODECS):
        found.video_codecs[video_codec] += clips
        found.audio_codecs[audio_codec or ""] += clips
        found.clips += clips
        found.duration_us += duration_us
        found.frames += frames
        found.size_bytes += size_bytes
    found.sources.update(dict(ledger.select(_SOURCES)))
    return found


def _parts(packed: int) -> tuple[int, ...]:
    return tuple(packed >> shift & _FIELD_MAX for shift in (3 * _FIELD_BITS, 2 * _FIELD_BITS, _FIELD_BITS, 0))
