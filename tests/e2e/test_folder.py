"""Videos that are on disk already: real files of many makes, counted alike by the readers of the field."""

import shutil
import sys

import av
import cv2
import pytest
from program import clipset, table, tree, write_list

# file, start and end in seconds
REAL = {
    "R6llTwEh07w.mp4": (1, 9),
    "SOX5yA1l24A.mp4": (2, 9),
    "bigbuckbunny.mp4": (1, 4),
    "flipping_a_pancake.mkv": (2, 5),
    "h265_video.mp4": (0, 1),
    "nasa_13013.mp4": (1, 4),
    "v_SoccerJuggling_g23_c01.avi": (1, 5),
    "video_90.mov": (0, 0.1),
}


def as_libav_counts(path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def as_opencv_counts(path) -> int:
    capture, count = cv2.VideoCapture(str(path)), 0
    while capture.read()[0]:
        count += 1
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == count
    return count


def as_decord_counts(path) -> int:
    if sys.platform != "linux":
        pytest.skip("decord has wheels for Linux only")
    import decord  # noqa: PLC0415 - only where it exists

    return len(decord.VideoReader(str(path)))


@pytest.mark.slow
def test_every_real_video_gives_a_clip_that_all_readers_count_alike(real_data, tmp_path):
    assert {path.name for path in (real_data / "videos").iterdir()} == set(REAL)
    (tmp_path / "videos").mkdir()
    rows = []
    for number, (name, (start_s, end_s)) in enumerate(REAL.items()):
        video_id = f"real{number:07d}"
        shutil.copy(real_data / "videos" / name, tmp_path / "videos" / f"{name} [{video_id}].{name.rpartition('.')[2]}")
        rows.append(("real", video_id, start_s, end_s, "val"))
    annotations = write_list(tmp_path / "list.csv", rows)
    ran = clipset("fetch", annotations, "--out", tmp_path / "out", "--source", f"folder:{tmp_path / 'videos'}")
    assert ran.returncode == 0, ran.stderr
    clips = sorted((tmp_path / "out").rglob("*.mp4"))
    assert len(clips) == len(REAL)
    for clip in clips:
        assert as_libav_counts(clip) == as_opencv_counts(clip) == as_decord_counts(clip)
    assert {row["source"] for row in table(tmp_path / "out" / "stats.csv")} == {"folder"}


def test_ready_clips_serve_the_spans_that_they_cover(real_data, tmp_path):
    (tmp_path / "clips").mkdir()
    shutil.copy(real_data / "videos" / "R6llTwEh07w.mp4", tmp_path / "clips" / "abcdefghijk_000020_000030.mp4")
    rows = [("x", "abcdefghijk", 22, 25, "val"), ("x", "abcdefghijk", 40, 50, "val")]
    annotations = write_list(tmp_path / "list.csv", rows)
    ran = clipset("fetch", annotations, "--out", tmp_path / "out", "--source", f"folder:{tmp_path / 'clips'}")
    assert ran.returncode == 3  # the other may come with another folder
    assert list(tree(tmp_path / "out")) == ["val/x/abcdefghijk_000022_000025.mp4"]
    (row,) = table(tmp_path / "out" / "failed.csv")
    assert (row["reason"], row["disposition"]) == ("absent", "retry")
