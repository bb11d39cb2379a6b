"""The cache of a file's bytes: what it gives is the file's, and no byte is fetched twice."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipset.media import cache as cache_module
from clipset.media.cache import READ_BYTES_MAX, ByteCache, Endless
from clipset.media.rangefile import RangeFile

FILE = random.Random(4).randbytes(300_000)


class Source:
    def __init__(self, data=FILE, tells_size=True):
        self.data = data
        self.fetched = []
        self._tells_size = tells_size

    def __call__(self, start, end):
        self.fetched.append((start, end))
        return self.data[start:end], len(self.data) if self._tells_size else None


def cached(source, **more):
    return ByteCache(source, None, more.get("most", 1 << 40))


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["get", "read", "plan"]), st.integers(0, 310_000), st.integers(1, 150_000)), max_size=12
)


@given(OPERATIONS, st.booleans())
def test_it_gives_the_files_bytes_and_fetches_none_twice(operations, tells_size):
    source = Source(tells_size=tells_size)
    cache = cached(source)
    for kind, start, length in operations:
        if kind == "get":
            assert cache.get(start, start + length) == FILE[start : start + length]
        elif kind == "plan":
            cache.plan([(start, start + length)])
        else:
            data = cache.read(start, length)
            assert data == FILE[start : start + len(data)]
            assert data or start >= len(FILE)
    inside = sorted((start, min(end, len(FILE))) for start, end in source.fetched if start < len(FILE))
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(inside))


def test_covered_bytes_are_shown_in_place_of_the_files_until_the_next_cover_and_never_fetched():
    source = Source()
    cache = cached(source)
    cache.cover(1000, b"x" * 500)
    assert cache.read(1200, 1000) == b"x" * 300
    cache.get(0, 950)
    assert cache.read(900, 1000) == FILE[900:950]
    cache.plan([(1500, 9000)])
    cache.read(1500, 1)
    assert source.fetched[-1] == (1500, 9000)  # it is not begun earlier, though the gap is small
    cache.cover(0, b"")
    assert cache.read(1200, 10) == FILE[1200:1210]


def test_behind_a_plan_that_was_too_short_little_is_fetched_then_ever_more():
    source = Source()
    cache = cached(source)
    cache.plan([(0, 100_000)])
    for start in (0, 100_000, 100_000 + 16 * 1024):
        cache.read(start, 1)
    assert [end - start for start, end in source.fetched] == [100_000, 16 * 1024, 32 * 1024]


def test_a_read_inside_a_plan_fetches_the_plan_in_one_request():
    source = Source()
    cache = cached(source)
    cache.plan([(50_000, 200_000)])
    cache.read(60_000, 100)
    assert source.fetched == [(50_000, 200_000)]


def test_a_small_gap_before_a_plan_is_fetched_with_it():
    source = Source()
    cache = cached(source)
    cache.get(0, 8_000)
    cache.plan([(20_000, 200_000)])
    cache.read(20_000, 100)
    assert source.fetched[-1] == (8_000, 200_000)


def test_reading_on_without_a_plan_fetches_ever_larger_pieces():
    source = Source(bytes(40_000_000))
    cache = cached(source)
    position = 0
    while position < 30_000_000:
        position += len(cache.read(position, 1 << 20))
    sizes = [end - start for start, end in source.fetched]
    assert sizes == sorted(sizes)
    assert sizes[-1] == READ_BYTES_MAX
    assert len(sizes) < 12


def test_no_request_is_longer_than_the_limit():
    source = Source(bytes(25_000_000))
    cache = cached(source)
    assert len(cache.get(0, 25_000_000)) == 25_000_000
    assert max(end - start for start, end in source.fetched) == READ_BYTES_MAX


def test_memory_is_bounded_but_what_is_pinned_stays(monkeypatch):
    monkeypatch.setattr(cache_module, "HELD_BYTES_MAX", 100_000)
    source = Source()
    cache = cached(source)
    cache.get(0, 10_000, pin=True)
    for start in range(10_000, 300_000, 50_000):
        cache.get(start, start + 50_000)
    assert cache.missing(0, 10_000) == []
    assert cache.missing(10_000, 60_000) == [(10_000, 60_000)]


def test_more_bytes_than_allowed_is_endless():
    cache = cached(Source(), most=100_000)
    with pytest.raises(Endless):
        [cache.get(start, start + 50_000) for start in range(0, 300_000, 50_000)]


def test_what_is_not_visible_is_the_files_end():
    file = RangeFile(cached(Source()))
    file.visible = ((0, 100), (200, 250))
    assert len(file.read(1000)) == 100
    assert file.read(1000) == b""
    assert file.seek(240) == 240
    assert file.read(1000) == FILE[240:250]


def test_the_end_of_a_file_of_unknown_size_cannot_be_sought():
    file = RangeFile(cached(Source(tells_size=False)))
    assert file.seek(-1, 2) == -1
    file.end = 1000
    assert file.seek(-1, 2) == 999
