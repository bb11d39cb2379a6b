"""Frames and sound of a dataset: every finished clip once, complete or not at all, and nothing outside OUT."""

import json
import os
import resource
import shutil
import signal
import subprocess
import time
import wave
from pathlib import Path

import av
import pytest
from program import clipset_command, environment, here, write_list

from clipset.existing import pool
from clipset.rehearsal import Rehearsal, Scenario, Video
from clipset.rehearsal.counter import read_frame

RATE = 25
ROWS = [
    ("riding a bike", "-abcdefghij", 1, 3, "train"),
    ("cycling", "-abcdefghij", 1, 3, "validate"),
    ("riding a bike", "abcdefghijk", 0, 1.5, "validate"),
    ("a\x1b[31m / label", "_abcdefghi_", 3, 5, "test"),
]
CLIPS = {  # the folder of a clip, its first picture in the video, how many it has
    "train/riding_a_bike/-abcdefghij_000001_000003": (25, 50),
    "validate/riding_a_bike/abcdefghijk_000000_000001.500": (0, 38),
    "test/a_[31m___label/_abcdefghi__000003_000005": (75, 50),
}
LINK = "validate/cycling/-abcdefghij_000001_000003"
FIRST = next(iter(CLIPS))


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch):
    """A media child less to start, for each of few files."""
    monkeypatch.setenv("CLIPSET_JOBS", "1")


@pytest.fixture(scope="module")
def youtube():
    with Rehearsal(Scenario(default=Video(duration_s=6, media_key=7, shrink=2, itags=(18,)))) as running:
        yield running


def fetched(youtube, folder: Path, rows, *words: object) -> Path:
    annotations = write_list(folder / "list.csv", rows)
    words = ("--youtube-origin", youtube.origin, "--rate", "unlimited", *words)
    ran = here("fetch", annotations, "--out", folder / "dataset", *words)
    assert ran.returncode == 0, ran.stderr
    return folder / "dataset"


@pytest.fixture(scope="module")
def fetched_once(youtube, tmp_path_factory) -> Path:
    return fetched(youtube, tmp_path_factory.mktemp("export"), ROWS)


@pytest.fixture
def dataset(fetched_once, tmp_path) -> Path:
    """A dataset of its own, to be damaged."""
    return shutil.copytree(fetched_once, tmp_path / "dataset")


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out"


def exported(*words: object, expected: int = 0) -> tuple[dict[str, str], dict]:
    """Each clip's verdict and message, and the summary."""
    ran = here(*words, "--json")
    assert ran.returncode == expected, ran.stderr
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    files = {line["path"].removesuffix(".mp4"): line for line in lines if line["event"] == "file"}
    return {path: f"{line['verdict']} {line['message']}".strip() for path, line in files.items()}, lines[-1]


def tree(out: Path) -> dict[str, tuple[int, int]]:
    """All files that are not the program's own, with what changes when they are written anew."""
    files = (path for path in sorted(out.rglob("*")) if path.is_file())
    paths = {str(path.relative_to(out)): path.stat() for path in files}
    return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in paths.items() if not path.startswith(".clipset")}


def pictures(folder: Path) -> list[int]:
    """The numbers that the pictures of a folder show, in the order of their names."""
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"img_{number:05d}.jpg" for number in range(1, len(names) + 1)]
    numbers = []
    for name in names:
        with av.open(str(folder / name), format="jpeg_pipe") as container:
            (frame,) = container.decode(video=0)
            numbers.append(read_frame(frame).frame)
    return numbers


def expected_files(*folders: str) -> set[str]:
    sizes = {folder: frames for folder, (_, frames) in CLIPS.items()} | {LINK: 50}
    return {f"{folder}/img_{number:05d}.jpg" for folder in folders for number in range(1, sizes[folder] + 1)}


def test_picture_k_is_picture_k_of_each_clip_under_each_of_its_names(fetched_once, out):
    verdicts, summary = exported("frames", fetched_once, "--out", out)
    assert verdicts == dict.fromkeys(CLIPS, "exported")
    assert (summary["clips"], summary["files"]) == ({"exported": 3}, 138)
    for folder, (first, frames) in CLIPS.items():
        assert pictures(out / folder) == list(range(first, first + frames))
    assert set(tree(out)) == expected_files(*CLIPS, LINK)
    for picture in (out / LINK).iterdir():
        assert picture.samefile(out / FIRST / picture.name)
    assert sorted(path.name for path in out.glob(".*")) == [".clipset-drafts", ".clipset-frames.json", ".clipset-lock"]
    assert not list((out / ".clipset-drafts").iterdir())


def test_every_nth_picture_keeps_the_first_and_the_numbers_go_on_by_one(fetched_once, out):
    exported("frames", fetched_once, "--out", out, "--every", 7, "--short-side", 96)
    for folder, (first, frames) in CLIPS.items():
        assert pictures(out / folder) == list(range(first, first + frames, 7))
    with av.open(str(out / FIRST / "img_00001.jpg"), format="jpeg_pipe") as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (170, 96)


def test_again_it_decodes_nothing_and_changes_nothing(fetched_once, out, monkeypatch):
    exported("frames", fetched_once, "--out", out)
    before = tree(out)
    monkeypatch.setattr(pool.threading, "Thread", None)
    _, summary = exported("frames", fetched_once, "--out", out)
    assert (summary["clips"], summary["files"], tree(out)) == ({"known": 3}, 0, before)


def test_only_what_is_missing_is_made_and_a_further_name_is_linked_without_the_clip(dataset, out):
    exported("frames", dataset, "--out", out)
    before = tree(out)
    shutil.rmtree(out / LINK)
    shutil.rmtree(out / "test")
    (dataset / f"{FIRST}.mp4").unlink()
    verdicts, summary = exported("frames", dataset, "--out", out)
    assert verdicts == {FIRST: "exported", list(CLIPS)[2]: "exported"}
    assert summary["clips"] == {"exported": 2, "known": 1}
    after = tree(out)
    assert set(after) == set(before)
    kept = {path for path in before if not path.startswith(("test/", LINK))}
    assert {path for path in before if after[path] == before[path]} >= kept


def test_a_selection_takes_only_its_names_and_a_wider_one_extends_it(fetched_once, out):
    exported("frames", fetched_once, "--out", out, "--split", "val", "--class", "cycling")
    assert set(tree(out)) == expected_files(LINK)
    exported("frames", fetched_once, "--out", out, "--class", "cycling", "--class", "riding a bike")
    assert set(tree(out)) == expected_files(*list(CLIPS)[:2], LINK)
    assert (out / LINK / "img_00001.jpg").samefile(out / FIRST / "img_00001.jpg")


def bomb(path: Path) -> None:
    """A clip that claims pictures of 12,000 x 12,000."""
    data = bytearray(path.read_bytes())
    place = data.index(b"avc1", data.index(b"stsd")) + 28
    data[place : place + 4] = (12_000).to_bytes(2, "big") * 2
    path.write_bytes(data)


def other(path: Path) -> None:
    shutil.copy(path.parents[2] / f"{list(CLIPS)[1]}.mp4", path)


DAMAGE = {
    "a bomb": (bomb, "damaged pictures of 12000x12000"),
    "another clip": (other, "damaged the clip has 38 pictures, and had 50"),
    "cut off": (lambda path: os.truncate(path, path.stat().st_size // 2), "damaged "),
    "empty": (lambda path: os.truncate(path, 0), "damaged "),
    "no video": (lambda path: path.write_bytes(b"<html>" * 1000), "damaged "),
    "gone": (Path.unlink, "unreadable the file is gone"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "unreadable the file is gone"),
    "a pipe": (lambda path: (path.unlink(), os.mkfifo(path)), "unreadable the file is gone"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_clip_is_named_the_others_go_on_and_the_exit_status_is_4(damage, dataset, out):
    do, said = DAMAGE[damage]
    do(dataset / f"{FIRST}.mp4")
    verdicts, summary = exported("frames", dataset, "--out", out, "--every", 10, expected=4)
    assert verdicts[FIRST].startswith(said)
    assert sum(summary["clips"].values()) == 3
    assert summary["clips"]["exported"] == 2
    assert {path.split("/")[0] for path in tree(out)} == {"test", "validate"}
    assert not (out / LINK).exists()


def test_the_end_of_a_damaged_export_says_what_to_do(dataset, out):
    (dataset / f"{FIRST}.mp4").unlink()
    ran = here("sound", dataset, "--out", out)
    assert ran.returncode == 4
    assert "rebuild" in ran.stderr
    assert "\x1b" not in ran.stderr


def test_an_endless_clip_ends_with_the_pictures_that_it_may_have(dataset, out, tmp_path):
    """A day under a clip's name: a hundred pictures, the last of which is shown for ever."""
    with av.open(str(tmp_path / "long.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        stream.width, stream.height = 64, 48
        for number in range(400):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts = number if number < 399 else RATE * 86_400
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    shutil.copy(tmp_path / "long.mp4", dataset / f"{FIRST}.mp4")
    verdicts, _ = exported("frames", dataset, "--out", out, expected=4)
    assert "more pictures than the 50" in verdicts[FIRST]


@pytest.mark.parametrize("suffix", ["wav", "flac", "m4a"])
def test_the_sound_is_as_long_as_the_clip(fetched_once, out, suffix):
    verdicts, _ = exported("sound", fetched_once, "--out", out, "--format", suffix)
    assert verdicts == dict.fromkeys(CLIPS, "exported")
    assert set(tree(out)) == {f"{folder}.{suffix}" for folder in (*CLIPS, LINK)}
    assert (out / f"{LINK}.{suffix}").samefile(out / f"{FIRST}.{suffix}")
    for folder, (_, frames) in CLIPS.items():
        with av.open(str(out / f"{folder}.{suffix}")) as container:
            samples = sum(frame.samples for frame in container.decode(audio=0))
            rate_hz = container.streams[0].codec_context.sample_rate
        assert abs(samples - frames / RATE * rate_hz) <= (1024 if suffix == "m4a" else 1)


def test_the_samples_that_are_asked_for_are_written(fetched_once, out):
    exported("sound", fetched_once, "--out", out, "--rate", 16000, "--mono")
    with wave.open(str(out / f"{FIRST}.wav")) as file:
        assert file.getparams()[:4] == (1, 2, 16000, 32000)


def test_clips_without_sound_are_counted_and_no_error(youtube, tmp_path, out):
    dataset = fetched(youtube, tmp_path, ROWS[:1], "--no-audio")
    verdicts, summary = exported("sound", dataset, "--out", out)
    assert (verdicts, summary["clips"]) == ({FIRST: "silent"}, {"silent": 1})
    assert tree(out) == {}


def test_frames_and_sound_may_share_a_directory(fetched_once, out):
    exported("frames", fetched_once, "--out", out, "--every", 100)
    exported("sound", fetched_once, "--out", out)
    assert len(tree(out)) == 8


REFUSED = {
    "other pictures": ["frames", "{dataset}", "--out", "{out}", "--every", "2"],
    "another quality": ["frames", "{dataset}", "--out", "{out}", "--quality", "5"],
    "another size": ["frames", "{dataset}", "--out", "{out}", "--short-side", "64"],
    "somebody's directory": ["frames", "{dataset}", "--out", "{full}"],
    "a file": ["frames", "{dataset}", "--out", "{full}/file"],
    "the dataset": ["sound", "{dataset}", "--out", "{dataset}"],
    "inside the dataset": ["sound", "{dataset}", "--out", "{dataset}/sound"],
    "around the dataset": ["sound", "{dataset}", "--out", "{dataset}/.."],
    "a link to the dataset": ["sound", "{dataset}", "--out", "{full}/link"],
    "no dataset": ["frames", "{full}", "--out", "{new}"],
    "no out": ["frames", "{dataset}"],
    "every none": ["frames", "{dataset}", "--out", "{new}", "--every", "0"],
    "too good": ["frames", "{dataset}", "--out", "{new}", "--quality", "0"],
    "too bad": ["frames", "{dataset}", "--out", "{new}", "--quality", "95"],
    "too small": ["frames", "{dataset}", "--out", "{new}", "--short-side", "8"],
    "no jobs": ["frames", "{dataset}", "--out", "{new}", "--jobs", "0"],
    "no such class": ["frames", "{dataset}", "--out", "{new}", "--class", "jugling"],
    "no such split": ["sound", "{dataset}", "--out", "{new}", "--split", "tran"],
    "no such format": ["sound", "{dataset}", "--out", "{new}", "--format", "mp3"],
    "no such rate": ["sound", "{dataset}", "--out", "{new}", "--rate", "1"],
    "a rate that AAC has not": ["sound", "{dataset}", "--out", "{new}", "--format", "m4a", "--rate", "11111"],
}


@pytest.fixture(scope="module")
def places(fetched_once, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("places")
    exported("frames", fetched_once, "--out", folder / "out", "--every", 25)
    (folder / "full").mkdir()
    (folder / "full" / "file").write_text("mine")
    (folder / "full" / "link").symlink_to(fetched_once)
    return {"dataset": fetched_once, "out": folder / "out", "full": folder / "full", "new": folder / "new"}


@pytest.mark.parametrize("mistake", REFUSED)
def test_a_mistake_is_one_plain_line_and_nothing_is_written(mistake, places):
    before = {place: tree(folder) for place, folder in places.items()}
    ran = here(*(word.format(**places) for word in REFUSED[mistake]))
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1), ran.stderr
    assert {place: tree(folder) for place, folder in places.items()} == before
    assert not places["new"].exists()


def test_two_at_a_time_do_not_fill_one_directory(fetched_once, out):
    from clipset.export.kinds import Frames  # noqa: PLC0415
    from clipset.export.tree import taken  # noqa: PLC0415
    from clipset.media.forms import PictureForm  # noqa: PLC0415

    with taken(out, fetched_once, Frames(PictureForm()), "exact-h360"):
        ran = here("frames", fetched_once, "--out", out)
    assert (ran.returncode, "in use by" in ran.stderr) == (2, True)


def test_a_link_in_the_tree_that_leads_out_of_it_is_not_followed(fetched_once, out, tmp_path):
    exported("frames", fetched_once, "--out", out, "--class", "cycling")
    (tmp_path / "elsewhere").mkdir()
    (out / "test").symlink_to(tmp_path / "elsewhere")
    ran = here("frames", fetched_once, "--out", out)
    assert (ran.returncode, "symbolic link" in ran.stderr) == (5, True)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_size_limit_ends_it_with_5_and_leaves_no_half_file(fetched_once, out):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        ran = here("sound", fetched_once, "--out", out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert (ran.returncode, "make room and run again" in ran.stderr) == (5, True), ran.stderr
    assert tree(out) == {}
    assert not list((out / ".clipset-drafts").iterdir())


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 512 KiB: one clip's pictures fit, but not all."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = [shutil.which("mount") or "mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield place
    subprocess.run([shutil.which("umount") or "umount", str(place)], check=True)


def test_a_full_disk_ends_it_with_5_and_leaves_no_half_folder(fetched_once, small_disk):
    ran = here("frames", fetched_once, "--out", small_disk / "out")
    assert (ran.returncode, "make room and run again" in ran.stderr) == (5, True), ran.stderr
    whole = [folder for folder in (*CLIPS, LINK) if (small_disk / "out" / folder).exists()]
    assert whole
    assert set(tree(small_disk / "out")) == expected_files(*whole)
    assert not list((small_disk / "out" / ".clipset-drafts").iterdir())


@pytest.fixture(scope="module")
def many(fetched_once, tmp_path_factory) -> Path:
    """A dataset of sixteen clips."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "old").mkdir()
    rows = [("x", f"video{number:06d}", 1, 3, "train") for number in range(16)]
    for _, video_id, *_ in rows:
        shutil.copy(fetched_once / f"{FIRST}.mp4", folder / "old" / f"{video_id}_000001_000003.mp4")
    annotations = write_list(folder / "list.csv", rows)
    assert here("adopt", folder / "dataset", annotations, "--from", folder / "old").returncode == 0
    return folder / "dataset"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_it_every_folder_is_complete_and_the_next_run_makes_the_rest(many, out, how):
    words = ("frames", many, "--out", out, "--json")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(clipset_command(*words), env=environment(), **pipes) as run:
        run.stdout.readline()
        time.sleep(0.05)  # into the middle of a clip
        run.send_signal(how)
        _, said = run.communicate(timeout=60)
    drafts = list((out / ".clipset-drafts").iterdir())
    if how is signal.SIGKILL:
        assert run.returncode == -signal.SIGKILL
    else:
        assert (run.returncode, "again to go on" in said, "Traceback" in said) == (3, True, False), said
        assert drafts == []
    folders = list((out / "train" / "x").iterdir())
    assert 1 <= len(folders) < 16
    assert {len(list(folder.iterdir())) for folder in folders} == {50}
    _, summary = exported(*words[:-1])
    assert summary["clips"] == {"exported": 16 - len(folders), "known": len(folders)}
    assert len(tree(out)) == 16 * 50
    assert not list((out / ".clipset-drafts").iterdir())
