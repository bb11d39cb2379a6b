"""Opening a ledger: one writer, any number of readers, damage, other versions, disks that say no."""

import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from clipset.ledger import Ledger, LedgerCorrupt, LedgerHeld, LedgerMissing, LedgerReader, LedgerVersion, PlanHeader
from clipset.ledger.database import migrations, statements
from clipset.ledger.merging import Merging
from clipset.ledger.tables import write_stats
from clipset.reasons import Reason
from clipset.types import Annotation, ClipsetError

HEADER = PlanHeader("list.csv", "0" * 64, "{}", "exact-h360", "kinetics400")


def fill(ledger: Ledger, count: int = 10, sha256: str = "0" * 64) -> None:
    rows = (Annotation(f"{number:011d}", 0, 10_000_000, "train", "cycling") for number in range(count))
    header = PlanHeader("list.csv", sha256, "{}", "exact-h360", "kinetics400")
    ledger.load(header, rows, lambda row: f"{row.clip.id}.mp4")


def wanted(reader: LedgerReader) -> int:
    return reader.status(0).clips.wanted


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data" / "kinetics"


def test_what_was_written_is_there_when_opened_again(directory: Path) -> None:
    with Ledger.open(directory) as ledger:
        fill(ledger)
    with Ledger.open(directory) as ledger:
        assert wanted(ledger) == 10
        assert ledger.find_plan(HEADER) is not None


def test_after_closing_only_the_ledger_and_its_lock_lie_there(directory: Path) -> None:
    with Ledger.open(directory) as ledger:
        fill(ledger)
    assert sorted(path.name for path in (directory / ".clipset").iterdir()) == ["ledger.db", "lock"]


def test_the_second_writer_is_told_who_holds_the_ledger(directory: Path) -> None:
    with Ledger.open(directory):
        signature = json.loads((directory / ".clipset" / "lock").read_text())
        with pytest.raises(LedgerHeld, match=rf"process {os.getpid()} on .* since 2\d\d\d-") as caught:
            Ledger.open(directory)
    assert f"on {signature['host']} since {signature['started_at']}" in caught.value.holder
    Ledger.open(directory).close()


def test_a_second_writer_in_another_process_is_refused_too(directory: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from clipset.ledger import Ledger, LedgerHeld\n"
        "try: Ledger.open(Path(sys.argv[1]))\n"
        "except LedgerHeld as held: sys.exit(42)"
    )
    with Ledger.open(directory):
        assert subprocess.run([sys.executable, "-c", script, str(directory)], check=False).returncode == 42


def test_the_lock_of_a_killed_writer_is_free_even_if_its_child_lives_on(directory: Path) -> None:
    ready, tell = os.pipe()
    writer = os.fork()
    if writer == 0:
        held = Ledger.open(directory)
        if os.fork() == 0:
            os.write(tell, b"%d" % os.getpid())
            signal.pause()
        signal.pause()
        held.close()
    child = int(os.read(ready, 20))
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    try:
        Ledger.open(directory).close()
    finally:
        os.kill(child, signal.SIGKILL)
        os.close(ready)
        os.close(tell)


def test_a_reader_sees_what_is_recorded_while_the_writer_works(directory: Path) -> None:
    with Ledger.open(directory) as ledger:
        fill(ledger)
        with Ledger.read(directory) as reader:
            assert wanted(reader) == 10
            fill(ledger, 20, "1" * 64)
            assert wanted(reader) == 20


def test_a_reader_in_the_middle_of_a_load_sees_the_state_before_it(directory: Path) -> None:
    seen = []

    def rows() -> Iterator[Annotation]:
        for number in range(12_000):
            if number % 5_000 == 4_999:
                with Ledger.read(directory) as reader:
                    seen.append(wanted(reader))
            yield Annotation(f"{number:011d}", 0, 10_000_000, "train", "cycling")

    with Ledger.open(directory) as ledger:
        ledger.load(HEADER, rows(), lambda row: f"{row.clip.id}.mp4")
        assert wanted(ledger) == 12_000
    assert seen == [0, 0]


def test_a_writer_can_write_while_a_reader_streams(directory: Path) -> None:
    with Ledger.open(directory) as ledger, Ledger.read(directory) as reader:
        fill(ledger)
        rows = reader.select("SELECT key FROM clip")
        next(rows)
        fill(ledger, 20, "1" * 64)
        assert sum(1 for _ in rows) == 9


def test_reading_what_is_no_dataset_says_so_and_creates_nothing(directory: Path) -> None:
    with pytest.raises(LedgerMissing, match="is no clipset dataset yet"):
        Ledger.read(directory)
    assert not directory.parent.exists()


def test_a_reader_cannot_write(directory: Path) -> None:
    with Ledger.open(directory) as ledger:
        fill(ledger)
    with Ledger.read(directory) as reader, pytest.raises(ClipsetError) as caught:
        list(reader.select("DELETE FROM clip"))
    assert caught.value.failure.reason is Reason.NO_PERMISSION


def test_discarding_a_new_dataset_leaves_nothing(directory: Path, tmp_path: Path) -> None:
    ledger = Ledger.open(directory)
    fill(ledger)
    ledger.discard()
    assert list(tmp_path.iterdir()) == []


def test_discarding_a_new_ledger_leaves_the_folder_and_the_files_that_were_there(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "notes.txt").write_text("mine")
    Ledger.open(directory).discard()
    assert [path.name for path in directory.iterdir()] == ["notes.txt"]


def test_discarding_a_ledger_that_was_there_keeps_it(directory: Path) -> None:
    with Ledger.open(directory) as ledger:
        fill(ledger)
    Ledger.open(directory).discard()
    with Ledger.read(directory) as reader:
        assert wanted(reader) == 10


def overwrite_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"<!DOCTYPE html>" * 100)


def overwrite_middle(path: Path) -> None:
    size_bytes = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * (size_bytes - 8192))


def cut_off(path: Path) -> None:
    os.truncate(path, 8192 + 100)


@pytest.mark.parametrize("damage", [overwrite_header, overwrite_middle, cut_off])
@pytest.mark.parametrize("opener", [Ledger.open, Ledger.read])
def test_a_damaged_ledger_is_named_as_such(
    directory: Path, damage: Callable[[Path], None], opener: Callable[[Path], LedgerReader]
) -> None:
    with Ledger.open(directory) as ledger:
        fill(ledger, 500)
    damage(directory / ".clipset" / "ledger.db")

    def use() -> None:
        with opener(directory) as opened:
            wanted(opened)
            write_stats(opened, directory / "stats.csv")

    with pytest.raises(LedgerCorrupt, match=r"ledger.db is damaged .*; the clips are not"):
        use()
    assert (directory / ".clipset" / "ledger.db").exists()
    assert not (directory / "stats.csv").exists()


def test_a_damaged_ledger_leaves_no_lock_held(directory: Path) -> None:
    Ledger.open(directory).close()
    overwrite_header(directory / ".clipset" / "ledger.db")
    for _ in range(2):
        with pytest.raises(LedgerCorrupt):
            Ledger.open(directory)


@pytest.mark.parametrize("opener", [Ledger.open, Ledger.read])
def test_a_newer_schema_asks_for_a_newer_clipset(directory: Path, opener: Callable[[Path], LedgerReader]) -> None:
    Ledger.open(directory).close()
    with closing(sqlite3.connect(directory / ".clipset" / "ledger.db")) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerVersion, match=r"schema 99, this clipset reads .*: update clipset"):
        opener(directory)


def test_a_ledger_whose_creation_was_killed_is_made_anew(directory: Path) -> None:
    (directory / ".clipset").mkdir(parents=True)
    (directory / ".clipset" / "ledger.db").touch()
    with pytest.raises(LedgerVersion, match="run clipset fetch on it once"):
        Ledger.read(directory)
    with Ledger.open(directory) as ledger:
        fill(ledger)


def test_every_migration_is_a_list_of_complete_statements() -> None:
    for script in migrations():
        assert "".join(statements(script)).strip() == script.strip()


def test_every_table_is_strict_and_every_foreign_key_is_checked(directory: Path) -> None:
    with Ledger.open(directory) as ledger:
        tables = dict(ledger.select("SELECT name, sql FROM sqlite_schema WHERE type = 'table'"))
        ((enforced,),) = ledger.select("PRAGMA foreign_keys")
        ((durable,),) = ledger.select("PRAGMA synchronous")
    assert all("STRICT" in sql for sql in tables.values())
    assert (enforced, durable) == (1, 2)


@pytest.fixture
def others_place() -> Iterator[Path]:
    """A folder that also other users may enter, and the rights of one: no mode restricts root."""
    place = Path(f"/tmp/clipset-test-{os.getpid()}")  # noqa: S108 - the parents of tmp_path are closed to others
    place.mkdir()
    user = os.geteuid()
    if user == 0:
        os.chown(place, 65534, 65534)
        os.seteuid(65534)
    yield place
    for path in place.rglob("*"):
        path.chmod(0o755)
    os.seteuid(user)
    shutil.rmtree(place)


def make_read_only(directory: Path) -> None:
    for path in [*directory.rglob("*"), directory]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def test_a_read_only_dataset_can_be_read(others_place: Path) -> None:
    directory = others_place / "dataset"
    with Ledger.open(directory) as ledger:
        fill(ledger)
    make_read_only(directory)
    with Ledger.read(directory) as reader:
        assert wanted(reader) == 10


def test_a_read_only_dataset_whose_writer_was_killed_can_be_read_to_its_last_record(others_place: Path) -> None:
    directory, copy = others_place / "dataset", others_place / "copy"
    with Ledger.open(directory) as ledger:
        fill(ledger)
        ledger.set_meta("recipe_id", "exact-h360")  # in the log, not yet in the file
        shutil.copytree(directory, copy)
    (copy / ".clipset" / "ledger.db-shm").unlink()
    assert (copy / ".clipset" / "ledger.db-wal").stat().st_size > 0
    make_read_only(copy)
    with Ledger.read(copy) as reader:
        assert (wanted(reader), reader.get_meta("recipe_id")) == (10, "exact-h360")


@pytest.mark.parametrize("is_killed", [True, False])
def test_a_read_only_dataset_can_be_merged_to_its_last_record(others_place: Path, is_killed: bool) -> None:
    directory, copy, out = others_place / "dataset", others_place / "copy", others_place / "out"
    with Ledger.open(directory) as ledger:
        fill(ledger)
        ledger.set_meta("recipe_id", "exact-h360")
        if is_killed:
            shutil.copytree(directory, copy)
    if is_killed:
        (copy / ".clipset" / "ledger.db-shm").unlink()
    else:
        shutil.copytree(directory, copy)
    make_read_only(copy)
    with Merging.open(out) as merging:
        merging.take(copy, lambda _ours, theirs: theirs, keeps_paths=False)
        assert (wanted(merging), merging.get_meta("recipe_id")) == (10, "exact-h360")


@pytest.mark.parametrize("exists", [True, False])
def test_writing_where_one_may_not_is_no_permission(others_place: Path, exists: bool) -> None:
    directory = others_place / "dataset"
    if exists:
        Ledger.open(directory).close()
        make_read_only(directory)
    others_place.chmod(0o555)
    with pytest.raises(ClipsetError) as caught:
        Ledger.open(directory)
    assert caught.value.failure.reason is Reason.NO_PERMISSION
    assert directory.exists() is exists


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield place
    subprocess.run([shutil.which("umount") or "umount", str(place)], check=True)


def test_a_full_disk_stops_a_load_and_keeps_what_was_there(tiny_disk: Path) -> None:
    with Ledger.open(tiny_disk / "dataset") as ledger:
        fill(ledger, 10)
        with pytest.raises(ClipsetError) as caught:
            fill(ledger, 50_000, "1" * 64)
        assert caught.value.failure.reason is Reason.DISK_FULL
        assert wanted(ledger) == 10
        fill(ledger, 20, "2" * 64)
    with Ledger.read(tiny_disk / "dataset") as reader:
        assert wanted(reader) == 20


def test_a_full_disk_stops_a_table_and_keeps_the_one_before(tiny_disk: Path) -> None:
    (tiny_disk / "stats.csv").write_text("before")
    with Ledger.open(tiny_disk / "dataset") as ledger:
        (tiny_disk / "ballast").write_bytes(bytes((shutil.disk_usage(tiny_disk).free // 4096) * 4096))
        with pytest.raises(ClipsetError, match="make room and run again"):
            write_stats(ledger, tiny_disk / "stats.csv")
    assert (tiny_disk / "stats.csv").read_text() == "before"
    assert not (tiny_disk / ".stats.csv.tmp").exists()


def test_a_file_size_limit_or_quota_is_disk_full_too(directory: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Ledger.open(directory) as ledger:
        fill(ledger, 10)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, limits[1]))
        try:
            with pytest.raises(ClipsetError) as caught:
                fill(ledger, 20_000, "1" * 64)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, handler)
        assert caught.value.failure.reason is Reason.DISK_FULL
        assert wanted(ledger) == 10
