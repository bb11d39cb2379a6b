"""The peak of temporary space is the most that was on disk at one moment, by whoever put it there."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from clipset.space import TemporarySpace


@given(st.lists(st.tuples(st.integers(0, 3), st.none() | st.integers(0, 10**9))))
def test_the_peak_is_the_greatest_sum_of_what_was_held_together(steps):
    """A step is a file that grows, or, without a size, one that goes."""
    space = TemporarySpace()
    holdings, held_bytes, peak_bytes = [space.hold() for _ in range(4)], [0] * 4, 0
    for number, size_bytes in steps:
        if size_bytes is None:
            holdings[number].release()
            held_bytes[number] = 0
        else:
            holdings[number].grow(size_bytes)
            held_bytes[number] += size_bytes
        peak_bytes = max(peak_bytes, sum(held_bytes))
        assert space.peak_bytes == peak_bytes


def test_threads_lose_no_byte():
    space, together = TemporarySpace(), threading.Barrier(4)

    def work():
        holding = space.hold()
        together.wait()
        for _ in range(2_000):
            holding.grow(1)
        together.wait()
        holding.release()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert space.peak_bytes == 8_000
    space.hold().grow(1)
    assert space.peak_bytes == 8_000
