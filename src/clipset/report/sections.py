"""What the report says, part by part: sentences, a figure and a table for each question."""

from collections.abc import Callable

from clipset.report import byte_sections, count_sections, time_sections, way_sections
from clipset.report.availability import availability
from clipset.report.findings import Findings
from clipset.report.section import Section

_PARTS: tuple[Callable[[Findings], Section | None], ...] = (
    count_sections.downloaded,
    count_sections.splits,
    time_sections.durations,
    time_sections.estimates,
    time_sections.dominating,
    count_sections.failures,
    time_sections.sessions,
    byte_sections.disk,
    count_sections.classes,
    time_sections.pace,
    byte_sections.transfer,
    way_sections.ways,
    byte_sections.sources,
    byte_sections.pictures,
    byte_sections.rates,
    byte_sections.lengths,
    availability,
)


def sections(found: Findings) -> list[Section]:
    """Those that the findings have something for, in the order of the page."""
    return [section for part in _PARTS if (section := part(found)) is not None]
