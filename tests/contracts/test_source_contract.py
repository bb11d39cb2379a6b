"""What every source promises. A plug-in's tests inherit SourceContract and say which jobs their source serves."""

from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from clipset.sources.folder import FolderSource
from clipset.sources.folder_index import FolderIndex
from clipset.types import Clip, ClipsetError, Located, Meter, Source, Span, VideoJob, Wanted

ID, OTHER_ID = "-b_d-f_h-jk", "aaaaaaaaaaa"
S = 1_000_000
CONTENT = bytes(range(256)) * 400


def job(video_id: str, *starts_s: int) -> VideoJob:
    clips = [Clip(video_id, Span(start * S, (start + 10) * S)) for start in starts_s]
    return VideoJob(video_id, tuple(Wanted(clip, (f"train/a label/{clip.id}.mp4",)) for clip in clips))


class SourceContract(ABC):
    """Inherit, and give a source that has video ID with CONTENT as its (first) file, and not video OTHER_ID."""

    @pytest.fixture
    @abstractmethod
    def source(self) -> Source: ...

    def located(self, source: Source, wanted: VideoJob, meter: Meter) -> list[Located]:
        with source.locate(wanted, meter) as found:
            return list(found)

    def test_it_has_a_name(self, source: Source) -> None:
        assert source.name.isidentifier()

    def test_it_locates_each_clip_it_has_once_and_no_other(self, source: Source) -> None:
        wanted = job(ID, 10, 30, 30, 50)
        clips = [want.clip for item in self.located(source, wanted, Meter()) for want in item.wanted]
        assert sorted(clips) == sorted(want.clip for want in wanted.wanted)

    def test_what_it_does_not_have_is_not_yielded_or_fails_with_a_reason(self, source: Source) -> None:
        try:
            assert self.located(source, job(OTHER_ID, 10), Meter()) == []
        except ClipsetError as error:
            assert error.failure.disposition != "stop"  # noqa: PT017 - one of two ways, both right

    def test_it_serves_the_bytes_of_the_file_and_ends_with_it(self, source: Source) -> None:
        with source.locate(job(ID, 10), Meter()) as found:
            video = next(found).media.video
            assert video.read(0, 10) == CONTENT[:10]
            assert video.read(1000, 70_000) == CONTENT[1000:70_000]
            assert video.read(len(CONTENT) - 5, len(CONTENT) + 5) == CONTENT[-5:]
            assert video.read(len(CONTENT), len(CONTENT) + 5) == b""
            assert video.read(7, 7) == b""
            assert video.size_bytes == len(CONTENT)

    def test_a_file_begins_at_or_before_the_clips_it_serves(self, source: Source) -> None:
        for item in self.located(source, job(ID, 10, 30), Meter()):
            assert 0 <= item.media.origin_us <= min(want.clip.span.start_us for want in item.wanted)

    def test_what_it_cost_is_metered(self, source: Source) -> None:
        meter = Meter()
        with source.locate(job(ID, 10), meter) as found:
            next(found).media.video.read(0, 50_000)
        assert meter.requests == 0 or meter.fetched_bytes >= 50_000
        assert meter.seconds >= 0

    def test_a_job_costs_nothing_to_the_meter_of_another(self, source: Source) -> None:
        first, second = Meter(), Meter()
        self.located(source, job(ID, 10), first)
        before = first.requests, first.fetched_bytes
        self.located(source, job(ID, 30), second)
        assert (first.requests, first.fetched_bytes) == before

    def test_leaving_early_leaves_nothing_behind(self, source: Source) -> None:
        with source.locate(job(ID, 10, 30), Meter()) as found:
            next(found)
        assert self.located(source, job(ID, 10), Meter())

    def test_an_error_in_the_middle_passes_through(self, source: Source) -> None:
        with pytest.raises(KeyError), source.locate(job(ID, 10), Meter()):
            raise KeyError
        assert self.located(source, job(ID, 10), Meter())

    def test_it_can_be_closed_unused_and_twice(self, source: Source) -> None:
        source.close()
        source.close()


class TestFolderOfWholeVideos(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        (tmp_path / f"A title [{ID}].mkv").write_bytes(CONTENT)
        return FolderSource(FolderIndex(tmp_path))


class TestFolderOfReadyClips(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        for start_s in (10, 30, 50):
            (tmp_path / f"{ID}_{start_s:06d}_{start_s + 10:06d}.mp4").write_bytes(CONTENT)
        return FolderSource(FolderIndex(tmp_path))
