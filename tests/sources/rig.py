"""A fake YouTube, a gate that keeps a diary, and sources between them."""

import math
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from fake_youtube import FakeYouTube

from clipset.sources.youtube.config import Egress, YouTubeConfig
from clipset.sources.youtube.source import YouTubeSource
from clipset.types import Clip, ClipsetError, Cooling, Failure, Meter, Recipe, Span, VideoJob, Wanted

sys.path.append(str(Path(__file__).parents[1] / "contracts"))  # the suite that every source inherits

VIDEO_ID = "-bc_efg-ijk"


class DiaryGate:
    """Notes what the source tells it; cooling when a test says so."""

    def __init__(self) -> None:
        self.diary: list[str] = []
        self.details: list[str] = []
        self.cooling = False

    def enter(self) -> None:
        self.check()
        self.diary.append("enter")

    def check(self) -> None:
        if self.cooling:
            raise Cooling

    def refused(self, retry_after_s: float | None, detail: str) -> None:
        self.diary.append("refused" if retry_after_s is None else f"refused for {retry_after_s:g} s")
        self.details.append(detail)

    def succeeded(self) -> None:
        self.diary.append("succeeded")


class HandClock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.time_us = 2_000_000_000_000_000  # in 2033
        self.waits_s: list[float] = []

    def now_us(self) -> int:
        return self.time_us

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        self.waits_s.append(seconds)
        self.time_us += math.ceil(seconds * 1e6)
        return stop.is_set()


class Rig:
    """A source on the fake YouTube, with all that a test looks at."""

    def __init__(self, youtube: FakeYouTube) -> None:
        self.youtube = youtube
        self.gate = DiaryGate()
        self.clock = HandClock()
        self.stop = threading.Event()
        self.meter = Meter()
        self._sources: list[YouTubeSource] = []

    def source(self, egress: Egress | None = None, recipe: Recipe | None = None, **config: Any) -> YouTubeSource:
        egress = egress or Egress()
        settings = YouTubeConfig(**({"origin": self.youtube.origin} | config))
        source = YouTubeSource(
            settings, [egress], {egress.name: self.gate}, self.stop, recipe or Recipe(), clock=self.clock
        )
        self._sources.append(source)
        return source

    def close(self) -> None:
        for source in self._sources:
            source.close()

    def failure(self, video_id: str = VIDEO_ID, **config: Any) -> Failure:
        with pytest.raises(ClipsetError) as failed, self.source(**config).locate(job(video_id), self.meter):
            pass
        return failed.value.failure


def job(video_id: str = VIDEO_ID, *starts_s: int) -> VideoJob:
    spans = [Span(start * 1_000_000, (start + 10) * 1_000_000) for start in starts_s or (30,)]
    return VideoJob(video_id, tuple(Wanted(Clip(video_id, span), (f"{span.start_us}.mp4",)) for span in spans))
