"""Asking again on purpose, and reading the raw texts anew."""

import pytest
from test_ledger_jobs import NOW_US, Desk, S, outcome, row

from clipset.ledger import Ledger
from clipset.reasons import Reason
from clipset.types import Attempt, Failure, Outcome, Stage

HOUR_US = 3600 * S


@pytest.fixture
def desk(tmp_path):
    with Ledger.open(tmp_path / "data") as ledger:
        yield Desk(ledger, [row("a"), row("b"), row("c"), row("d")])


def fail(desk: Desk, *reasons: Reason | None) -> None:
    for job, reason in zip(desk.jobs(len(reasons)), reasons, strict=True):
        desk.record(outcome(job, reason))


def say(desk: Desk, *texts: tuple[Reason, str], status: int | None = None, stage: Stage = Stage.RESOLVE) -> None:
    """Each job fails with a reason and a raw text."""
    for job, (reason, text) in zip(desk.jobs(len(texts)), texts, strict=True):
        failure = Failure(reason, text, stage, status)
        desk.record(Outcome(job, (Attempt(job.wanted[0].clip, failure, "youtube"),)))


def reasons_of(desk: Desk) -> list[tuple[str, str | None]]:
    return list(desk.ledger.select("SELECT state, reason FROM clip ORDER BY key"))


def test_what_was_given_up_is_wanted_again_by_reason(desk):
    fail(desk, Reason.PRIVATE, Reason.NETWORK, Reason.COPYRIGHT, None)
    assert desk.ledger.want_again({"lost", "wanted"}, NOW_US, [Reason.PRIVATE]) == {"private": 1}
    desk.new_session()
    assert desk.names() == ["a"]
    assert desk.clips == (1, 1, 2)


def test_what_is_put_off_is_wanted_at_once(desk):
    desk.delays[Reason.PREMIERE] = [86_400]
    fail(desk, Reason.PREMIERE)
    desk.new_session()
    assert desk.names() == ["b", "c", "d"]
    desk.ledger.want_again({"lost", "wanted"}, NOW_US, [Reason.PREMIERE])
    desk.new_session()
    assert desk.names() == ["a", "b", "c", "d"]


def test_only_what_was_asked_long_enough_ago_is_asked_again(desk):
    fail(desk, Reason.PRIVATE)
    desk.now_us += HOUR_US
    fail(desk, Reason.PRIVATE)
    assert desk.ledger.want_again({"lost"}, desk.now_us - HOUR_US).total() == 1
    assert [state for state, _ in reasons_of(desk)] == ["wanted", "lost", "wanted", "wanted"]
    assert desk.ledger.want_again({"lost"}, desk.now_us).total() == 1


def test_done_clips_and_other_plans_are_left_alone(desk):
    fail(desk, None, Reason.PRIVATE)
    assert desk.ledger.want_again({"lost", "wanted"}, NOW_US, plan_ids=[desk.plan + 1]).total() == 0
    assert desk.ledger.want_again({"lost", "wanted", "done"}, NOW_US).total() == 1


def test_tries_begin_anew(desk):
    desk.delays[Reason.NETWORK] = [60, 120]
    for _ in range(3):
        fail(desk, Reason.NETWORK)
        desk.now_us += HOUR_US
        desk.new_session()
    assert reasons_of(desk)[0] == ("lost", "network")
    desk.ledger.want_again({"lost"}, desk.now_us)
    fail(desk, Reason.NETWORK)
    assert reasons_of(desk)[0] == ("wanted", "network")
    assert list(desk.ledger.select("SELECT not_before_us FROM clip WHERE key = 1")) == [(desk.now_us + 60 * S,)]


def test_what_came_back_is_counted(desk):
    fail(desk, Reason.PRIVATE, Reason.COPYRIGHT, None)
    desk.new_session()
    desk.ledger.want_again({"lost"}, NOW_US)
    fail(desk, None, Reason.COPYRIGHT, None)
    assert desk.ledger.came_back(desk.session) == 1


READINGS = {
    "unknown becomes lost": (Reason.UNKNOWN, Reason.PRIVATE, "lost"),
    "unknown becomes another wait": (Reason.UNKNOWN, Reason.LIVE, "wanted"),
    "lost becomes another loss": (Reason.UNAVAILABLE, Reason.COPYRIGHT, "lost"),
    "a throttle that was taken for a loss": (Reason.UNAVAILABLE, Reason.THROTTLED, "wanted"),
    "nothing certain": (Reason.UNAVAILABLE, None, "lost"),
    "the same again": (Reason.UNAVAILABLE, Reason.UNAVAILABLE, "lost"),
}


@pytest.mark.parametrize("case", READINGS)
def test_a_raw_text_is_read_anew(desk, case):
    before, read, state = READINGS[case]
    desk.delays[Reason.UNKNOWN] = [60]
    say(desk, (before, "as it came"))
    expected = read or before
    foreseen = desk.ledger.changes({"as it came": read}.get)
    assert [(change.before, change.reason) for change in foreseen] == [(before, read)] * (expected is not before)
    assert reasons_of(desk)[0][1] == before
    assert desk.ledger.reclassify({"as it came": read}.get) == foreseen
    assert reasons_of(desk)[0] == (state, expected.value)
    desk.new_session()
    assert ("a" in desk.names()) == (state == "wanted" and expected is not before)


@pytest.mark.parametrize("how", [{"status": 404}, {"stage": Stage.TRIM}])
def test_what_was_not_concluded_from_words_is_not_read_again(desk, how):
    say(desk, (Reason.SERVER_ERROR, "as it came"), **how)
    assert desk.ledger.reclassify(lambda text: Reason.PRIVATE) == []


def test_texts_that_no_row_fits_are_listed_with_the_most_frequent_first(desk):
    texts = ["new", "newer", "newer", "newest"]
    say(desk, *((Reason.UNKNOWN if text != "newest" else Reason.PRIVATE, text) for text in texts))
    found = desk.ledger.unmatched()
    assert [(text, count) for text, count, _ in found] == [("newer", 2), ("new", 1)]
    assert found[1][2] == "a".ljust(11, "x")
