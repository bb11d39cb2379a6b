"""The sound of a rehearsal video: a quiet tone and a beep at each full second, as samples of one second. Pure."""

from array import array
from math import pi, sin

BEEP_HZ = 1000
BEEP_S = 0.05
_TONE, _BEEP = 0.04, 0.6  # amplitudes of 1


def second_of_sound(rate_hz: int, pitch: int, form: str) -> bytes:
    """One second, mono, as 32-bit floats (`flt`, `fltp`) or 16-bit integers (`s16`); seconds repeat without a click.

    Tones have whole numbers of hertz, so a second ends where it began.
    """
    samples = [_sample(index / rate_hz, 200 + 20 * pitch) for index in range(rate_hz)]
    if form == "s16":
        return array("h", [round(sample * 32767) for sample in samples]).tobytes()
    return array("f", samples).tobytes()


def _sample(time_s: float, tone_hz: int) -> float:
    beep = _BEEP * sin(2 * pi * BEEP_HZ * time_s) if time_s < BEEP_S else 0.0
    return beep + _TONE * sin(2 * pi * tone_hz * time_s)
