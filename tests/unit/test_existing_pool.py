"""The same work on many files: all of it is done once, a few at a time, and whoever stops leaves nothing running."""

import threading

import pytest

from clipset.existing.pool import each


class Idle:
    """A trimmer that notes that it was closed."""

    def __init__(self, made: list["Idle"]) -> None:
        self.closed = False
        made.append(self)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def made():
    """All trimmers, each of them closed in the end and no thread left."""
    trimmers: list[Idle] = []
    yield trimmers
    assert all(trimmer.closed for trimmer in trimmers)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("clipset-")]


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_item_is_worked_on_once_and_no_more_than_a_few_ahead(made, jobs):
    asked, taken = [], 0

    def items():
        for number in range(40):
            assert len(asked) - taken <= 2 * jobs
            asked.append(number)
            yield number

    results = []
    for result in each(items(), lambda item, trimmer: item * 2, lambda stop: Idle(made), jobs):
        taken += 1
        results.append(result)
    assert sorted(results) == [number * 2 for number in range(40)]
    assert 1 <= len(made) <= jobs


def test_what_a_worker_raises_is_raised_here_and_ends_the_others(made):
    def work(item, trimmer):
        if item == 5:
            raise KeyError(item)
        return item

    with pytest.raises(KeyError):
        list(each(range(100), work, lambda stop: Idle(made), 3))


def test_whoever_stops_asking_ends_what_is_in_hand(made):
    begun, stops = threading.Event(), []

    def make(stop):
        stops.append(stop)
        return Idle(made)

    def work(item, trimmer):
        if item == 0:
            return item
        begun.set()
        assert stops[0].wait(20)  # as a media child's call does
        return item

    results = each(range(100), work, make, 2)
    assert next(results) == 0
    assert begun.wait(20)
    results.close()


def test_nothing_to_do_starts_nothing(made):
    assert list(each([], lambda item, trimmer: item, lambda stop: Idle(made), 2)) == []
    assert made == []
