"""Whatever goes wrong on the way, running again ends with the tree of a run that nothing disturbed, byte for byte."""

import json
import os
import resource
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from program import clipset, clipset_command, environment, status, table, tree, write_list

from clipset.cli import main
from clipset.clock import SystemClock
from clipset.rehearsal import Rehearsal, Scenario, Throttle, Video
from clipset.sources.youtube.resolve import Resolver

HOUR_US = 3_600_000_000
ROWS = [("juggling", f"video{number:06d}", 1 + number % 3, 4 + number % 3, "val") for number in range(6)]
VIDEO = Video(duration_s=10, shrink=2, itags=(18,), media_key=7)


@pytest.fixture(scope="module")
def annotations(tmp_path_factory) -> Path:
    return write_list(tmp_path_factory.mktemp("list") / "list.csv", ROWS)


@pytest.fixture(scope="module")
def undisturbed(annotations, tmp_path_factory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("whole")
    with offline() as youtube:
        assert clipset(*words(youtube, annotations, out)).returncode == 0
    assert len(tree(out)) == len(ROWS)
    return tree(out)


def offline(**scenario) -> Rehearsal:
    return Rehearsal(Scenario(default=VIDEO, **scenario))


def words(youtube: Rehearsal, annotations: Path, out: Path, *more: object) -> list[str]:
    said = ("fetch", annotations, "--out", out, "--youtube-origin", youtube.origin, "--rate", "unlimited", *more)
    return [str(word) for word in said]


@pytest.fixture
def travel(monkeypatch) -> Callable[[float], None]:
    """Set this process's clock by some hours; the offline YouTube shares it."""
    offset_us, real = [0], SystemClock.now_us
    monkeypatch.setattr(SystemClock, "now_us", lambda clock: real(clock) + offset_us[0])

    def travel(hours: float) -> None:
        offset_us[0] += round(hours * HOUR_US)

    return travel


ANSWERS = ["429", "403", "media_403", "rate_limit", "bot_check", "captcha"]


@pytest.mark.parametrize("answer", ANSWERS)
def test_after_a_refusal_everything_is_there_and_no_clip_lost_an_attempt(
    answer, annotations, undisturbed, travel, tmp_path
):
    with offline(throttle=Throttle(limit=2, window_s=3600, block_s=3600, answer=answer)) as youtube:
        rounds = 0
        while main(words(youtube, annotations, tmp_path, "--on-throttle", "stop", "--jobs", 2)) == 3:
            rounds += 1
            found = status(tmp_path)["clips"]
            assert (found["lost"], found["wanted"] + found["done"]) == (0, len(ROWS))
            assert all(int(row["attempts"]) == 0 for row in table(tmp_path / "failed.csv"))
            asked = youtube.counts()["player"]
            assert main(words(youtube, annotations, tmp_path, "--on-throttle", "stop")) == 3
            assert youtube.counts()["player"] == asked
            assert rounds < len(ROWS)
            travel(150)  # past the longest cool-down, whatever storms the threads met
    assert rounds >= 2
    assert tree(tmp_path) == undisturbed


def test_a_run_that_waits_goes_on_by_itself_after_the_cool_down(annotations, undisturbed, travel, tmp_path, capsys):
    throttle = Throttle(limit=5, window_s=3600, block_s=3600, answer="rate_limit")
    finished = threading.Event()

    def move_on() -> None:
        while not finished.wait(0.1):
            if is_cooling(tmp_path):
                travel(2)
                return

    with offline(throttle=throttle) as youtube:
        mover = threading.Thread(target=move_on)
        mover.start()
        code = main(words(youtube, annotations, tmp_path))
        finished.set()
        mover.join()
    assert code == 0
    assert "cooling down; next try at" in capsys.readouterr().err
    assert tree(tmp_path) == undisturbed


def is_cooling(directory: Path) -> bool:
    """False too while the ledger is not there yet."""
    ran = clipset("status", directory, "--json")
    return ran.returncode == 0 and [way["state"] for way in json.loads(ran.stdout)["egress"]] == ["cooling"]


def test_a_clock_set_back_by_a_day_lengthens_no_wait(annotations, undisturbed, travel, tmp_path):
    with offline(throttle=Throttle(limit=3, window_s=60, block_s=60, answer="429")) as youtube:
        assert main(words(youtube, annotations, tmp_path, "--on-throttle", "stop")) == 3
        travel(-24)
        assert main(words(youtube, annotations, tmp_path, "--on-throttle", "stop")) == 3  # what was left, is left
        travel(2)
        for _ in range(len(ROWS)):
            if main(words(youtube, annotations, tmp_path, "--on-throttle", "stop")) == 0:
                break
            travel(26)
    assert tree(tmp_path) == undisturbed


def test_power_lost_between_rename_and_record_costs_no_request(annotations, undisturbed, tmp_path):
    ledger, kept = tmp_path / ".clipset" / "ledger.db", tmp_path / "kept.db"
    with offline() as youtube:
        assert clipset(*words(youtube, annotations, tmp_path, "--max-clips", 3)).returncode == 3
        shutil.copyfile(ledger, kept)
        assert clipset(*words(youtube, annotations, tmp_path)).returncode == 0
        shutil.copyfile(kept, ledger)  # the files are there, and what the ledger knows is older
        youtube.reset()
        assert clipset(*words(youtube, annotations, tmp_path)).returncode == 0
        assert youtube.counts()["player"] == 0
    assert tree(tmp_path) == undisturbed
    assert status(tmp_path)["clips"] == {"wanted": 0, "done": len(ROWS), "lost": 0}


@pytest.mark.parametrize("limit_kib", [24, 420])
def test_a_disk_that_takes_no_more_ends_the_run_and_loses_nothing(limit_kib, annotations, undisturbed, tmp_path):
    """A limit on the size of files stands for a quota: first the clips do not fit, then the ledger does not."""

    def small_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_kib * 1024, limit_kib * 1024))

    with offline() as youtube:
        command = clipset_command(*words(youtube, annotations, tmp_path))
        ran = subprocess.run(
            command, env=environment(), preexec_fn=small_disk, capture_output=True, text=True, check=False
        )
        if ran.returncode != 0:
            assert ran.returncode == 5, ran.stderr
            assert "again" in ran.stderr
            assert "Traceback" not in ran.stderr
        assert clipset(*words(youtube, annotations, tmp_path)).returncode == 0
    assert tree(tmp_path) == undisturbed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk of its own")
def test_a_full_disk_ends_the_run_and_making_room_is_all_it_takes(annotations, undisturbed, tmp_path):
    with mounted(tmp_path / "disk", "size=1M") as disk, offline() as youtube:
        (disk / "ballast").write_bytes(bytes(500 * 1024))
        ran = clipset(*words(youtube, annotations, disk / "out"))
        assert ran.returncode == 5, ran.stderr
        assert "again (disk_full)" in ran.stderr or "free some space" in ran.stderr
        (disk / "ballast").unlink()
        remount(disk, "size=64M")
        assert clipset(*words(youtube, annotations, disk / "out")).returncode == 0
        assert tree(disk / "out") == undisturbed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk of its own")
def test_a_read_only_disk_is_said_plainly_and_can_be_looked_at(annotations, undisturbed, tmp_path):
    with mounted(tmp_path / "disk", "size=64M") as disk, offline() as youtube:
        assert clipset(*words(youtube, annotations, disk / "out", "--max-clips", 3)).returncode == 3
        remount(disk, "ro")
        ran = clipset(*words(youtube, annotations, disk / "out"))
        assert ran.returncode == 5, ran.stderr
        assert "writable" in ran.stderr
        assert status(disk / "out")["clips"]["done"] == 3
        remount(disk, "rw")
        assert clipset(*words(youtube, annotations, disk / "out")).returncode == 0
        assert tree(disk / "out") == undisturbed


@contextmanager
def mounted(place: Path, options: str) -> Iterator[Path]:
    """A small disk; where even root may not mount, in a container without that right, the test is skipped."""
    place.mkdir()
    made = subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", options, "none", place], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("this root may not mount")
    try:
        yield place
    finally:
        subprocess.run(["/bin/umount", place], check=True)


def remount(place: Path, options: str) -> None:
    subprocess.run(["/bin/mount", "-o", f"remount,{options}", place], check=True)


def test_a_new_kind_of_trouble_in_yt_dlp_costs_a_try(annotations, undisturbed, tmp_path, monkeypatch):
    tripped, extract = set(), Resolver.__init__

    def treacherous(resolver, *args) -> None:
        extract(resolver, *args)
        inner = resolver._extractor.extract

        def trip(url):
            if url not in tripped:
                tripped.add(url)
                raise ZeroDivisionError("a new way to fail")
            return inner(url)

        resolver._extractor.extract = trip

    monkeypatch.setattr(Resolver, "__init__", treacherous)
    with offline() as youtube:
        assert main(words(youtube, annotations, tmp_path)) == 0
    assert len(tripped) == len(ROWS)
    assert tree(tmp_path) == undisturbed


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_media_children_that_die_cost_a_try(number, annotations, undisturbed, tmp_path):
    killed: set[int] = set()
    with offline() as youtube:
        command = clipset_command(*words(youtube, annotations, tmp_path))
        with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as run:
            while run.poll() is None:
                for child in set(children(run.pid)) - killed:
                    if len(killed) < 3:
                        time.sleep(0.1)  # for it to have begun
                        with suppress(ProcessLookupError):
                            os.kill(child, number)
                            killed.add(child)
                time.sleep(0.02)
        assert run.returncode == 0
    assert killed
    assert tree(tmp_path) == undisturbed
    assert status(tmp_path)["clips"]["lost"] == 0


def children(pid: int) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(place.parent.name))
    return found
