"""Which machines and egresses the clips came by."""

from collections.abc import Callable, Sequence

from clipset.ledger.tallies import Way
from clipset.progress.text import human_bytes
from clipset.report.charts import percent, ranked
from clipset.report.findings import Findings
from clipset.report.section import Row, Section, Table

_NO_NODE, _NO_EGRESS = "not recorded", "nobody asked"
_COLUMNS = ("clips", "share", "requests", "bytes", "refusals")


def ways(found: Findings) -> Section | None:
    """A line where there is one of each; otherwise a row for each node, each egress, and each egress of a node."""
    if not found.ways:
        return None
    nodes = _together(found.ways, lambda way: way.node or _NO_NODE)
    egresses = _together(found.ways, lambda way: way.egress or _NO_EGRESS)
    whole = sum(way.clips for way in found.ways)
    numbers = {"nodes": len(nodes), "egresses": len(egresses), "refusals": sum(way.refusals for way in found.ways)}
    if len(nodes) == len(egresses) == 1:
        (way,) = found.ways
        counted = (_many(way.clips, "clip", "s"), _many(way.requests, "request", "s"), human_bytes(way.fetched_bytes))
        by = f"one egress ({way.egress or _NO_EGRESS}) of one node ({way.node or _NO_NODE})"
        text = f"All came by {by}: {', '.join(counted)}, {_refused(way)}."
        return Section("ways", "Nodes and egresses", (text,), numbers=numbers)
    rows = [("node", name, "", *_cells(way, whole)) for name, way in nodes.items()]
    rows += [("egress", "", name, *_cells(way, whole)) for name, way in egresses.items()]
    if len(nodes) > 1 and len(egresses) > 1:
        each = sorted(found.ways, key=lambda way: -way.clips)
        rows += [("both", way.node or _NO_NODE, way.egress or _NO_EGRESS, *_cells(way, whole)) for way in each]
    by, named = ("node", nodes) if len(nodes) > 1 else ("egress", egresses)
    bars = [(name, float(way.clips), f"{way.clips:,}") for name, way in named.items()]
    text = f"{whole:,} clips came by {_many(len(egresses), 'egress', 'es')} of {_many(len(nodes), 'node', 's')}."
    title = f"Clips by {by}"
    table = Table(("of", "node", "egress", *_COLUMNS), rows)
    return Section("ways", "Nodes and egresses", (text,), ranked(title, bars, "clips"), table, numbers)


def _together(ways: Sequence[Way], name_of: Callable[[Way], str]) -> dict[str, Way]:
    """Added up by name, most clips first."""
    summed: dict[str, Way] = {}
    for way in ways:
        known = summed.get(name_of(way), Way("", "", 0, 0, 0, 0))
        summed[name_of(way)] = Way("", "", *(a + b for a, b in zip(known[2:], way[2:], strict=True)))
    return dict(sorted(summed.items(), key=lambda item: (-item[1].clips, item[0])))


def _cells(way: Way, whole: int) -> Row:
    return (way.clips, percent(way.clips / whole) if whole else "", way.requests, way.fetched_bytes, way.refusals)


def _refused(way: Way) -> str:
    return "never refused" if not way.refusals else f"refused {_many(way.refusals, 'time', 's')}"


def _many(count: int, name: str, plural: str) -> str:
    return f"{count:,} {name}{plural if count != 1 else ''}"
