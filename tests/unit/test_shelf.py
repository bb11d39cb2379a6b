"""The index in memory: it says what the ledger says, also after the ledger went on."""

from dataclasses import replace

import pytest
from test_ledger_jobs import HEADER, Desk, outcome, row

from clipset.ledger import Ledger
from clipset.ledger.browsing import Chosen, clips_of, count_clips, count_failures, failures
from clipset.ledger.shelf import Shelf, Stale
from clipset.reasons import Reason
from clipset.types import Annotation


@pytest.fixture
def desk(tmp_path):
    with Ledger.open(tmp_path / "d") as ledger:
        twice = [Annotation(*row("a")[:3], "val", label) for label in ("running", "cycling")]
        yield Desk(ledger, [row("a"), *twice, row("b"), row("c", label=""), row("d", label="running")])


@pytest.fixture
def shelf(desk, tmp_path):
    with Shelf.make(tmp_path / "d") as made:
        yield made


def agrees(shelf: Shelf, ledger: Ledger) -> bool:
    """Counts by class, by clip and of bytes are those that the ledger counts anew."""
    counted = {
        label: tuple(sum(c.firsts for c in counts if c.state == state) for state in ("wanted", "done", "lost"))
        for label, counts in shelf.counts()
    }
    status = ledger.status(0)
    by_state = [sum(count for (state, _), count in shelf.clips.items() if state == one) for one in ("wanted", "lost")]
    return (
        counted == {label: tuple(counts) for label, *counts in ledger.classes()}
        and by_state == [status.clips.wanted, status.clips.lost]
        and shelf.stored_bytes == status.bytes.stored
        and count_failures(shelf, Chosen()) == sum(status.reasons.values())
    )


def test_it_counts_what_the_ledger_counts(desk, shelf):
    assert agrees(shelf, desk.ledger)
    assert list(shelf.labels) == ["", "cycling", "running"]


def test_what_is_recorded_later_is_taken_over(desk, shelf):
    jobs = desk.jobs()
    desk.record(outcome(jobs[0], None), outcome(jobs[1], Reason.PRIVATE))
    assert not agrees(shelf, desk.ledger)
    assert shelf.refresh()
    assert agrees(shelf, desk.ledger)
    desk.delays[Reason.NETWORK] = [1.0, 1.0]
    desk.record(outcome(jobs[2], Reason.NETWORK))
    shelf.refresh()
    assert agrees(shelf, desk.ledger)
    assert not shelf.refresh()


def test_the_reason_goes_when_the_clip_comes(desk, shelf):
    (job, *_) = desk.jobs()
    desk.delays[Reason.NETWORK] = [0.0]
    desk.record(outcome(job, Reason.NETWORK))
    shelf.refresh()
    assert len(failures(shelf, Chosen(), 0, 9)) == 1
    desk.new_session()
    (job, *_) = desk.jobs()
    desk.record(outcome(job, None))
    shelf.refresh()
    assert failures(shelf, Chosen(), 0, 9) == []
    assert agrees(shelf, desk.ledger)


def test_another_list_makes_it_stale(desk, shelf):
    desk.ledger.load(replace(HEADER, sha256="1" * 64), [row("e")], lambda _: "p")
    with pytest.raises(Stale):
        shelf.refresh()


def test_clips_wanted_again_make_it_stale(desk, shelf, tmp_path):
    (job, *_) = desk.jobs()
    desk.record(outcome(job, Reason.PRIVATE))
    shelf.refresh()
    with Ledger.read(tmp_path / "d") as beside:
        shelf.verify(beside)
        desk.ledger.want_again(["lost"], desk.now_us + 1)
        with pytest.raises(Stale):
            shelf.verify(beside)


CHOSEN = {
    "all of a class": (Chosen("running"), 2),
    "in two splits": (Chosen("cycling"), 2),
    "of a split": (Chosen("running", split="val"), 1),
    "no label": (Chosen(""), 1),
    "done": (Chosen("cycling", state="done"), 1),
    "with a reason": (Chosen("cycling", reason="private"), 1),
    "nothing": (Chosen("cycling", split="nowhere"), 0),
}


@pytest.mark.parametrize(("chosen", "count"), CHOSEN.values(), ids=CHOSEN)
def test_clips_are_chosen_by_what_they_are(desk, shelf, chosen, count):
    jobs = desk.jobs()
    desk.record(outcome(jobs[0], None), outcome(jobs[1], Reason.PRIVATE))
    shelf.refresh()
    cards = clips_of(shelf, chosen, 0, 99)
    assert (count_clips(shelf, chosen), len(cards)) == (count, count)
    assert clips_of(shelf, chosen, count, 99) == []


FAILED = {
    "all, the last first": (Chosen(), ["c", "b"]),
    "a reason": (Chosen(reason="private"), ["b"]),
    "lost": (Chosen(disposition="lost"), ["b"]),
    "to be asked for again": (Chosen(disposition="retry"), ["c"]),
    "a class": (Chosen("cycling"), ["b"]),
    "a class and a split": (Chosen("cycling", split="val"), []),
    "a class and another split": (Chosen("cycling", split="train"), ["b"]),
    "a split": (Chosen(split="train"), ["c", "b"]),
    "a word of the message": (Chosen(text="OF PRIV"), ["b"]),
    "a wildcard that is none": (Chosen(text="raw%of"), []),
    "a class that is none": (Chosen("'; DROP TABLE clip; --"), []),
}


@pytest.mark.parametrize(("chosen", "names"), FAILED.values(), ids=FAILED)
def test_failures_are_chosen_by_what_they_are(desk, shelf, chosen, names):
    desk.delays[Reason.NETWORK] = [9.0]
    jobs = desk.jobs()
    desk.record(outcome(jobs[1], Reason.PRIVATE), outcome(jobs[2], Reason.NETWORK))
    shelf.refresh()
    rows = failures(shelf, chosen, 0, 99)
    assert [one.clip.video_id.rstrip("x") for one in rows] == names
    assert count_failures(shelf, chosen) == len(names)


def test_it_writes_nothing_into_the_dataset_but_what_readers_of_a_ledger_share(desk, tmp_path):
    desk.ledger.close()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    Shelf.make(tmp_path / "d").close()
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    new = {path.name: len(data) for path, data in after.items() if path not in before}
    assert {path: after[path] for path in before} == before
    assert new.keys() <= {"ledger.db-shm", "ledger.db-wal"}
    assert not new.get("ledger.db-wal")
