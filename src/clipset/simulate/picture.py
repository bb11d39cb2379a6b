"""A picture of a world: what was asked, finished and refused over time, beside what would have been possible."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipset.config import UserError
from clipset.drawing import drawn, libraries
from clipset.durable import write_whole
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
    libraries()


def save(path: Path, world: World, results: Mapping[str, Result]) -> None:
    """A panel for each policy. Raises UserError, and ClipsetError for what the disk refuses."""
    write_whole(path, drawn(_chart(world, results), path.suffix.lower()))


def _chart(world: World, results: Mapping[str, Result]) -> Any:
    alt, _ = libraries()
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


@dataclass(frozen=True, slots=True)
class _Time:
    """The horizontal axis: hours in bins, shown as hours or as days."""

    horizon_h: int
    bin_h: int

    @classmethod
    def of(cls, world: World) -> "_Time":
        """A bin spans a window at least, if that is short: an oracle asks at once for all that a window allows."""
        horizon_h = math.ceil(world.horizon_h)
        window_h = min(min(limits.window_s for limits in world.limits) / 3600, horizon_h / _LEAST_BINS)
        return cls(horizon_h, max(math.ceil(horizon_h / _MOST_BINS), math.ceil(window_h)))

    @property
    def is_in_days(self) -> bool:
        return self.horizon_h >= 72

    def at(self, hour: float) -> float:
        return round(hour / 24, 3) if self.is_in_days else hour

    def bins(self, per_hour: Sequence[int]) -> list[tuple[int, int, int]]:
        """First hour, the hour after the last, count."""
        starts = range(0, len(per_hour), self.bin_h)
        ends = (min(start_h + self.bin_h, len(per_hour)) for start_h in starts)
        return [(start_h, end_h, sum(per_hour[start_h:end_h])) for start_h, end_h in zip(starts, ends, strict=True)]

    def paces(self, per_hour: Sequence[int]) -> list[float]:
        return [count / (end_h - start_h) for start_h, end_h, count in self.bins(per_hour)]

    def steps(self, per_hour: Sequence[int], grain_per_h: float) -> list[dict[str, float]]:
        """Counts an hour where they change by more than the grain; the last one is drawn to its end."""
        rows: list[dict[str, float]] = []
        for (start_h, _, _), pace_per_h in zip(self.bins(per_hour), self.paces(per_hour), strict=True):
            shown = round(round(pace_per_h / grain_per_h) * grain_per_h, 1)
            if not rows or rows[-1]["n"] != shown:
                rows.append({"at": self.at(start_h), "n": shown})
        return [*rows, {"at": self.at(len(per_hour)), "n": rows[-1]["n"]}]

    def axis(self, alt: Any, *, is_labelled: bool) -> Any:
        scale = alt.Scale(domain=[0, self.at(self.horizon_h)], nice=False)
        title = ("days" if self.is_in_days else "hours") if is_labelled else None
        return alt.X("at:Q", title=title, scale=scale, axis=alt.Axis(labels=is_labelled, ticks=is_labelled))


def _panel(alt: Any, world: World, policy: str, result: Result, best: Tally) -> Any:
    """Pace above, refusals below, over the same time."""
    time = _Time.of(world)
    done = f"{result.ok:,} videos in {result.hours / 24:.1f} days, {result.share_of_oracle:.0%} of what is possible"
    refusals = f"{result.refused:,} refused, {result.cool_downs:,} cool-downs"
    title = alt.Title(f"{world.name}, policy {policy}", subtitle=f"{done}; {refusals}")
    return alt.vconcat(
        _pace(alt, time, result, best).properties(width=_WIDTH_PX, height=_PACE_PX, title=title),
        _refusals(alt, time, result).properties(width=_WIDTH_PX, height=_REFUSED_PX),
        spacing=8,
    )


def _pace(alt: Any, time: _Time, result: Result, best: Tally) -> Any:
    series = {_OK: result.ok_by_hour, _ASKED: result.asked_by_hour, _POSSIBLE: best.ok}
    most_per_h = max(1.0, *(max(time.paces(per_hour)) for per_hour in series.values()))
    y = alt.Y("n:Q", title="videos an hour", scale=_room(alt, most_per_h), axis=alt.Axis(tickCount=4))
    line = {"interpolate": "step-after", "strokeWidth": 1.2}

    def layer(name: str) -> Any:
        return _layer(alt, name, time.steps(series[name], most_per_h / (2 * _PACE_PX)))

    return alt.layer(
        layer(_OK).mark_area(interpolate="step-after", opacity=1),
        layer(_ASKED).mark_line(**line),
        layer(_POSSIBLE).mark_line(**line, strokeDash=[5, 3]),
    ).encode(time.axis(alt, is_labelled=False), y, _colour(alt))


def _refusals(alt: Any, time: _Time, result: Result) -> Any:
    rows = [{"at": time.at(hour), "n": count} for hour, _, count in time.bins(result.refused_by_hour) if count]
    most = max([1, *(row["n"] for row in rows)])
    ticks = alt.Axis(values=[0, most], format=",d")
    y = alt.Y("n:Q", title=["refused", f"in {time.bin_h} h"], scale=_room(alt, most), axis=ticks)
    rules = _layer(alt, _REFUSED, rows).mark_rule(strokeWidth=2)
    return rules.encode(time.axis(alt, is_labelled=True), y, alt.Y2(datum=0), _colour(alt))


def _layer(alt: Any, name: str, rows: list[dict[str, float]]) -> Any:
    return alt.Chart(alt.Data(values=rows)).transform_calculate(what=f"'{name}'")


def _colour(alt: Any) -> Any:
    return alt.Color("what:N", scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values())))


def _room(alt: Any, most: float) -> Any:
    """A scale with some room above the highest value."""
    return alt.Scale(domain=[0, most * 1.08], nice=False)
