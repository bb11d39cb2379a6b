"""A ledger made anew: what is salvaged, what the tables add, and that an interruption costs nothing."""

import random
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from benches import FACTS, S, ScriptedTrimmer, clip, failure

from clipset.clock import SystemClock
from clipset.existing.rebuild import rebuild
from clipset.existing.watching import Verdict
from clipset.ledger import (
    EgressRow,
    Ledger,
    LedgerCorrupt,
    LedgerHeld,
    LedgerIntact,
    LedgerVersion,
    PlanHeader,
    Rebuilding,
)
from clipset.ledger.database import connect_writer, transaction, unchecked
from clipset.ledger.salvage import damage, salvage
from clipset.reasons import Reason
from clipset.reasons.retry import delay_s
from clipset.sinks.folders import FolderSink
from clipset.throttle.state import EgressState
from clipset.types import Annotation, Attempt, ClipsetError, Cost, Outcome, Stored, VideoJob, Wanted

CLIPS = [clip(f"video{number:06d}") for number in range(12)]
LOST = CLIPS[9:]
AT_US = 1_700_000_000 * S


def data_of(one) -> bytes:
    return f"clipset {one.id} exact-h360".encode() + bytes(4) + one.video_id.encode()


def path_of(row: Annotation) -> str:
    return f"val/juggling/{row.clip.id}.mp4"


@pytest.fixture
def dataset(tmp_path) -> Path:
    """Nine clips done in two sessions, three lost, one bad row."""
    rows = [Annotation(one.video_id, one.span.start_us, one.span.end_us, "val", "juggling") for one in CLIPS]
    with Ledger.open(tmp_path) as ledger:
        ledger.load(PlanHeader("list.csv", "0" * 64, "{}", "exact-h360", "list"), rows, path_of)
        ledger.set_meta("recipe_id", "exact-h360")
        for number, part in enumerate((CLIPS[:5], CLIPS[5:])):
            session = ledger.start_session(AT_US + number, '{"clipset": "1"}', "{}")
            for one in part:
                ledger.record(outcome(tmp_path, one), session, AT_US + number * S, delay_s)
            ledger.stop_session(session, AT_US + (number + 1) * S, "interrupt")
        ledger.write_tables()
    return tmp_path


def outcome(directory: Path, one) -> Outcome:
    place = Wanted(one, (f"val/juggling/{one.id}.mp4",))
    result = failure(Reason.PRIVATE, "Private video")
    if one not in LOST:
        FolderSink(directory).put(place.paths[0], data_of(one))
        result = Stored(place.paths[0], len(data_of(one)), "0" * 64, FACTS)
    cost = Cost(1.25, 0.5, 1.75, 1000, 3)
    return Outcome(VideoJob(one.video_id, (place,)), (Attempt(one, result, "youtube", "direct", cost),))


class MarkTrimmer(ScriptedTrimmer):
    """Takes a file for its clip if it is the one that `data_of` makes; notes which were looked at."""

    def __init__(self, seen: list[str]) -> None:
        super().__init__()
        self._seen = seen

    def inspect(self, data, one):
        self._seen.append(one.id)
        if data.read(0, data.size_bytes) != data_of(one):
            raise ClipsetError(failure(Reason.DAMAGED_MEDIA))
        return FACTS


class Watching:
    """Interrupts with the n-th finding."""

    def __init__(self, interrupt_at: int = 0) -> None:
        self.left = interrupt_at
        self.files = 0

    def begin(self, files: int) -> None:
        self.files = files

    def found(self, finding) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def rebuilt(directory: Path, seen: list[str], interrupt_at: int = 0, *, force: bool = False):
    with Rebuilding.begin(directory, force=force) as ledger:
        makers = lambda recipe: lambda stop: MarkTrimmer(seen)  # noqa: E731
        return rebuild(directory, ledger, makers, 2, Watching(interrupt_at), SystemClock())


def tables(directory: Path) -> list[str]:
    return [(directory / name).read_text() for name in ("stats.csv", "failed.csv")]


@pytest.mark.parametrize("interrupt_at", [1, 5, 9])
def test_interrupted_anywhere_it_goes_on_and_verifies_no_clip_twice_that_it_has(dataset, interrupt_at):
    before = tables(dataset)
    (dataset / ".clipset" / "ledger.db").unlink()
    first, second = [], []
    with pytest.raises(KeyboardInterrupt):
        rebuilt(dataset, first, interrupt_at)
    with pytest.raises(LedgerCorrupt):
        Ledger.read(dataset)
    report = rebuilt(dataset, second)
    assert report.verdicts == {Verdict.VERIFIED: 9}
    assert len(second) == 9 - interrupt_at
    assert tables(dataset) == before


def test_what_was_interrupted_begins_anew_when_the_tables_have_changed_since(dataset):
    (dataset / ".clipset" / "ledger.db").unlink()
    with pytest.raises(KeyboardInterrupt):
        rebuilt(dataset, [], 5)
    with (dataset / "failed.csv").open("a") as table:
        table.write("\n")
    seen = []
    rebuilt(dataset, seen)
    assert len(seen) == 9


def test_from_the_tables_alone_come_sessions_costs_and_reasons(dataset):
    before = tables(dataset)
    (dataset / ".clipset" / "ledger.db").unlink()
    report = rebuilt(dataset, [])
    assert (report.kept, report.salvaged, report.recipe_id) == (None, {}, "exact-h360")
    assert tables(dataset) == before
    with Ledger.read(dataset) as ledger:
        found = ledger.status(AT_US)
    assert (found.clips.done, found.clips.lost, found.clips.wanted) == (9, 3, 0)
    assert found.reasons == {"private": 3}
    assert [(session.done, session.stopped_by) for session in found.sessions] == [(5, "unknown"), (4, "unknown")]
    assert found.bytes.fetched == 9 * 1000


def test_without_any_table_the_clips_themselves_are_enough(dataset):
    for name in ("stats.csv", "failed.csv", ".clipset/ledger.db"):
        (dataset / name).unlink()
    rebuilt(dataset, [])
    with Ledger.read(dataset) as ledger:
        found = ledger.status(AT_US)
        assert ledger.get_meta("recipe_id") == "exact-h360"
    assert (found.clips.done, found.clips.lost) == (9, 0)
    assert "juggling,val,disk" in (dataset / "stats.csv").read_text()


def test_a_list_that_is_read_again_takes_the_place_of_what_was_guessed(dataset):
    (dataset / ".clipset" / "ledger.db").unlink()
    rebuilt(dataset, [])
    rows = [Annotation(one.video_id, one.span.start_us, one.span.end_us, "val", "Juggling!") for one in CLIPS]
    with Ledger.open(dataset) as ledger:
        plan = ledger.load(PlanHeader("list.csv", "0" * 64, "{}", "exact-h360", "list"), rows, path_of)
        assert (plan.done, plan.lost, plan.wanted) == (9, 3, 0)
        assert list(ledger.unlinked(plan.plan_id)) == []
        assert list(ledger.select("SELECT DISTINCT label FROM annotation")) == [("Juggling!",)]


def test_a_whole_ledger_made_anew_by_force_is_the_same(dataset):
    with closing(sqlite3.connect(dataset / ".clipset" / "ledger.db")) as database:
        before = sorted(line for line in database.iterdump() if line.startswith("INSERT") and '"meta"' not in line)
    with pytest.raises(LedgerIntact):
        Rebuilding.begin(dataset)
    rebuilt(dataset, [], force=True)
    with closing(sqlite3.connect(dataset / ".clipset" / "ledger.db")) as database:
        after = sorted(line for line in database.iterdump() if line.startswith("INSERT") and '"meta"' not in line)
    shas = [line for line in after if line not in before]
    assert all(line.startswith('INSERT INTO "stored"') for line in shas)  # the scripted ones were no true digests
    assert len(after) == len(before)


def test_while_another_process_writes_nothing_is_rebuilt(dataset):
    with Ledger.open(dataset), pytest.raises(LedgerHeld):
        Rebuilding.begin(dataset, force=True)


def test_an_emptied_ledger_is_not_taken_for_a_new_one(dataset):
    (dataset / ".clipset" / "ledger.db").write_bytes(b"")
    for opener in (Ledger.open, Ledger.read):
        with pytest.raises(LedgerCorrupt, match=f"run clipset rebuild {dataset}"):
            opener(dataset)


@contextmanager
def new_ledger(folder: Path):
    with closing(connect_writer(folder / "new.db")) as connection, unchecked(connection), transaction(connection):
        yield connection


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_overwritten_salvaging_takes_rows_that_were_there_and_leaves_the_file_alone(dataset, seed):
    ledger = dataset / ".clipset" / "ledger.db"
    with closing(sqlite3.connect(ledger)) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        known = {name: set(database.execute(f"SELECT * FROM {name}")) for name in names}  # noqa: S608
    chance, data = random.Random(seed), bytearray(ledger.read_bytes())
    for _ in range(chance.choice([1, 3])):
        page = chance.randrange(len(data) // 8192) * 8192
        data[page : page + 8192] = chance.choice([bytes(8192), b"\xff" * 8192, chance.randbytes(8192)])
    ledger.write_bytes(data[: chance.choice([len(data), len(data) // 2])])
    assert damage(ledger) is not None or bytes(data) == ledger.read_bytes()
    before = ledger.read_bytes()
    with new_ledger(dataset) as connection:
        found = salvage(ledger, dataset / "work", connection)
        for name in names:
            rows = set(connection.execute(f"SELECT * FROM {name}"))  # noqa: S608
            assert rows <= known[name]
            assert found.rows[name] == len(rows)
            assert not found.is_whole or rows == known[name]
    assert ledger.read_bytes() == before
    assert not (dataset / "work").exists()


def test_an_egress_whose_state_is_garbage_is_forgotten_and_the_others_are_not(dataset):
    with Ledger.open(dataset) as ledger:
        ledger.save_egress(EgressRow("direct", AT_US, 300.0, EgressState(not_before_us=AT_US).to_json()))
        ledger.save_egress(EgressRow("proxy", None, 300.0, '{"not_before_us": "soon"}'))
    rebuilt(dataset, [], force=True)
    with Ledger.read(dataset) as ledger:
        assert [row.name for row in ledger.egresses()] == ["direct"]


def test_a_plan_of_which_clips_may_be_missing_is_forgotten_so_that_its_list_is_read_again(dataset):
    header = PlanHeader("list.csv", "0" * 64, "{}", "exact-h360", "list")
    rows = [Annotation(one.video_id, one.span.start_us, one.span.end_us, "val", "juggling") for one in CLIPS]
    rows.append(Annotation("nevertried0", 0, 10 * S, "val", "juggling"))
    ledger_file = dataset / ".clipset" / "ledger.db"
    with closing(sqlite3.connect(ledger_file)) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'member'").fetchone()
    with ledger_file.open("r+b") as file:
        file.seek((page - 1) * 8192)
        file.write(b"\xff" * 8192)
    rebuilt(dataset, [])
    with Ledger.open(dataset) as ledger:
        assert ledger.find_plan(header) is None
        plan = ledger.load(header, rows, path_of)
        assert (plan.clips, plan.done, plan.lost, plan.wanted) == (13, 9, 3, 1)


def test_a_table_that_is_damaged_in_the_middle_is_read_from_both_ends(tmp_path):
    rows = [Annotation(f"video{number:06d}", 0, 10 * S, "val", "juggling") for number in range(3000)]
    with Ledger.open(tmp_path) as ledger:
        ledger.load(PlanHeader("list.csv", "0" * 64, "{}", "exact-h360", "list"), rows, path_of)
    file = tmp_path / ".clipset" / "ledger.db"
    data = file.read_bytes()
    middle = data.index(b"video001500") // 8192 * 8192
    file.write_bytes(data[:middle] + b"\xff" * 8192 + data[middle + 8192 :])
    with new_ledger(tmp_path) as connection:
        found = salvage(file, tmp_path / "work", connection)
        (first, last) = connection.execute("SELECT min(id), max(id) FROM video").fetchone()
    assert (first, last, found.is_whole) == ("video000000", "video002999", False)
    assert 2000 < found.rows["video"] < 3000


@pytest.mark.parametrize(
    ("version", "force", "error"), [(99, False, LedgerVersion), (99, True, LedgerVersion), (1, False, LedgerIntact)]
)
def test_a_ledger_of_another_version_is_refused_if_newer_and_judged_by_its_state_if_older(
    dataset, version, force, error
):
    with closing(sqlite3.connect(dataset / ".clipset" / "ledger.db")) as database:
        database.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(error):
        Rebuilding.begin(dataset, force=force)
