"""A ledger that is damaged or gone is made anew from what is on disk, and nothing is asked for a second time."""

import json
import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from program import here, tree, write_list

from clipset.rehearsal import Rehearsal, Scenario, Throttle, Video

SMALL = {"shrink": 2, "itags": (18,)}
ROWS = [
    ("riding a bike", "-abcdefghij", 1, 3, "train"),
    ("cycling", "-abcdefghij", 1, 3, "train"),
    ("riding a bike", "abcdefghijk", 0, 1.5, "val"),
    ("a\x1b[31m / label\tthat no folder can have", "_abcdefghi_", 3, 5, "train"),
    ("=2+2", "=@abcdefghi"[2:] + "__", 2, 4, "test"),
    ("case", "abcdefghij0", 2, 4, "test"),
    ("Case", "abcdefghij1", 2, 4, "test"),
    ("riding a bike", "removedaaaa", 0, 3, "val"),
    ("=3+3", "privateaaaa", 0, 3, "val"),
    ("riding a bike", "shortaaaaaa", 5, 15, "val"),
    ("riding a bike", "#NAME?", 0, 3, "val"),
]
VIDEOS = {"removedaaaa": Video(outcome="removed"), "privateaaaa": Video(outcome="private")}


@pytest.fixture(scope="module")
def youtube():
    with Rehearsal(Scenario(videos=VIDEOS, default=Video(duration_s=6, media_key=7, **SMALL))) as running:
        yield running


def status_of(directory: Path) -> dict:
    return json.loads(here("status", directory, "--json").stdout)


def fetch(youtube, annotations: Path, out: Path, *words: object):
    words = ("--youtube-origin", youtube.origin, "--rate", "unlimited", *words)
    return here("fetch", annotations, "--out", out, *words)


@pytest.fixture(scope="module")
def fetched(youtube, tmp_path_factory) -> tuple[Path, Path]:
    """The list, and a dataset in which all of it is done or lost."""
    folder = tmp_path_factory.mktemp("rebuild")
    annotations = write_list(folder / "list.csv", ROWS)
    ran = fetch(youtube, annotations, folder / "out")
    assert ran.returncode == 0, ran.stderr
    return annotations, folder / "out"


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch):
    """A media child less to start, for each of few files."""
    monkeypatch.setenv("CLIPSET_JOBS", "1")


@pytest.fixture
def dataset(fetched, tmp_path) -> tuple[Path, Path]:
    annotations, out = fetched
    return annotations, Path(shutil.copytree(out, tmp_path / "out"))


def middle(ledger: Path) -> None:
    data = bytearray(ledger.read_bytes())
    data[16384 : len(data) - 8192] = random.Random(1).randbytes(len(data) - 8192 - 16384)
    ledger.write_bytes(data)


DAMAGE = {
    "overwritten in the middle": middle,
    "cut off": lambda ledger: os.truncate(ledger, ledger.stat().st_size // 2),
    "emptied": lambda ledger: os.truncate(ledger, 0),
    "a garbage header": lambda ledger: ledger.write_bytes(b"garbage!" * 12 + ledger.read_bytes()[96:]),
    "a garbage first page": lambda ledger: ledger.write_bytes(b"garbage!" * 1024 + ledger.read_bytes()[8192:]),
    "deleted": Path.unlink,
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_after_a_rebuild_the_same_fetch_asks_nothing_and_leaves_the_same_dataset(kind, youtube, dataset, fetched):
    annotations, out = dataset
    ledger = out / ".clipset" / "ledger.db"
    DAMAGE[kind](ledger)
    damaged = ledger.read_bytes() if ledger.exists() else None
    said = here("status", out)
    assert (said.returncode, f"clipset rebuild {out}" in said.stderr) == (5, True)
    ran = here("rebuild", out, "--json")
    assert ran.returncode == 0, ran.stderr
    summary = json.loads(ran.stdout.splitlines()[-1])
    assert (summary["files"], summary["recipe"]) == ({"verified": 7}, "exact-h360")
    kept = [file.read_bytes() for file in out.glob(".clipset/ledger.db.damaged-*Z")]
    assert kept == ([] if damaged is None else [damaged])
    for again in (False, True):  # at once, and after the next fetch
        if again:
            youtube.reset()
            ran = fetch(youtube, annotations, out)
            assert ran.returncode == 0, ran.stderr
            assert sum(youtube.counts().values()) == 0
        assert tree(out) == tree(fetched[1])
        assert (out / "stats.csv").read_bytes() == (fetched[1] / "stats.csv").read_bytes()
        assert (out / "failed.csv").read_bytes() == (fetched[1] / "failed.csv").read_bytes()
        known, now = status_of(fetched[1]), status_of(out)
        assert {name: now[name] for name in ("clips", "videos", "reasons")} == {
            name: known[name] for name in ("clips", "videos", "reasons")
        }
    assert now["splits"] == known["splits"]
    assert not [path.name for path in ledger.parent.iterdir() if "new" in path.name or "salvage" in path.name]


def test_a_ledger_with_which_nothing_is_wrong_is_left_alone(dataset):
    _, out = dataset
    before = (out / ".clipset" / "ledger.db").read_bytes()
    said = here("rebuild", out)
    assert (said.returncode, "nothing to rebuild" in said.stderr) == (2, True)
    assert (out / ".clipset" / "ledger.db").read_bytes() == before
    assert here("rebuild", out / "nowhere").returncode == 2
    forced = here("rebuild", out, "--force")
    assert forced.returncode == 0, forced.stderr
    assert len(list(out.glob(".clipset/ledger.db.damaged-*Z"))) == 1


def test_damaged_and_foreign_files_are_reported_left_where_they_are_and_made_anew(youtube, dataset, fetched):
    annotations, out = dataset
    (out / ".clipset" / "ledger.db").unlink()
    damaged = out / "val" / "riding_a_bike" / "abcdefghijk_000000_000001.500.mp4"
    data = bytearray(damaged.read_bytes())
    data[-2000:-1000] = bytes(1000)
    damaged.unlink()  # so that its links keep their bytes
    damaged.write_bytes(data)
    whole = next(path for path in sorted(out.rglob("*.mp4")) if path != damaged)
    (out / "val" / "x").mkdir()
    shutil.copy(whole, out / "val" / "x" / "abcdefghijk_000007_000009.mp4")  # a clip under another one's name
    (out / "val" / "holiday.mp4").write_bytes(b"mine")
    before = tree(out)
    ran = here("rebuild", out, "--json")
    assert ran.returncode == 4, ran.stderr
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    verdicts = {event["path"]: event["verdict"] for event in events if event["event"] == "file"}
    assert {path: verdict for path, verdict in verdicts.items() if verdict != "verified"} == {
        str(damaged.relative_to(out)): "damaged",
        "val/x/abcdefghijk_000007_000009.mp4": "damaged",
        "val/holiday.mp4": "unknown",
    }
    assert events[-1]["files"] == {"verified": 6, "damaged": 2, "unknown": 1}
    assert tree(out) == before
    youtube.reset()
    assert fetch(youtube, annotations, out).returncode == 0
    assert youtube.counts()["player"] == 1
    assert damaged.read_bytes() == tree(fetched[1])[str(damaged.relative_to(out))]


def test_a_cool_down_outlives_the_ledger_and_so_do_clips_whose_time_has_not_come(tmp_path):
    out, rows = tmp_path / "out", [("x", f"video{number:06d}", 1, 3, "val") for number in range(4)]
    annotations = write_list(tmp_path / "list.csv", rows)
    scenario = Scenario(
        default=Video(duration_s=6, media_key=7, **SMALL),
        throttle=Throttle(limit=2, window_s=60, block_s=3600, answer="429"),
    )
    with Rehearsal(scenario) as youtube:
        assert fetch(youtube, annotations, out, "--on-throttle", "stop", "--jobs", 1).returncode == 3
        before = status_of(out)
        ledger = out / ".clipset" / "ledger.db"
        with closing(sqlite3.connect(ledger)) as database:
            (page,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'stored'").fetchone()
        with ledger.open("r+b") as file:
            file.seek((page - 1) * 8192)
            file.write(b"\xff" * 8192)
        assert here("rebuild", out).returncode == 0
        assert status_of(out) == before
        youtube.reset()
        assert fetch(youtube, annotations, out, "--on-throttle", "stop").returncode == 3
        assert youtube.counts()["player"] == 0
