"""What a plan will cost: time at the permitted rate, bytes to transfer and to keep. Pure."""

from dataclasses import dataclass

from clipset.types import US_PER_S

REFERENCE_STORED_BYTES = round(628.43 * 2**30)
"""What a complete Kinetics-700 took on disk at up to 360p: 628.43 GiB, from the report on a 2019 download."""
REFERENCE_STORED_CLIPS = 643_882
"""The files that those bytes were: 1.05 MB a clip."""
REFERENCE_SPAN_S = 10
"""The length of a Kinetics clip: 31 of the 105,000 spans in the val and test lists of Kinetics-700 are shorter."""
REFERENCE_HEIGHT_PX = 360
STORED_BYTES_PER_S = REFERENCE_STORED_BYTES / REFERENCE_STORED_CLIPS / REFERENCE_SPAN_S
"""105 kB for a second of clip at 360p."""
TRANSFER_SHARE = 1.3
"""Bytes fetched for a byte kept: the index, and the frames from the keyframe before the start.

Ten seconds of 360p sources of 5 to 20 minutes took 1.2 to 1.3 MB by planned ranges; long progressive files take 2 MB.
"""


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked for, by state. Counts of clips and videos; the span is that of the remaining clips."""

    clips: int
    videos: int
    there_clips: int
    lost_clips: int
    remaining_clips: int
    remaining_videos: int
    remaining_span_us: int
    longest_span_us: int


@dataclass(frozen=True, slots=True)
class Conditions:
    """How the run would go. `permits_per_h` is the permitted rate of one egress, None for unlimited."""

    permits_per_h: float | None
    egresses: int
    height_px: int
    jobs: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """The demand and its price. `dataclasses.asdict` gives its JSON.

    `duration_h` is the least time that the permitted rate leaves, None when the rate is unlimited.
    `temporary_bytes` is memory: clips are made there, one for each job, and no source video is ever stored.
    """

    demand: Demand
    duration_h: float | None
    transfer_bytes: int
    disk_bytes: int
    temporary_bytes: int


def forecast(demand: Demand, conditions: Conditions) -> Forecast:
    """The price of the remaining clips.

    Time is remaining videos / (permits an hour x egresses), since a video is resolved once for all its clips. Bytes
    grow with the seconds asked for and, roughly, with the height: from 360p to 240p or 480p that is as near as the
    sources' own differences allow. Raises ValueError for conditions that are not positive.
    """
    rate = 1 if conditions.permits_per_h is None else conditions.permits_per_h
    if min(rate, conditions.egresses, conditions.height_px, conditions.jobs) <= 0:
        raise ValueError("a forecast needs a rate, egresses, a height and jobs above zero")
    disk_bytes = clip_bytes(demand.remaining_span_us, conditions.height_px)
    return Forecast(
        demand=demand,
        duration_h=_duration_h(demand.remaining_videos, conditions),
        transfer_bytes=round(disk_bytes * TRANSFER_SHARE),
        disk_bytes=disk_bytes,
        temporary_bytes=min(conditions.jobs, demand.remaining_clips)
        * clip_bytes(demand.longest_span_us, conditions.height_px),
    )


def clip_bytes(span_us: int, height_px: int) -> int:
    """The expected size of `span_us` of finished clips."""
    return round(STORED_BYTES_PER_S * span_us / US_PER_S * height_px / REFERENCE_HEIGHT_PX)


def _duration_h(videos: int, conditions: Conditions) -> float | None:
    if conditions.permits_per_h is None:
        return None
    return videos / (conditions.permits_per_h * conditions.egresses)
