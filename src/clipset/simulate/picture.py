"""A picture of a world: what was asked, finished and refused over time, beside what would have been possible."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from clipset.config import UserError
from clipset.durable import plain_os_errors, sync_folder
from clipset.simulate.oracle import oracle
from clipset.simulate.result import Result, Tally
from clipset.simulate.world import World

SUFFIXES = (".svg", ".png", ".html")

_MOST_BINS, _LEAST_BINS = 168, 14
_WIDTH_PX, _PACE_PX, _REFUSED_PX = 640, 150, 50
_OK, _ASKED, _POSSIBLE, _REFUSED = "finished", "asked for", "possible (oracle)", "refused"
# of Okabe and Ito's palette: told apart by the colour-blind, and of different lightness in print
_COLOURS = {_OK: "#A6D5F0", _ASKED: "#0072B2", _POSSIBLE: "#000000", _REFUSED: "#D55E00"}


def check(path: Path) -> None:
    """To be asked before anything is simulated: form, directory and libraries are there. Raises UserError."""
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"--picture {path}: the name ends in {', '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise UserError(f"--picture {path}: there is no directory {path.parent}")
    _libraries()


def save(path: Path, world: World, results: Mapping[str, Result]) -> None:
    """A panel for each policy. Raises UserError, and ClipsetError for what the disk refuses."""
    content = _drawn(_chart(world, results), path.suffix.lower())
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with plain_os_errors(path):
        try:
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(path.parent)


def _libraries() -> tuple[Any, Any]:
    try:
        import altair as alt  # noqa: PLC0415 - an extra
        import vl_convert  # noqa: PLC0415
    except ImportError:
        raise UserError("pictures need altair and vl-convert: pip install 'clipset[report]'") from None
    return alt, vl_convert


def _drawn(chart: Any, suffix: str) -> bytes:
    _, vl_convert = _libraries()
    match suffix:
        case ".svg":
            return str(vl_convert.vegalite_to_svg(chart.to_dict())).encode()
        case ".png":
            return bytes(vl_convert.vegalite_to_png(chart.to_dict(), scale=2))
    return str(vl_convert.vegalite_to_html(chart.to_dict(), bundle=True)).encode()


def _chart(world: World, results: Mapping[str, Result]) -> Any:
    alt, _ = _libraries()
    best = Tally(max(1, math.ceil(world.horizon_h)))
    oracle(world, best)
    panels = [_panel(alt, world, policy, result, best) for policy, result in results.items()]
    return (
        alt.vconcat(*panels, background="white", spacing=24)
        .configure_view(stroke="#888888")
        .configure_axis(grid=True, gridColor="#E4E4E4", labelColor="#222222", titleColor="#222222", titleFontWeight=400)
        .configure_title(anchor="start", fontSize=14, subtitleFontSize=11, subtitleColor="#444444")
        .configure_legend(orient="top", title=None, symbolType="stroke", symbolStrokeWidth=3, labelColor="#222222")
    )


def _panel(alt: Any, world: World, policy: str, result: Result, best: Tally) -> Any:
    """Pace above, refusals below, over the same time."""
    bin_h = _bin_h(world)
    unit_h, unit = (24, "days") if world.horizon_h >= 72 else (1, "hours")
    span = alt.Scale(domain=[0, world.horizon_h / unit_h], nice=False)
    above, below = (alt.X("at:Q", title=title, scale=span) for title in (None, unit))
    pace = alt.Y("n:Q", title="videos an hour", axis=alt.Axis(tickCount=4))
    refused = alt.Y("n:Q", title=["refused", f"in {bin_h} h"], axis=alt.Axis(tickCount=2, tickMinStep=1, format="~s"))
    colour = alt.Color("what:N", scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values())))

    def layer(name: str, rows: list[dict[str, float]]) -> Any:
        return alt.Chart(alt.Data(values=rows)).transform_calculate(what=f"'{name}'")

    def stepped(name: str, per_hour: Sequence[int]) -> Any:
        return layer(name, _steps(_bins(per_hour, bin_h), unit_h))

    line = {"interpolate": "step-after", "strokeWidth": 1.2}
    upper = alt.layer(
        stepped(_OK, result.ok_by_hour).mark_area(interpolate="step-after", opacity=1).encode(above, pace, colour),
        stepped(_ASKED, result.asked_by_hour).mark_line(**line).encode(above, pace, colour),
        stepped(_POSSIBLE, best.ok).mark_line(**line, strokeDash=[5, 3]).encode(above, pace, colour),
    )
    counts = [{"at": _at(hour, unit_h), "n": count} for hour, _, count in _bins(result.refused_by_hour, bin_h) if count]
    lower = layer(_REFUSED, counts).mark_rule(strokeWidth=2).encode(below, refused, alt.Y2(datum=0), colour)
    return alt.vconcat(
        upper.properties(width=_WIDTH_PX, height=_PACE_PX, title=_title(alt, world, policy, result)),
        lower.properties(width=_WIDTH_PX, height=_REFUSED_PX),
        spacing=8,
    )


def _title(alt: Any, world: World, policy: str, result: Result) -> Any:
    done = f"{result.ok:,} videos in {result.hours / 24:.1f} days, {result.share_of_oracle:.0%} of what is possible"
    refusals = f"{result.refused:,} refused, {result.cool_downs:,} cool-downs"
    return alt.Title(f"{world.name}, policy {policy}", subtitle=f"{done}; {refusals}")


def _bin_h(world: World) -> int:
    """Whole hours; a window at least, if it is short, since an oracle asks at once for all that a window allows."""
    window_h = min(limits.window_s for limits in world.limits) / 3600
    return max(math.ceil(world.horizon_h / _MOST_BINS), math.ceil(min(window_h, world.horizon_h / _LEAST_BINS)))


def _bins(per_hour: Sequence[int], bin_h: int) -> Iterator[tuple[int, int, int]]:
    """First hour, hour after the last, count."""
    for start_h in range(0, len(per_hour), bin_h):
        counts = per_hour[start_h : start_h + bin_h]
        yield start_h, start_h + len(counts), sum(counts)


def _steps(bins: Iterator[tuple[int, int, int]], unit_h: int) -> list[dict[str, float]]:
    """Counts as counts an hour; the last one is drawn to its end."""
    rows: list[dict[str, float]] = []
    for start_h, end_h, count in bins:
        per_h = round(count / (end_h - start_h), 1)
        rows.append({"at": _at(start_h, unit_h), "n": per_h})
    return [*rows, {"at": _at(end_h, unit_h), "n": per_h}]


def _at(hour: int, unit_h: int) -> float:
    return round(hour / unit_h, 3)
