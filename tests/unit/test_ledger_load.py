"""Lists into the ledger: what is taken over, what collapses, what is refused."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import pytest

from clipset.ledger import Ahead, Folder, Ledger, PlanHeader
from clipset.types import Annotation, Attempt, BadRow, Facts, Outcome, Stored

S = 1_000_000
NOW_US = 1_795_359_845 * S
FACTS = Facts(640, 360, Fraction(25), 250, 10 * S, "h264", "aac", "18")


def row(name: str, start_s: int = 0, label: str | None = "riding a bike", split: str | None = "train") -> Annotation:
    return Annotation(name.ljust(11, "x"), start_s * S, (start_s + 10) * S, split, label)


def path_of(annotation: Annotation) -> str:
    parts = [part.replace(" ", "_") for part in (annotation.split, annotation.label) if part]
    return "/".join([*parts, f"{annotation.clip.id}.mp4"])


def header(name: str = "list", dataset: str = "kinetics400") -> PlanHeader:
    return PlanHeader(f"{name}.csv", name.ljust(64, "0"), "{}", "exact-h360", dataset)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "dataset") as opened:
        yield opened


def finish_everything(ledger: Ledger, plan_id: int) -> None:
    session = ledger.start_session(NOW_US, "{}", "{}")
    for job in ledger.next_jobs([plan_id], NOW_US, 1_000, (), session):
        made = (Attempt(want.clip, Stored(want.paths[0], 1, "0", FACTS), "youtube") for want in job.wanted)
        ledger.record(Outcome(job, tuple(made)), session, NOW_US, lambda _reason, _tries: None)


def test_a_summary_counts_rows_clips_and_videos(ledger: Ledger) -> None:
    rows = [row("a"), row("a", 20), row("b"), row("b", label="cycling"), row("a"), BadRow(7, "x,,", "no start")]
    summary = ledger.load(header(), rows, path_of)
    assert (summary.rows, summary.bad_rows, summary.duplicates) == (6, 1, 1)
    assert (summary.clips, summary.videos) == (3, 2)
    assert (summary.wanted, summary.done, summary.lost, summary.wanted_videos) == (3, 0, 0, 2)
    assert summary.wanted_us == 30 * S
    assert summary.first_bad == (BadRow(7, "x,,", "no start"),)


def test_a_clip_that_two_annotations_name_has_two_paths_in_the_order_of_the_list(ledger: Ledger) -> None:
    plan = ledger.load(header(), [row("a", label="cycling"), row("a", label="biking")], path_of).plan_id
    (job,) = ledger.next_jobs([plan], NOW_US, 9, (), ledger.start_session(NOW_US, "{}", "{}"))
    (wanted,) = job.wanted
    assert wanted.paths == tuple(f"train/{label}/{wanted.clip.id}.mp4" for label in ("cycling", "biking"))


def test_two_datasets_that_say_the_same_share_one_path(ledger: Ledger) -> None:
    ledger.load(header("one"), [row("a")], path_of)
    plan = ledger.load(header("two", "kinetics600"), [row("a")], path_of).plan_id
    (job,) = ledger.next_jobs([plan], NOW_US, 9, (), ledger.start_session(NOW_US, "{}", "{}"))
    assert len(job.wanted[0].paths) == 1


def test_a_list_that_is_known_is_not_read_again(ledger: Ledger) -> None:
    first = ledger.load(header(), [row("a"), row("b")], path_of)

    def never() -> Iterator[Annotation]:
        raise AssertionError
        yield

    assert ledger.find_plan(header()) == first.plan_id
    assert ledger.load(header(), never(), path_of) == first


@pytest.mark.parametrize(
    "other",
    [
        PlanHeader("list.csv", "1" * 64, "{}", "exact-h360", "kinetics400"),
        PlanHeader("list.csv", "list".ljust(64, "0"), '{"limit": 1}', "exact-h360", "kinetics400"),
        PlanHeader("list.csv", "list".ljust(64, "0"), "{}", "exact-h360", "kinetics600"),
    ],
)
def test_another_content_selection_or_dataset_is_another_plan(ledger: Ledger, other: PlanHeader) -> None:
    ledger.load(header(), [row("a")], path_of)
    assert ledger.find_plan(other) is None


def test_a_later_list_keeps_the_state_of_clips_that_are_there(ledger: Ledger) -> None:
    finish_everything(ledger, ledger.load(header("one"), [row("a"), row("b")], path_of).plan_id)
    summary = ledger.load(header("two"), [row("c"), row("b")], path_of)
    assert (summary.clips, summary.done, summary.wanted, summary.duplicates) == (2, 1, 1, 0)


def test_a_later_list_that_names_a_finished_clip_anew_asks_for_a_link_until_it_is_made(ledger: Ledger) -> None:
    finish_everything(ledger, ledger.load(header("one"), [row("a"), row("b")], path_of).plan_id)
    rows = [row("a"), row("a", label="cycling"), row("c", label="cycling")]
    plan = ledger.load(header("two", "kinetics600"), rows, path_of).plan_id
    old, new = path_of(rows[0]), path_of(rows[1])
    assert list(ledger.unlinked(plan)) == [(old, new)]
    ledger.mark_linked([new])
    assert list(ledger.unlinked(plan)) == []


def test_annotations_without_split_or_label_are_taken_once(ledger: Ledger) -> None:
    rows = [row("a", label=None, split=None)] * 2
    summary = ledger.load(header(), rows, path_of)
    assert (summary.clips, summary.duplicates) == (1, 1)


def test_bad_rows_are_kept_beside_the_clips(ledger: Ledger) -> None:
    assert ledger.load(header(), [row("a"), BadRow(2, "", "no id")], path_of).bad_rows == 1


def test_an_error_in_the_middle_of_a_list_leaves_no_trace_and_the_ledger_usable(ledger: Ledger) -> None:
    def broken() -> Iterator[Annotation]:
        yield from (row(f"v{number}") for number in range(12_000))
        raise OSError("the archive is cut off")

    with pytest.raises(OSError, match="cut off"):
        ledger.load(header(), broken(), path_of)
    assert ledger.status(NOW_US).clips.wanted == 0
    assert ledger.load(header(), [row("a")], path_of).clips == 1


def test_the_folders_of_the_layout_are_remembered_with_the_list(ledger: Ledger) -> None:
    decided: list[Folder] = []

    def layout(annotation: Annotation) -> str:
        decided.append(Folder("label", annotation.label or "", "Riding_A_Bike~1f"))
        return path_of(annotation)

    ledger.load(header(), [row("a")], layout, lambda: decided)
    assert ledger.folders() == [Folder("label", "riding a bike", "Riding_A_Bike~1f")]


def test_hostile_texts_go_in_and_come_out(ledger: Ledger, tmp_path: Path) -> None:
    label = "'); DROP TABLE clip; -- \0 \ud800 \N{PILE OF POO} 'x\""
    extra = (("is_cc", "1"), ("note\udc80", "\0"))
    bad = BadRow(3, "\udcff" + "x" * 1_000_000, "not an id: \ud800")
    ledger.load(
        header(), [row("a", label=label)._replace(extra=extra), bad, row("b")], lambda _row: "train/x\udc80.mp4"
    )
    with closing(sqlite3.connect(tmp_path / "dataset" / ".clipset" / "ledger.db")) as database:
        (stored_extra,) = database.execute("SELECT extra FROM annotation WHERE extra <> ''").fetchone()
        (stored_label,) = database.execute("SELECT label FROM annotation WHERE extra <> ''").fetchone()
        (bad_length,) = database.execute("SELECT length(text) FROM bad_row").fetchone()
    assert json.loads(stored_extra) == [list(pair) for pair in extra]
    assert stored_label == label.replace("\ud800", "\\ud800")
    assert bad_length < 20_000


def test_looking_ahead_knows_what_is_there_and_writes_nothing(ledger: Ledger, tmp_path: Path) -> None:
    finish_everything(ledger, ledger.load(header("one"), [row("a")], path_of).plan_id)
    with Ahead(tmp_path / "dataset") as ahead:
        ahead.add([row("a"), row("b")])
        ((found,), totals) = ahead.count()
    assert (found.done, found.wanted, totals.wanted) == (1, 1, 1)
    assert ledger.find_plan(header("two")) is None


def test_looking_ahead_needs_no_dataset(tmp_path: Path) -> None:
    with Ahead(tmp_path / "nothing") as ahead:
        ahead.add([row("a")])
        assert ahead.count()[1].wanted == 1
    assert not (tmp_path / "nothing").exists()


def test_every_row_that_a_key_names_is_there_after_a_load(ledger: Ledger, tmp_path: Path) -> None:
    """A load runs without foreign key checks."""
    ledger.load(header("one"), [row("a"), row("b")], path_of)
    ledger.load(header("two", "kinetics600"), [row("b"), row("c"), BadRow(3, "", "no id")], path_of)
    with closing(sqlite3.connect(tmp_path / "dataset" / ".clipset" / "ledger.db")) as database:
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
