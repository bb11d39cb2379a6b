"""FolderSink beyond the contract: what lies on the disk, and what happens when the disk says no."""

import errno
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clipset.durable import plain_os_errors
from clipset.reasons import Reason
from clipset.sinks import FolderSink
from clipset.sinks.folders import link_or_copy
from clipset.space import TemporarySpace
from clipset.types import ClipsetError

CLIP = "train/riding_a_bike/abcdefghijk_000001_000011.mp4"
OTHER = "val/cycling/abcdefghijk_000001_000011.mp4"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "dataset"


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def refused(act: object) -> Reason:
    with pytest.raises(ClipsetError) as caught:
        act()
    return caught.value.failure.reason


def test_only_the_clip_is_left_after_a_put(root: Path) -> None:
    FolderSink(root).put(CLIP, b"frames")
    assert files(root) == {CLIP}


def test_a_draft_takes_temporary_space_until_it_is_the_clip(root: Path, tmp_path: Path) -> None:
    space, outside = TemporarySpace(), tmp_path / "old.mp4"
    sink = FolderSink(root, space)
    for data in (b"frames", b"more frames", b"few"):
        sink.put(CLIP, data)
    assert space.peak_bytes == len(b"more frames")
    outside.write_bytes(b"the frames of somebody else")
    sink.take(OTHER, outside, copies=True)
    assert space.peak_bytes == outside.stat().st_size


def test_a_draft_that_failed_takes_no_space_any_more(root: Path) -> None:
    space = TemporarySpace()
    (root / CLIP).mkdir(parents=True)
    assert refused(lambda: FolderSink(root, space).put(CLIP, b"frames")) is Reason.NO_PERMISSION
    space.hold().grow(6)
    assert space.peak_bytes == 6


def test_a_link_is_the_same_file_and_costs_no_bytes(root: Path) -> None:
    space = TemporarySpace()
    sink = FolderSink(root, space)
    sink.put(CLIP, b"")
    for _ in range(2):  # renaming a link over the same file would leave the draft behind
        sink.link(OTHER, CLIP)
    assert (root / OTHER).samefile(root / CLIP)
    assert files(root) == {CLIP, OTHER}
    assert space.peak_bytes == 0


@pytest.mark.parametrize("copies", [False, True])
def test_a_file_from_outside_is_taken_as_it_is_and_never_written_to(root: Path, tmp_path: Path, copies: bool) -> None:
    sink, outside = FolderSink(root), tmp_path / "old.mp4"
    outside.write_bytes(b"frames")
    sink.put(CLIP, b"before")
    sink.take(CLIP, outside, copies=copies)
    assert (root / CLIP).samefile(outside) is not copies
    assert files(root) == {CLIP}
    sink.put(CLIP, b"FRAMES")
    assert outside.read_bytes() == b"frames"


def test_replacing_a_linked_clip_leaves_the_other_name_alone(root: Path) -> None:
    sink = FolderSink(root)
    sink.put(CLIP, b"frames")
    sink.link(OTHER, CLIP)
    sink.put(CLIP, b"FRAMES")
    assert (root / OTHER).read_bytes() == b"frames"


def test_where_links_do_not_work_a_copy_is_made(root: Path) -> None:
    """Between two file systems the kernel itself refuses the link."""
    shared = Path("/dev/shm")  # noqa: S108 - a second file system, not a place for secrets
    root.mkdir()
    if not shared.is_dir() or shared.stat().st_dev == root.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    source = shared / f"clipset-test-{os.getpid()}"
    source.write_bytes(b"frames")
    try:
        link_or_copy(source, root / "copy")
    finally:
        source.unlink()
    assert (root / "copy").read_bytes() == b"frames"


def test_a_sweep_removes_the_drafts_of_a_run_that_died_and_nothing_else(root: Path) -> None:
    sink = FolderSink(root)
    sink.put(CLIP, b"frames")
    (root / ".clipset" / "tmp" / "half.draft").write_bytes(b"fra")
    (root / ".clipset" / "lock").touch()
    assert sink.sweep() == 1
    assert files(root) == {CLIP, ".clipset/lock"}


def test_a_sweep_of_a_dataset_that_is_not_there_creates_nothing(root: Path) -> None:
    assert FolderSink(root).sweep() == 0
    assert not root.exists()


def test_a_symbolic_link_out_of_the_dataset_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    root.mkdir()
    (root / "train").symlink_to(tmp_path / "elsewhere")
    sink = FolderSink(root)
    assert refused(lambda: sink.put(CLIP, b"frames")) is Reason.NO_PERMISSION
    assert refused(lambda: sink.get(CLIP)) is Reason.NO_PERMISSION
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_clip_replaced_by_a_link_out_of_the_dataset_is_neither_read_nor_written(root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (root / CLIP).parent.mkdir(parents=True)
    (root / CLIP).symlink_to(secret)
    sink = FolderSink(root)
    assert refused(lambda: sink.get(CLIP)) is Reason.NO_PERMISSION
    assert refused(lambda: sink.put(CLIP, b"frames")) is Reason.NO_PERMISSION
    assert secret.read_bytes() == b"secret"


def test_symbolic_links_that_stay_inside_or_go_in_circles_do_no_harm(root: Path) -> None:
    (root / "train").mkdir(parents=True)
    (root / "val").symlink_to(root / "train")
    (root / "loop").symlink_to(root / "loop")
    sink = FolderSink(root)
    sink.put("val/clip.mp4", b"frames")
    assert (root / "train" / "clip.mp4").read_bytes() == b"frames"
    with pytest.raises((ClipsetError, OSError)):
        sink.put("loop/clip.mp4", b"frames")


def test_the_dataset_itself_may_be_a_symbolic_link(root: Path, tmp_path: Path) -> None:
    root.mkdir()
    (tmp_path / "alias").symlink_to(root)
    FolderSink(tmp_path / "alias").put(CLIP, b"frames")
    assert (root / CLIP).read_bytes() == b"frames"


def test_a_file_where_a_folder_is_needed_is_named(root: Path) -> None:
    root.mkdir()
    (root / "train").write_bytes(b"")
    with pytest.raises(ClipsetError, match="move away what stands there") as caught:
        FolderSink(root).put(CLIP, b"frames")
    assert caught.value.failure.reason is Reason.NO_PERMISSION


@pytest.fixture
def nobody() -> Iterator[None]:
    """Without the rights of root, which no mode can restrict."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


def test_a_folder_without_write_permission_is_no_permission(nobody: None) -> None:
    root = Path(f"/tmp/clipset-test-{os.getpid()}")  # noqa: S108 - the parents of tmp_path are closed to others
    root.mkdir()
    try:
        FolderSink(root).put(CLIP, b"frames")
        (root / CLIP).parent.chmod(0o555)
        assert refused(lambda: FolderSink(root).put(CLIP, b"FRAMES")) is Reason.NO_PERMISSION
        assert files(root) == {CLIP}
        assert (root / CLIP).read_bytes() == b"frames"
    finally:
        (root / CLIP).parent.chmod(0o755)
        shutil.rmtree(root)


def test_a_file_size_limit_is_disk_full_and_leaves_nothing(root: Path) -> None:
    """The limit makes the kernel refuse the write half-way, as a full disk or a quota does."""
    sink = FolderSink(root)
    sink.put(CLIP, b"frames")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        assert refused(lambda: sink.put(CLIP, bytes(20_000))) is Reason.DISK_FULL
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert files(root) == {CLIP}
    assert (root / CLIP).read_bytes() == b"frames"


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield place
    subprocess.run([shutil.which("umount") or "umount", str(place)], check=True)


def test_a_full_disk_is_disk_full_and_the_clips_before_it_stay(tiny_disk: Path) -> None:
    sink = FolderSink(tiny_disk / "dataset")
    sink.put(CLIP, bytes(100_000))
    assert refused(lambda: sink.put(OTHER, bytes(500_000))) is Reason.DISK_FULL
    assert files(tiny_disk / "dataset") == {CLIP}
    sink.put(OTHER, bytes(1_000))


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, Reason.DISK_FULL),
        (errno.EDQUOT, Reason.DISK_FULL),
        (errno.EACCES, Reason.NO_PERMISSION),
        (errno.EPERM, Reason.NO_PERMISSION),
        (errno.EROFS, Reason.NO_PERMISSION),
        (errno.EXDEV, Reason.NO_PERMISSION),
    ],
)
def test_what_the_user_can_mend_is_said_so(number: int, reason: Reason) -> None:
    with (
        pytest.raises(ClipsetError, match=r"cannot write clip\.mp4: .*; ") as caught,
        plain_os_errors(Path("clip.mp4")),
    ):
        raise OSError(number, os.strerror(number))
    assert caught.value.failure.reason is reason


def test_a_broken_disk_stays_an_error_of_the_system() -> None:
    with pytest.raises(OSError, match="Input/output"), plain_os_errors(Path("clip.mp4")):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
