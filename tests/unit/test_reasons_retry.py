"""The back-off per reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipset.reasons import Disposition, Reason
from clipset.reasons.retry import delay_s


@pytest.mark.parametrize(
    ("reason", "waits_s"),
    [
        (Reason.NETWORK, [2, 15, 600, 3600, 21_600, 86_400, 86_400, None]),
        (Reason.EXPIRED_URL, [2, 60, 3600, 21_600, 86_400, None]),
        (Reason.DAMAGED_MEDIA, [2, None]),
        (Reason.UNAVAILABLE, [None]),
        (Reason.TOO_SHORT, [None]),
        (Reason.ABSENT, [0, 0, 0]),
        (Reason.TOOL_OUTDATED, [3600, 86_400, 86_400]),
        (Reason.THROTTLED, [0, 0]),
    ],
)
def test_a_reason_waits_as_its_ladder_says(reason: Reason, waits_s: list[float | None]) -> None:
    assert [delay_s(reason, tries) for tries in range(1, len(waits_s) + 1)] == waits_s


@given(st.sampled_from(Reason), st.integers(1, 200))
def test_waits_never_shrink_and_a_clip_given_up_stays_given_up(reason: Reason, tries: int) -> None:
    now, later = delay_s(reason, tries), delay_s(reason, tries + 1)
    assert later is None or (now is not None and later >= now)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.disposition is Disposition.RETRY])
def test_what_may_work_later_is_asked_again(reason: Reason) -> None:
    assert delay_s(reason, 1) is not None


@pytest.mark.parametrize(
    "reason", [reason for reason in Reason if reason.disposition in {Disposition.PACE, Disposition.STOP}]
)
def test_what_was_not_about_the_clip_never_loses_it(reason: Reason) -> None:
    assert delay_s(reason, 1000) == 0.0


def test_failures_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="from 1"):
        delay_s(Reason.NETWORK, 0)
