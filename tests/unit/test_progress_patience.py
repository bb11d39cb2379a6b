"""What is said while something is computed that cannot be asked how far it is."""

import io

import pytest
from rich.console import Console

from clipset.progress.patience import Patience
from clipset.types import US_PER_S


class Clock:
    now_s = 1000.0

    def now_us(self) -> int:
        return round(self.now_s * US_PER_S)

    def wait(self, seconds, stop):
        raise AssertionError("nothing waits")


@pytest.fixture
def clock():
    return Clock()


def test_a_pipe_gets_a_line_for_what_takes_long_and_not_more_than_one_in_ten_seconds(clock):
    out = io.StringIO()
    with Patience(clock, Console(file=out, width=80)) as patience:
        patience.doing("the first", 1.5)
        for number, at_s in enumerate((0, 5, 9, 11)):
            clock.now_s = 1000 + at_s
            patience.doing(f"part {number}", 70)
    assert out.getvalue() == "part 0 · about 1 min 10 s left\npart 3 · about 1 min 10 s left\n"


@pytest.mark.parametrize(
    ("at_s", "left_s", "line"),
    [
        (1.9, 60, ""),
        (2, 0, "sums …"),
        (2, 60, "sums · about 58 s left"),
        (59, 60, "sums · about 1 s left"),
        (75, 60, "sums · a little longer"),
    ],
)
def test_a_terminal_is_told_after_two_seconds_and_the_time_left_runs_down(at_s, left_s, line, clock):
    with Patience(clock, Console(file=io.StringIO(), force_terminal=True, width=80)) as patience:
        patience.doing("sums", left_s)
        clock.now_s += at_s
        assert patience._line().plain == line


def test_a_terminal_is_left_as_it_was(clock):
    out = io.StringIO()
    with Patience(clock, Console(file=out, force_terminal=True, width=80)) as patience:
        patience.doing("sums", 60)
        clock.now_s += 10
    assert out.getvalue().endswith("\x1b[1A\x1b[2K")
