"""The forms that the figures have. Each takes plain rows and gives an altair chart.

Names in the rows are hostile text: they go into data and never into a format or an expression.
"""

from collections.abc import Sequence
from typing import Any

from clipset.drawing import libraries
from clipset.progress.text import printable

# Okabe and Ito's palette: told apart by the colour-blind
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#555555", "#BBBBBB")
OTHERS = "others"

_WIDTH_PX, _HEIGHT_PX = 620, 260
_BAR_PX = 17
_RADIUS_PX = 115
_SHOWN_SHARE = 0.04  # narrower neighbours would write over each other
_NAME_LIMIT = 44
_INK = "#222222"


def percent(share: float, places: int = 2) -> str:
    """0.8394 -> '83.94 %'."""
    return f"{share:.{places}%}".replace("%", " %")


def pie(label: str, counts: Sequence[tuple[str, int]], places: int = 2) -> Any:
    """Shares of a whole, largest first, with counts in the legend; what goes beyond the colours becomes `OTHERS`."""
    alt, _ = libraries()
    parts = _fewer([(printable(name, _NAME_LIMIT), count) for name, count in counts if count])
    whole = sum(count for _, count in parts)
    rows = [
        {
            "order": order,
            "part": f"{name}: {count:,} ({percent(count / whole, places)})",
            "count": count,
            "share": percent(count / whole, places),
            "shown": percent(count / whole, places) if count / whole >= _SHOWN_SHARE else "",
        }
        for order, (name, count) in enumerate(parts)
    ]
    legend = alt.Legend(title=None, labelLimit=380, symbolType="square", orient="right", labelFontSize=12)
    domain = [row["part"] for row in rows]
    base = alt.Chart(alt.Data(values=rows)).encode(
        theta=alt.Theta("count:Q", stack=True),
        order=alt.Order("order:Q"),
        tooltip=[alt.Tooltip("part:N", title=" "), alt.Tooltip("count:Q", format=",d"), alt.Tooltip("share:N")],
    )
    slices = base.mark_arc(outerRadius=_RADIUS_PX, stroke="white", strokeWidth=1.5).encode(
        color=alt.Color("part:N", sort=domain, legend=legend, scale=alt.Scale(domain=domain, range=list(COLOURS)))
    )
    texts = base.mark_text(radius=_RADIUS_PX + 26, fontSize=12, color=_INK).encode(text="shown:N")
    chart = alt.layer(slices, texts).properties(
        width=330, height=310, title=alt.Title(f"{label} Class Distribution", subtitle=f"{whole:,} in all")
    )
    return _styled(chart)


def ranked(title: str, rows: Sequence[tuple[str, float, str]], what: str, *, is_share: bool = False) -> Any:
    """Horizontal bars in the order of the rows: (name, length, what to write beside it)."""
    alt, _ = libraries()
    values = [
        {"name": name, "n": length, "said": said}
        for name, (_, length, said) in zip(_told_apart(rows), rows, strict=True)
    ]
    axis = alt.Axis(format="%" if is_share else "~g", tickCount=6)
    most = max([*(row[1] for row in rows), 1e-9]) * 1.22
    x = alt.X("n:Q", title=what, axis=axis, scale=alt.Scale(domain=[0, most], nice=False))
    y = alt.Y("name:N", sort=[row["name"] for row in values], title=None, axis=alt.Axis(labelLimit=260))
    base = alt.Chart(alt.Data(values=values)).encode(x=x, y=y, tooltip=["name:N", alt.Tooltip("said:N", title=what)])
    bars = base.mark_bar(color=COLOURS[0])
    texts = base.mark_text(align="left", dx=4, color=_INK).encode(text="said:N")
    height_px = max(2, len(rows)) * _BAR_PX + 10
    return _styled(alt.layer(bars, texts).properties(width=480, height=height_px, title=title))


def histogram(title: str, bins: Sequence[tuple[float, int]], bin_width: float, what: str, *, clips: int) -> Any:
    """Bars of (start of the bin, count)."""
    alt, _ = libraries()
    rows = [{"from": start, "to": start + bin_width, "n": count} for start, count in bins if count]
    tooltip = [alt.Tooltip("from:Q"), alt.Tooltip("to:Q"), alt.Tooltip("n:Q", title="clips", format=",d")]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(color=COLOURS[0], stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X("from:Q", title=what, bin="binned"),
            x2=alt.X2("to:Q"),
            y=alt.Y("n:Q", title="clips", axis=alt.Axis(format=",d", tickCount=5)),
            tooltip=tooltip,
        )
        .properties(width=_WIDTH_PX, height=_HEIGHT_PX, title=alt.Title(title, subtitle=f"{clips:,} clips"))
    )
    return _styled(chart)


def over_time(title: str, steps: Sequence[tuple[int, float]], bands: Sequence[tuple[int, int]], subtitle: str) -> Any:
    """Clips an hour as steps of (milliseconds since the epoch, clips an hour); bands are cool-downs in milliseconds."""
    alt, _ = libraries()
    rows = [{"at": at_ms, "n": pace} for at_ms, pace in steps]
    begin_ms, end_ms = steps[0][0], steps[-1][0]
    shown = [(max(begin_ms, start_ms), min(end_ms, stop_ms)) for start_ms, stop_ms in bands]
    marks = [{"at": start_ms, "to": stop_ms, "what": "cool-down"} for start_ms, stop_ms in shown if stop_ms > start_ms]
    kinds = ["clips fetched an hour", *(["cool-down"] if marks else [])]
    scale = alt.Scale(domain=kinds, range=list(COLOURS))
    colour = alt.Color(
        "what:N", scale=scale, legend=alt.Legend(title=None, orient="top", symbolOpacity=1, symbolType="square")
    )
    x = alt.X(
        "at:T",
        title="time (UTC)",
        axis=alt.Axis(format="%d %b %H:%M", tickCount=6),
        scale=alt.Scale(type="utc", nice=False),
    )
    pace = (
        alt.Chart(alt.Data(values=rows))
        .transform_calculate(what="'clips fetched an hour'")
        .mark_area(interpolate="step-after", opacity=0.9)
        .encode(
            x=x,
            y=alt.Y("n:Q", title="clips an hour", axis=alt.Axis(tickCount=5)),
            color=colour,
            tooltip=[
                alt.Tooltip("utcyearmonthdatehoursminutes(at):T", title="from"),
                alt.Tooltip("n:Q", format=",.1f"),
            ],
        )
    )
    cooling = alt.Chart(alt.Data(values=marks)).mark_rect(opacity=0.35).encode(x=x, x2=alt.X2("to:T"), color=colour)
    chart = alt.layer(cooling, pace).properties(
        width=_WIDTH_PX, height=_HEIGHT_PX, title=alt.Title(title, subtitle=subtitle)
    )
    return _styled(chart)


def _told_apart(rows: Sequence[tuple[str, float, str]]) -> list[str]:
    """The names as they are shown; those that are the same when cut have a number each."""
    names = [printable(name, _NAME_LIMIT) for name, _, _ in rows]
    return [f"{name} #{at}" if names.count(name) > 1 else name for at, name in enumerate(names, 1)]


def _fewer(parts: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """As many parts as there are colours, largest first."""
    ordered = sorted(parts, key=lambda part: -part[1])
    if len(ordered) <= len(COLOURS):
        return ordered
    kept = ordered[: len(COLOURS) - 1]
    return [*kept, (OTHERS, sum(count for _, count in ordered[len(kept) :]))]


def _styled(chart: Any) -> Any:
    return (
        chart.properties(background="white", padding=12)
        .configure_view(stroke=None)
        .configure_axis(
            gridColor="#E4E4E4", labelColor=_INK, titleColor=_INK, titleFontWeight=400, domainColor="#888888"
        )
        .configure_title(anchor="start", fontSize=15, color=_INK, subtitleFontSize=12, subtitleColor="#444444")
        .configure_legend(labelColor=_INK, titleColor=_INK)
    )
