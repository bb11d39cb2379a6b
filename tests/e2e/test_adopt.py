"""Clips that other tools made: the good ones are taken over, the others are named, and their tree stays as it is."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import av
import pytest
from program import clipset_command, environment, here, table, tree, write_list

from clipset.rehearsal import Rehearsal, Scenario, Video

RATE, SECONDS = 25, 2
S_E = "{id}_{start:06d}_{end:06d}"
ROWS = [
    ("riding a bike", "-abcdefghij", 84, 86, "train"),
    ("riding a bike", "a_000010_bc", 0, 2, "train"),  # an id that looks like a time
    ("massaging person's head", "AbcdefghijK", 1000, 1002, "val"),
    ("massaging person's head", "abcdefghijk", 1000, 1002, "val"),
    ("riding a bike", "corruptaaaa", 5, 7, "val"),
    ("riding a bike", "shortaaaaaa", 5, 10, "train"),
    ("riding a bike", "wholevideoa", 5, 7, "val"),
    ("riding a bike", "absentaaaaa", 5, 7, "train"),
]
GOOD = ("-abcdefghij", "a_000010_bc", "AbcdefghijK", "abcdefghijk")
LAYOUTS = {  # as each tool writes it: folders of a clip, and its name
    "torchvision": ("{split}/{label}", S_E),
    "mmaction2": ("videos_{split}/{label_}", S_E),
    "crawler": ("{label}", S_E),
    "archive": ("part_3/deeper", S_E),
    "downloader": ("{valid}/{label_}", "{id}"),
}
CODECS = {".mp4": "libx264", ".mkv": "libx264", ".webm": "libvpx-vp9", ".avi": "mpeg4"}


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch):
    """A media child less to start, for each of few files."""
    monkeypatch.setenv("CLIPSET_JOBS", "1")


def encode(path: Path, seconds: float, shade: int = 0) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(CODECS[path.suffix], rate=RATE)
        stream.width, stream.height = 64, 48
        stream.codec_context.gop_size = 10
        for number in range(round(seconds * RATE)):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane, value in zip(frame.planes, ((20 + 3 * number + shade) % 256, 128, 128), strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def media(tmp_path_factory) -> Path:
    """A clip for each id, as it should be or as it should not."""
    folder = tmp_path_factory.mktemp("media")
    for shade, video_id in enumerate(GOOD):
        encode(folder / f"{video_id}.mp4", SECONDS, shade)
    corrupt = bytearray((folder / "-abcdefghij.mp4").read_bytes())
    corrupt[len(corrupt) // 2 : len(corrupt) // 2 + 200] = bytes(200)
    (folder / "corruptaaaa.mp4").write_bytes(corrupt)
    encode(folder / "shortaaaaaa.mp4", SECONDS)
    encode(folder / "wholevideoa.mp4", 20)
    shutil.copy(folder / "-abcdefghij.mp4", folder / "strangeraaa.mp4")
    return folder


def planted(media: Path, old: Path, layout: str) -> dict[str, Path]:
    """A tree as a tool leaves it; returns the files by id."""
    folders, name = LAYOUTS[layout]
    places = {}
    for label, video_id, start, end, split in [*ROWS, ("riding a bike", "strangeraaa", 5, 7, "train")]:
        if video_id == "absentaaaaa":
            continue
        parts = {"id": video_id, "start": start, "end": end, "label": label, "split": split}
        parts |= {"label_": label.replace(" ", "_"), "valid": "valid" if split == "val" else split}
        file = old / folders.format(**parts) / f"{name.format(**parts)}.mp4"
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(media / f"{video_id}.mp4", file)
        places[video_id] = file
    (old / "readme.txt").write_text("not a clip")
    shutil.copy(media / "abcdefghijk.mp4", old / "._abcdefghijk_000000_000002.mp4")
    return places


def snapshot(folder: Path) -> dict[str, tuple]:
    """All there is of a tree: its names, bytes, modes and times."""
    found = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        found[str(path.relative_to(folder))] = (about.st_mode, about.st_mtime_ns, about.st_ino, digest)
    return found


def events(ran) -> tuple[dict[str, str], dict]:
    assert ran.returncode == 0, ran.stderr
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    return {line["path"]: line["verdict"] for line in lines if line["event"] == "file"}, lines[-1]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_of_each_layout_the_good_clips_are_adopted_and_exactly_the_others_are_named(layout, media, tmp_path):
    old, out = tmp_path / "old", tmp_path / "out"
    places = planted(media, old, layout)
    before = snapshot(old)
    verdicts, summary = events(here("adopt", out, write_list(tmp_path / "l.csv", ROWS), "--from", old, "--json"))
    expected = dict.fromkeys(GOOD, "adopted") | {
        "corruptaaaa": "damaged",
        "shortaaaaaa": "short",
        "wholevideoa": "other",
        "strangeraaa": "unknown",
    }
    assert verdicts == {str(places[video_id].relative_to(old)): verdict for video_id, verdict in expected.items()}
    assert summary["layouts"] == {layout: len(places)}
    assert summary["files"] == {"adopted": 4, "damaged": 1, "short": 1, "other": 1, "unknown": 1}
    assert summary["clips"] == {"done": 4, "lost": 0, "wanted": 4}
    assert snapshot(old) == before
    assert set(tree(out)) == {
        f"{split}/{label.replace(' ', '_')}/{video_id}_{start:06d}_{end:06d}.mp4"
        for label, video_id, start, end, split in ROWS
        if video_id in GOOD
    }
    for row in table(out / "stats.csv"):
        place = next(out.rglob(f"{row['clip_id']}.mp4"))
        assert place.samefile(places[row["video_id"]])
        assert (row["source"], row["duration"], row["requests"]) == ("adopt", "2", "0")
        assert int(row["size_bytes"]) == place.stat().st_size


@pytest.fixture
def adopted(media, tmp_path) -> tuple[Path, Path, Path]:
    """A list, a tree, and the dataset that came of them."""
    annotations = write_list(tmp_path / "list.csv", ROWS)
    planted(media, tmp_path / "old", "torchvision")
    events(here("adopt", tmp_path / "out", annotations, "--from", tmp_path / "old", "--copy", "--json"))
    return annotations, tmp_path / "old", tmp_path / "out"


def test_ctrl_c_keeps_what_is_adopted_and_the_next_run_takes_the_rest(media, tmp_path):
    rows = [("x", f"video{number:06d}", 0, 2, "val") for number in range(150)]
    (tmp_path / "old").mkdir()
    for _, video_id, *_ in rows:
        shutil.copy(media / "-abcdefghij.mp4", tmp_path / "old" / f"{video_id}_000000_000002.mp4")
    words = ("adopt", tmp_path / "out", write_list(tmp_path / "list.csv", rows), "--from", tmp_path / "old", "--json")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(clipset_command(*words), env=environment() | {"CLIPSET_JOBS": "1"}, **pipes) as run:
        run.stdout.readline()
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=60)
    assert (run.returncode, "again to go on" in said, "Traceback" in said) == (3, True, False), said
    assert 1 <= len(table(tmp_path / "out" / "stats.csv")) < 150
    _, summary = events(here(*words))
    assert summary["files"]["adopted"] + summary["files"]["known"] == 150
    assert len(table(tmp_path / "out" / "stats.csv")) == len(tree(tmp_path / "out")) == 150


def test_copies_are_files_of_their_own(adopted):
    _, old, out = adopted
    assert len(tree(out)) == 4
    assert not {path.stat().st_ino for path in out.rglob("*.mp4")} & {path.stat().st_ino for path in old.rglob("*.mp4")}


def test_again_without_lists_it_goes_on_where_it_was(adopted, media):
    _, old, out = adopted
    shutil.copy(media / "-abcdefghij.mp4", old / "absentaaaaa_000005_000007.mp4")
    verdicts, summary = events(here("adopt", out, "--from", old, "--json"))
    assert summary["files"] == {"adopted": 1, "known": 4, "damaged": 1, "short": 1, "other": 1, "unknown": 1}
    assert verdicts["absentaaaaa_000005_000007.mp4"] == "adopted"


def test_an_adopted_clip_is_not_fetched_again_and_outlives_its_ledger(adopted, tmp_path):
    annotations, _, out = adopted
    before = tree(out)
    (tmp_path / "nothing").mkdir()
    fetch = ("fetch", annotations, "--out", out, "--source", f"folder:{tmp_path / 'nothing'}")
    assert here(*fetch).returncode == 3
    stats = (out / "stats.csv").read_bytes()
    (out / ".clipset" / "ledger.db").write_bytes(b"garbage")
    assert here("rebuild", out).returncode == 0
    assert (out / "stats.csv").read_bytes() == stats
    assert here(*fetch).returncode == 3
    assert (tree(out), (out / "stats.csv").read_bytes()) == (before, stats)


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".avi"])
def test_what_is_no_mp4_is_made_anew_as_one(suffix, tmp_path):
    (tmp_path / "old").mkdir()
    encode(tmp_path / "old" / f"-abcdefghij_000084_000086{suffix}", SECONDS)
    before = snapshot(tmp_path / "old")
    annotations = write_list(tmp_path / "list.csv", ROWS[:1])
    _, summary = events(here("adopt", tmp_path / "out", annotations, "--from", tmp_path / "old", "--json"))
    assert summary["files"] == {"adopted": 1}
    (place,) = (tmp_path / "out").rglob("*.mp4")
    with av.open(str(place)) as container:
        assert container.metadata["comment"].startswith("clipset -abcdefghij_000084_000086 ")
        assert sum(1 for _ in container.decode(video=0)) == SECONDS * RATE
    assert snapshot(tmp_path / "old") == before


def test_a_name_without_times_is_ambiguous_where_a_video_has_several_clips(media, tmp_path):
    (tmp_path / "old" / "train" / "x").mkdir(parents=True)
    shutil.copy(media / "abcdefghijk.mp4", tmp_path / "old" / "train" / "x" / "abcdefghijk.mp4")
    rows = [("x", "abcdefghijk", start, start + 2, "train") for start in (0, 5)]
    annotations = write_list(tmp_path / "list.csv", rows)
    verdicts, _ = events(here("adopt", tmp_path / "out", annotations, "--from", tmp_path / "old", "--json"))
    assert verdicts == {"train/x/abcdefghijk.mp4": "ambiguous"}
    assert tree(tmp_path / "out") == {}


def test_of_several_files_for_a_clip_the_first_good_one_serves_and_all_its_names_are_linked(media, tmp_path):
    old, name = tmp_path / "old", "-abcdefghij_000084_000086.mp4"
    for folder, source in (("a", "corruptaaaa"), ("b", "-abcdefghij"), ("c", "abcdefghijk")):
        (old / folder).mkdir(parents=True)
        shutil.copy(media / f"{source}.mp4", old / folder / name)
    rows = [ROWS[0], ("cycling", *ROWS[0][1:4], "val")]
    verdicts, _ = events(
        here("adopt", tmp_path / "out", write_list(tmp_path / "list.csv", rows), "--from", old, "--json")
    )
    assert verdicts == {f"a/{name}": "damaged", f"b/{name}": "adopted", f"c/{name}": "known"}
    places = [tmp_path / "out" / folder / name for folder in ("train/riding_a_bike", "val/cycling")]
    assert all(place.samefile(old / "b" / name) for place in places)


def test_links_that_lead_out_of_the_tree_are_not_followed(media, tmp_path):
    old, outside = tmp_path / "old", tmp_path / "outside"
    for folder in (old, outside):
        folder.mkdir()
    for video_id, start in (("-abcdefghij", 84), ("a_000010_bc", 0), ("abcdefghijk", 1000)):
        shutil.copy(media / f"{video_id}.mp4", outside / f"{video_id}_{start:06d}_{start + 2:06d}.mp4")
    (old / "-abcdefghij_000084_000086.mp4").symlink_to(outside / "-abcdefghij_000084_000086.mp4")
    (old / "folder").symlink_to(outside)
    (old / "AbcdefghijK_001000_001002.mp4").symlink_to(tmp_path / "nowhere")
    os.mkfifo(old / "corruptaaaa_000005_000007.mp4")
    shutil.move(outside / "abcdefghijk_001000_001002.mp4", old / "blob.bin")
    (old / "abcdefghijk_001000_001002.mp4").symlink_to("blob.bin")  # inside: git-annex and the like
    verdicts, _ = events(
        here("adopt", tmp_path / "out", write_list(tmp_path / "list.csv", ROWS), "--from", old, "--json")
    )
    assert verdicts == {"abcdefghijk_001000_001002.mp4": "adopted"}
    (place,) = (tmp_path / "out").rglob("*.mp4")
    assert not place.is_symlink()


def test_a_dataset_inside_the_tree_is_not_looked_through(adopted):
    annotations, old, _ = adopted
    _, summary = events(here("adopt", old / "new", annotations, "--from", old, "--json"))
    assert summary["files"]["adopted"] == 4
    _, summary = events(here("adopt", old / "new", annotations, "--from", old, "--json"))
    assert summary["files"]["known"] == 4


MISTAKES = {
    "no such tree": (["adopt", "out", "--from", "nowhere"], "nowhere"),
    "no tree": (["adopt", "out"], "--from"),
    "no lists yet": (["adopt", "out", "--from", "."], "name those of the clips"),
    "the dataset itself": (["adopt", ".", "list.csv", "--from", "."], "is the dataset itself"),
    "a selection of nothing": (["adopt", "out", "--from", ".", "--split", "val"], "name the lists"),
    "no jobs": (["adopt", "out", "list.csv", "--from", ".", "--jobs", "0"], "--jobs"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_plain_line_and_nothing_is_written(mistake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_list(tmp_path / "list.csv", ROWS)
    words, hint = MISTAKES[mistake]
    ran = here(*words)
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1), ran.stderr
    assert hint in ran.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]


def test_a_clip_that_was_lost_is_there_again_when_somebody_has_it(media, tmp_path):
    annotations, (old, out) = write_list(tmp_path / "list.csv", ROWS[:1]), (tmp_path / "old", tmp_path / "out")
    with Rehearsal(Scenario(videos={"-abcdefghij": Video(outcome="removed")})) as youtube:
        here("fetch", annotations, "--out", out, "--youtube-origin", youtube.origin, "--rate", "unlimited")
    assert [row["reason"] for row in table(out / "failed.csv")] == ["removed_by_uploader"]
    old.mkdir()
    shutil.copy(media / "-abcdefghij.mp4", old / "-abcdefghij_000084_000086.mp4")
    _, summary = events(here("adopt", out, "--from", old, "--json"))
    assert summary["clips"] == {"done": 1, "lost": 0, "wanted": 0}
    assert table(out / "failed.csv") == []
