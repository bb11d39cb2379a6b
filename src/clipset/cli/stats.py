"""`clipset stats`: what the finished clips are like, as histograms."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.bar import Bar
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clipset.annotations.archive import replacing
from clipset.cli.outcome import Exit
from clipset.durable import plain_os_errors
from clipset.ledger import Ledger
from clipset.ledger.facts import ClipFacts, DurationBin, clip_facts
from clipset.ledger.tables import one_line
from clipset.progress.text import human_bytes, human_duration, printable
from clipset.types import US_PER_S

_SHOWN_VALUES, _SHOWN_DURATIONS = 12, 24
_BAR_CELLS = 30
_LONG_BINS = (  # seconds up to which whole seconds are not told apart any more
    (20, ""),
    (30, "20-30 s"),
    (60, "30-60 s"),
    (300, "1-5 min"),
    (1 << 62, "5 min and more"),
)


@dataclass(frozen=True, slots=True)
class Histogram:
    """`bars` are values with their clips: in the values' own order where they have one, else the most first."""

    name: str
    bars: dict[str, int]
    most: int = _SHOWN_VALUES  # bars on the terminal; the other values are counted together


def print_stats(directory: Path, *, table: Path | None, as_json: bool) -> Exit:
    """Raises LedgerError, ClipsetError."""
    with Ledger.read(directory) as ledger:
        facts = clip_facts(ledger)
    histograms = list(_histograms(facts))
    if table is not None:
        _write(histograms, facts.clips, table)
    if as_json:
        print(json.dumps(_totals(facts) | {histogram.name: histogram.bars for histogram in histograms}))
    else:
        _print(histograms, facts)
    return Exit.OK


def _histograms(facts: ClipFacts) -> Iterator[Histogram]:
    sizes = {f"{width}x{height}": count for (width, height), count in facts.resolutions.most_common()}
    yield Histogram("resolutions", sizes)
    rates = {f"{rate / 100:g}": count for rate, count in sorted(facts.frame_rates.items())}
    yield Histogram("frame_rates", rates)
    yield Histogram("durations", _durations(facts.durations), _SHOWN_DURATIONS)
    yield Histogram("video_codecs", dict(facts.video_codecs.most_common()))
    yield Histogram("audio_codecs", {name or "none": count for name, count in facts.audio_codecs.most_common()})
    yield Histogram("sources", dict(facts.sources.most_common()))


def _durations(found: Counter[DurationBin]) -> dict[str, int]:
    bars: Counter[str] = Counter()
    for number, count in sorted(found.items()):
        bars[duration_text(number)] += count
    return dict(bars)


def duration_text(number: DurationBin) -> str:
    """10 s (within a tenth), 9-10 s; from 20 s on coarser."""
    second, is_between = divmod(number, 2)
    coarse = next(text for end_s, text in _LONG_BINS if second < end_s)
    return coarse or (f"{second}-{second + 1} s" if is_between else f"{second} s")


def _totals(facts: ClipFacts) -> dict[str, object]:
    return {
        "clips": facts.clips,
        "duration_s": facts.duration_us / US_PER_S,
        "frames": facts.frames,
        "bytes": facts.size_bytes,
    }


def _print(histograms: list[Histogram], facts: ClipFacts) -> None:
    console = Console(highlight=False)
    length = human_duration(facts.duration_us / US_PER_S)
    size = human_bytes(facts.size_bytes)
    console.print(Text(f"{facts.clips:,} clips, {length}, {facts.frames:,} frames, {size}"))
    for histogram in histograms:
        if histogram.bars:
            console.print()
            console.print(_shown(histogram, facts.clips))


def _shown(histogram: Histogram, clips: int) -> Table:
    """The values that most clips have, and the others together."""
    kept = dict(Counter(histogram.bars).most_common(histogram.most))
    rows = [(value, count) for value, count in histogram.bars.items() if value in kept]
    table = Table(box=None, pad_edge=False)
    table.add_column(histogram.name.replace("_", " "), justify="right", min_width=14)
    for heading in ("clips", "share"):
        table.add_column(heading, justify="right")
    table.add_column()
    for value, count in rows:
        bar = Bar(max(kept.values()), 0, count, width=_BAR_CELLS)
        table.add_row(Text(printable(value, 40)), f"{count:,}", f"{100 * count / clips:.1f} %", bar)
    if others := len(histogram.bars) - len(kept):
        count = clips - sum(kept.values())
        table.add_row(f"{others:,} others", f"{count:,}", f"{100 * count / clips:.1f} %")
    return table


def _write(histograms: list[Histogram], clips: int, path: Path) -> None:
    with plain_os_errors(path), replacing(path) as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["what", "value", "clips", "share"])
        for histogram in histograms:
            for value, count in histogram.bars.items():
                rows.writerow([histogram.name, one_line(value), count, f"{count / clips:.6f}"])
