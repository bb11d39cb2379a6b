"""Videos and clips that are on disk already."""

import logging
import os
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipset.reasons import Reason
from clipset.sources.folder import FolderSource, LocalStream
from clipset.sources.folder_index import _CANDIDATE, FolderIndex
from clipset.types import Clip, ClipsetError, Meter, Span, VideoJob, Wanted

ID = "a-b_c-d_e-f"
S = 1_000_000


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def served(root: Path, *spans: tuple[float, float], video_id: str = ID) -> dict[str, tuple[str, int]]:
    """Which file serves each wanted clip, and where its time begins, in seconds."""
    wanted = tuple(Wanted(Clip(video_id, Span(int(a * S), int(b * S))), ("x",)) for a, b in spans)
    source, meter, found = FolderSource(FolderIndex(root)), Meter(), {}
    with source.locate(VideoJob(video_id, wanted), meter) as located:
        for item in located:
            name = item.media.video.read(0, 999).decode()
            found |= {want.clip.id: (name, item.media.origin_us // S) for want in item.wanted}
    assert meter == Meter()
    return found


# name of the file, id that is asked for, and what of the video it holds
NAMES = {
    f"{ID}.mp4": (ID, "whole"),
    f"deep/er/{ID}.MKV": (ID, "whole"),
    f"A title [{ID}].webm": (ID, "whole"),
    f"A title ({ID}).mov": (ID, "whole"),
    f"A title-{ID}.mp4": (ID, "whole"),
    "v_g23_c01_aaaa.avi": ("g23_c01_aaaa"[:11], None),
    f"v_{ID}.avi": (ID, "whole"),
    "-2345678901.mp4": ("-2345678901", "whole"),
    "_2345678901.mp4": ("_2345678901", "whole"),
    "---------0-_000010_000020.mp4": ("---------0-", 10),
    f"{ID}_000010_000020.mp4": (ID, 10),
    f"{ID}_10_20.mp4": (ID, 10),
    f"{ID}_000010.000_000020.500.mp4": (ID, 10),
    f"val_{ID}_000010_000020.mp4": (ID, 10),
    f"{ID}_000030.mp4": (ID, None),  # a start alone does not say how much is there
    f"{ID}_20_10.mp4": (ID, None),
    f"{ID}-scene-001.mp4": (ID, None),
    f"{ID}.f137.mp4": (ID, None),
    f"{ID}.temp.mp4": (ID, None),
    f"{ID}.mp4.part": (ID, None),
    f"._{ID}.mp4": (ID, None),
    f"{ID}.txt": (ID, None),
    f"x{ID}.mp4": (ID, None),  # a longer name's middle is no id
    f"{ID}x.mp4": (ID, None),
    f"{ID}_{10**30}_{10**31}.mp4": (ID, None),
}


@pytest.mark.parametrize("name", NAMES)
def test_the_name_tells_what_a_file_holds(tmp_path: Path, name: str) -> None:
    video_id, holds = NAMES[name]
    found = served(tree(tmp_path, name), (12, 18), video_id=video_id)
    origin_s = 0 if holds == "whole" else holds
    assert list(found.values()) == ([] if holds is None else [(name, origin_s)])


@given(
    st.text(string.ascii_letters + string.digits + "-_", min_size=11, max_size=11),
    st.sampled_from(["{}", "v_{}", "title [{}]", "a-{}", "{}_000001_000011", "{}_1.5_2.5"]),
)
def test_every_id_is_found_in_every_kind_of_name(video_id: str, pattern: str) -> None:
    assert video_id in _CANDIDATE.findall(pattern.format(video_id))


def test_a_whole_video_is_preferred_and_the_largest_of_several(tmp_path: Path) -> None:
    tree(tmp_path, f"{ID}.mp4", f"{ID}_10_20.mp4", f"a longer name [{ID}].mp4")
    assert served(tmp_path, (10, 20), (300, 310)) == {
        f"{ID}_000010_000020": (f"a longer name [{ID}].mp4", 0),
        f"{ID}_000300_000310": (f"a longer name [{ID}].mp4", 0),
    }


def test_the_tightest_ready_clip_serves_and_others_stay_with_the_next_source(tmp_path: Path) -> None:
    tree(tmp_path, f"{ID}_0_100.mp4", f"{ID}_9_21.mp4", f"{ID}_11_20.mp4")
    assert served(tmp_path, (10, 20), (50, 60), (95, 105)) == {
        f"{ID}_000010_000020": (f"{ID}_9_21.mp4", 9),
        f"{ID}_000050_000060": (f"{ID}_0_100.mp4", 0),
    }


def test_another_videos_files_are_never_served(tmp_path: Path) -> None:
    assert served(tree(tmp_path, "aaaaaaaaaaa.mp4"), (10, 20)) == {}


def test_linked_folders_are_walked_once_and_loops_end(tmp_path: Path) -> None:
    tree(tmp_path, f"a/{ID}_1_11.mp4")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert len(FolderIndex(tmp_path).files(ID)) == 1


def test_pipes_and_broken_links_are_no_videos(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"{ID}.mp4")
    (tmp_path / f"{ID}.mkv").symlink_to(tmp_path / "nowhere")
    assert served(tmp_path, (10, 20)) == {}


def test_a_folder_named_like_a_video_is_walked(tmp_path: Path) -> None:
    assert len(FolderIndex(tree(tmp_path, f"{ID}.mp4/{ID}.mp4")).files(ID)) == 1


def test_an_unreadable_folder_is_reported_once_and_the_rest_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tree(tmp_path, f"good/{ID}.mp4", "locked/aaaaaaaaaaa.mp4")
    scandir = os.scandir

    def locked(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    index = FolderIndex(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert index.files(ID)
        assert not index.files("aaaaaaaaaaa")
    assert len(caplog.records) == 1
    assert index.unreadable == [f"{tmp_path}/locked (Permission denied)"]


def test_a_missing_root_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no folder"):
        FolderIndex(tmp_path / "nowhere")


def test_a_file_that_vanished_since_the_walk_is_absent(tmp_path: Path) -> None:
    index = FolderIndex(tree(tmp_path, f"{ID}.mp4"))
    assert index.files(ID)
    (tmp_path / f"{ID}.mp4").unlink()
    job = VideoJob(ID, (Wanted(Clip(ID, Span(0, S)), ("x",)),))
    with FolderSource(index).locate(job, Meter()) as located, pytest.raises(ClipsetError) as failed:
        next(located)
    assert failed.value.failure.reason is Reason.ABSENT


def test_names_that_are_no_utf_8_are_found_and_can_be_spoken_of(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9 [" + ID.encode() + b"].mp4"
    try:
        Path(os.fsdecode(path)).touch()
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    index = FolderIndex(tmp_path)
    assert index.files(ID)
    Path(os.fsdecode(path)).unlink()
    with pytest.raises(ClipsetError) as failed, LocalStream.opened(index.files(ID)[0].path):
        pass
    failed.value.failure.detail.encode()


def test_reads_end_where_the_file_ends(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(100)))
    with LocalStream.opened(path) as stream:
        assert stream.size_bytes == 100
        assert stream.read(10, 20) == bytes(range(10, 20))
        assert stream.read(90, 200) == bytes(range(90, 100))
        assert stream.read(100, 200) == b""


def test_a_file_is_open_only_while_it_is_at_hand(tmp_path: Path) -> None:
    tree(tmp_path, f"{ID}_0_10.mp4", f"{ID}_20_30.mp4")
    wanted = tuple(Wanted(Clip(ID, Span(a * S, (a + 10) * S)), ("x",)) for a in (0, 20))
    open_before = set(Path("/dev/fd").iterdir())
    with FolderSource(FolderIndex(tmp_path)).locate(VideoJob(ID, wanted), Meter()) as located:
        next(located)
        next(located)
        assert len(set(Path("/dev/fd").iterdir()) - open_before) == 1
    assert set(Path("/dev/fd").iterdir()) == open_before
