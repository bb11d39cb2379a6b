"""What a plan will cost."""

import json
from dataclasses import asdict, replace

import pytest

from clipset.plan import Conditions, Demand, forecast

S = 1_000_000
REFERENCE = Demand(
    clips=643_882,
    videos=640_000,
    there_clips=0,
    lost_clips=0,
    remaining_clips=643_882,
    remaining_videos=640_000,
    remaining_span_us=6_438_820 * S,
    longest_span_us=10 * S,
)
GUEST = Conditions(permits_per_h=300, egresses=1, height_px=360, jobs=8)


def test_the_reference_run_needs_the_disk_that_it_needed() -> None:
    assert forecast(REFERENCE, GUEST).disk_bytes / 2**30 == pytest.approx(628.43, abs=0.01)


def test_the_time_is_that_of_one_resolve_a_video() -> None:
    assert forecast(REFERENCE, GUEST).duration_h == pytest.approx(640_000 / 300)


def test_egresses_share_the_time() -> None:
    assert forecast(REFERENCE, replace(GUEST, egresses=4)).duration_h == pytest.approx(640_000 / 300 / 4)


def test_an_unlimited_rate_leaves_the_time_open() -> None:
    assert forecast(REFERENCE, replace(GUEST, permits_per_h=None)).duration_h is None


def test_a_ten_second_clip_is_about_a_megabyte() -> None:
    one = replace(REFERENCE, remaining_clips=1, remaining_videos=1, remaining_span_us=10 * S)
    price = forecast(one, GUEST)
    assert 1_000_000 < price.disk_bytes < 1_100_000
    assert price.disk_bytes < price.transfer_bytes < 1_500_000


def test_bytes_grow_with_the_span_and_the_height() -> None:
    price = forecast(REFERENCE, GUEST).disk_bytes
    half = replace(REFERENCE, remaining_span_us=REFERENCE.remaining_span_us // 2)
    assert forecast(half, GUEST).disk_bytes == pytest.approx(price / 2)
    assert forecast(REFERENCE, replace(GUEST, height_px=720)).disk_bytes == pytest.approx(price * 2)


def test_temporary_space_is_one_clip_a_job_in_memory() -> None:
    price = forecast(REFERENCE, GUEST)
    assert price.temporary_bytes == pytest.approx(8 * price.disk_bytes / 643_882, rel=1e-4)
    assert forecast(replace(REFERENCE, remaining_clips=2), GUEST).temporary_bytes == price.temporary_bytes // 4


def test_nothing_left_costs_nothing() -> None:
    done = replace(REFERENCE, there_clips=643_882, remaining_clips=0, remaining_videos=0, remaining_span_us=0)
    price = forecast(done, GUEST)
    assert (price.duration_h, price.transfer_bytes, price.disk_bytes, price.temporary_bytes) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "change", [{"permits_per_h": 0}, {"permits_per_h": -1}, {"egresses": 0}, {"height_px": 0}, {"jobs": 0}]
)
def test_conditions_that_make_no_sense_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="above zero"):
        forecast(REFERENCE, replace(GUEST, **change))


def test_a_forecast_is_json() -> None:
    assert json.loads(json.dumps(asdict(forecast(REFERENCE, GUEST))))["demand"]["clips"] == 643_882
