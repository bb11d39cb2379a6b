"""What every sink promises. A sink's own test inherits SinkContract and gives the `sink` fixture."""

import threading
from pathlib import Path

import pytest

from clipset.sinks import FolderSink, ObjectSink, Place
from clipset.sinks.stores import open_store
from clipset.types import Sink

CLIP = "train/riding_a_bike/abcdefghijk_000001_000011.mp4"
SAME_CLIP = "val/cycling/abcdefghijk_000001_000011.mp4"
REFUSED = ["/etc/passwd", "../clip.mp4", "train/../../clip.mp4", "", ".", "train/a\0b.mp4", ".clipset/ledger.db"]


def content(sink: Sink, path: str) -> bytes | None:
    stream = sink.get(path)
    return None if stream is None else stream.read(0, stream.size_bytes or 0)


class SinkContract:
    """Behaviour, seen through the protocol alone."""

    @pytest.fixture
    def sink(self) -> Sink:
        raise NotImplementedError("give a fresh, empty sink")

    def test_what_was_put_can_be_got(self, sink: Sink) -> None:
        sink.put(CLIP, b"frames")
        assert content(sink, CLIP) == b"frames"

    def test_a_clip_that_was_never_put_is_none(self, sink: Sink) -> None:
        assert sink.get(CLIP) is None

    def test_a_folder_is_no_clip(self, sink: Sink) -> None:
        sink.put(CLIP, b"frames")
        assert sink.get("train/riding_a_bike") is None
        assert sink.get(f"{CLIP}/below") is None

    def test_putting_again_replaces(self, sink: Sink) -> None:
        sink.put(CLIP, b"a longer first version")
        sink.put(CLIP, b"second")
        assert content(sink, CLIP) == b"second"

    def test_reads_are_half_open_and_end_with_the_file(self, sink: Sink) -> None:
        sink.put(CLIP, b"0123456789")
        stream = sink.get(CLIP)
        assert stream is not None
        assert stream.size_bytes == 10
        assert [stream.read(2, 5), stream.read(8, 99), stream.read(99, 100), stream.read(5, 5)] == [
            b"234",
            b"89",
            b"",
            b"",
        ]

    def test_a_link_has_the_content_of_its_target(self, sink: Sink) -> None:
        sink.put(CLIP, b"frames")
        sink.link(SAME_CLIP, CLIP)
        assert content(sink, SAME_CLIP) == b"frames"

    def test_linking_is_idempotent_and_replaces(self, sink: Sink) -> None:
        sink.put(CLIP, b"frames")
        sink.put(SAME_CLIP, b"something old")
        for _ in range(2):
            sink.link(SAME_CLIP, CLIP)
            sink.link(CLIP, CLIP)
        assert content(sink, SAME_CLIP) == content(sink, CLIP) == b"frames"

    def test_replacing_the_target_is_seen_by_nobody_else_before_it_is_complete(self, sink: Sink) -> None:
        sink.put(CLIP, b"frames")
        stream = sink.get(CLIP)
        sink.put(CLIP, b"FRAMES")
        assert stream is not None
        assert stream.read(0, 6) in {b"frames", b"FRAMES"}

    def test_a_link_to_nothing_is_an_error_and_leaves_nothing(self, sink: Sink) -> None:
        with pytest.raises(FileNotFoundError):
            sink.link(SAME_CLIP, CLIP)
        assert sink.get(SAME_CLIP) is None

    @pytest.mark.parametrize("path", REFUSED)
    def test_a_path_that_leaves_the_dataset_is_refused(self, sink: Sink, path: str) -> None:
        sink.put(CLIP, b"frames")
        for act in (lambda: sink.put(path, b"x"), lambda: sink.get(path), lambda: sink.link(path, CLIP)):
            with pytest.raises(ValueError, match="not a path"):
                act()

    def test_an_empty_clip_and_a_large_one_come_back_whole(self, sink: Sink) -> None:
        for data in (b"", bytes(range(256)) * 40_000):
            sink.put(CLIP, data)
            assert content(sink, CLIP) == data

    def test_names_in_any_script_and_ids_that_begin_with_a_hyphen_work(self, sink: Sink) -> None:
        path = "train/スキー_(l'été)/-bcdefghij-_000001_000011.mp4"
        sink.put(path, b"frames")
        assert content(sink, path) == b"frames"

    def test_threads_that_put_into_one_new_folder_do_not_disturb_each_other(self, sink: Sink) -> None:
        paths = [f"train/new/{number:011d}_000000_000001.mp4" for number in range(16)]
        threads = [threading.Thread(target=sink.put, args=(path, path.encode())) for path in paths]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [content(sink, path) for path in paths] == [path.encode() for path in paths]


class TestFolderSink(SinkContract):
    @pytest.fixture
    def sink(self, tmp_path: Path) -> Sink:
        return FolderSink(tmp_path / "dataset")


class TestFolderElsewhere(SinkContract):
    @pytest.fixture
    def sink(self, tmp_path: Path) -> Sink:
        return Place(tmp_path / "dataset", f"file://{tmp_path}/elsewhere").open(threading.Event())


class TestS3Sink(SinkContract):
    @pytest.fixture
    def sink(self, bucket: str, tmp_path: Path) -> Sink:
        return Place(tmp_path, f"s3://{bucket}/a prefix/of two").open(threading.Event())


class TestSinkOfAnotherFileSystem(SinkContract):
    """Through nothing but what every file system of fsspec has."""

    @pytest.fixture
    def sink(self, tmp_path: Path) -> Sink:
        never = threading.Event()
        return ObjectSink(open_store("memory", never), f"/{tmp_path.name}", "memory://", never)
