"""Numbers and hostile text as people read them."""

from datetime import UTC, datetime

from clipset.types import US_PER_S

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def human_bytes(size_bytes: float) -> str:
    """1536 -> '1.5 KiB'."""
    unit = 0
    while abs(size_bytes) >= 1024 and unit < len(_UNITS) - 1:
        size_bytes /= 1024
        unit += 1
    return f"{size_bytes:.0f} {_UNITS[unit]}" if unit == 0 else f"{size_bytes:.1f} {_UNITS[unit]}"


def human_duration(seconds: float) -> str:
    """90 -> '1 min 30 s', 7,800,000 -> '90 d 6 h'. Two units at most."""
    rest = round(seconds)
    parts: list[str] = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if rest >= size or (unit == "s" and not parts):
            parts.append(f"{rest // size} {unit}")
            rest %= size
    return " ".join(parts[:2])


def wall_clock(time_us: int, now_us: int) -> str:
    """Local wall-clock time of an instant: the day too where it is not today."""
    at, now = (datetime.fromtimestamp(us / US_PER_S, UTC).astimezone() for us in (time_us, now_us))
    return at.strftime("%H:%M:%S" if at.date() == now.date() else "%a %d %b %H:%M")


def printable(text: str, limit: int = 160) -> str:
    """One line without control characters: labels and messages are hostile text and may hold escape sequences."""
    flat = "".join(char if char.isprintable() else " " for char in text)
    flat = " ".join(flat.split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"
