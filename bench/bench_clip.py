"""Where a clip's CPU goes, stage by stage: everything in one thread, without the pipe to the media child.

    python -m bench.bench_clip [CLIPS] [--minutes N] [--cache DIR]

Decoding is measured by decoding alone; encoding is what the trim takes above that. The pipe and the loop are what
`bench.bench_throughput` shows beside the media children.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from bench.bench_load import HEADER, NOW_US, give_up
from bench.peers.rows import Row, make_rows, scenario
from clipset.clock import SystemClock
from clipset.ledger import Ledger
from clipset.media import exact, verify
from clipset.media.cache import ByteCache
from clipset.media.layout import read_layout
from clipset.media.limits import Limits
from clipset.media.tracks import MediaFile, Tracks, open_tracks
from clipset.rehearsal import Rehearsal
from clipset.sinks.folders import FolderSink
from clipset.sources.youtube.config import Egress, YouTubeConfig
from clipset.sources.youtube.source import YouTubeSource
from clipset.throttle.gate import Gate
from clipset.throttle.policy import Mode, Policy
from clipset.throttle.state import EgressState
from clipset.types import (
    Annotation,
    Attempt,
    ByteStream,
    Cost,
    MediaInput,
    Meter,
    Outcome,
    Recipe,
    Span,
    Stored,
    VideoJob,
)  # fmt: skip

STAGES = ("resolve", "fetch", "open", "decode", "encode", "verify", "store", "record")
LIMITS = Limits()


class Stopwatch:
    """CPU seconds of this thread by stage; a stage within another is not counted in that."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._within = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        before, began_s, self._within = self._within, time.thread_time(), 0.0
        try:
            yield
        finally:
            taken_s = time.thread_time() - began_s
            self.seconds[name] += taken_s - self._within
            self._within = before + taken_s


def make_clip(job: VideoJob, source: YouTubeSource, sink: FolderSink, ledger: Ledger, watch: Stopwatch) -> None:
    """All that becomes of a job, as `materialise` and the media child do it."""
    want = job.wanted[0]
    with watch.stage("resolve"):
        context = source.locate(job, Meter())
        located = next(context.__enter__())
    span, pulse = want.clip.span, lambda: None
    with _opened(located.media, span, watch) as tracks, watch.stage("decode"):
        for _ in tracks.pictures(tracks.picture_packets()):
            pass
    again = Stopwatch()
    with _opened(located.media, span, again) as tracks, again.stage("trim"):
        draft = exact.trim(tracks, None, "", pulse)
    assert draft is not None
    watch.seconds["encode"] = again.seconds["trim"] - watch.seconds["decode"]
    with watch.stage("verify"):
        seen = verify.decode_clip(BytesIO(draft.data), LIMITS, pulse)
        verify.compare(seen, draft)
    with watch.stage("store"):
        sink.put(want.paths[0], draft.data)
    context.__exit__(None, None, None)
    stored = Stored(want.paths[0], len(draft.data), "0" * 64, seen.facts())
    with watch.stage("record"):
        outcome = Outcome(job, (Attempt(want.clip, stored, "youtube", "direct", Cost()),))
        ledger.record_all([outcome], 1, NOW_US, give_up)


@contextmanager
def _opened(media: MediaInput, span: Span, watch: Stopwatch) -> Iterator[Tracks]:
    with watch.stage("open"):
        video = _file(media.video, media.index_bytes[0], watch)
        audio = _file(media.audio, media.index_bytes[1], watch) if media.audio is not None else video
        tracks = open_tracks(video, audio, span, LIMITS)
    yield tracks
    tracks.close()


def _file(stream: ByteStream, hint: tuple[int, int] | None, watch: Stopwatch) -> MediaFile:
    def fetch(start: int, end: int) -> tuple[bytes, int | None]:
        with watch.stage("fetch"):
            return stream.read(start, end), stream.size_bytes

    cache = ByteCache(fetch, stream.size_bytes, LIMITS.fetched_bytes)
    return MediaFile(cache, read_layout(cache, hint))


def bench(rows: Sequence[Row], cache: Path | None, folder: Path) -> list[dict[str, float]]:
    """CPU seconds by stage of each clip."""
    annotations = [Annotation(row.video_id, row.start_s * 10**6, row.end_s * 10**6, "x", "x") for row in rows]
    stop, clock = threading.Event(), SystemClock()
    gate = Gate("direct", EgressState(), Policy(Mode.UNLIMITED), clock, stop)
    path_of: Callable[[Annotation], str] = lambda row: f"{row.clip.id}.mp4"  # noqa: E731
    seconds = []
    with Rehearsal(scenario(rows), cache=cache) as youtube, Ledger.open(folder) as ledger:
        youtube.prepare(row.video_id for row in rows)
        plan = ledger.load(HEADER, iter(annotations), path_of).plan_id
        session = ledger.start_session(NOW_US, "{}", "{}")
        source = YouTubeSource(YouTubeConfig(youtube.origin), [Egress()], {"direct": gate}, stop, Recipe())
        for job in ledger.next_jobs([plan], NOW_US, len(rows), (), session):
            watch = Stopwatch()
            make_clip(job, source, FolderSink(folder), ledger, watch)
            seconds.append(watch.seconds)
        source.close()
    return seconds[1:]  # the first one also pays for what is imported late


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="?", type=int, default=13)
    parser.add_argument("--minutes", type=int, default=5)
    parser.add_argument("--cache", type=Path, help="keep generated media here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        seconds = bench(make_rows(asked.minutes, 10)[: asked.clips], asked.cache, Path(name))
    means = {stage: statistics.mean(clip[stage] for clip in seconds) for stage in STAGES}
    print(f"| stage | CPU ms a clip | share |\n|---|---|---|  ({len(seconds)} clips)")
    for stage, mean_s in means.items():
        print(f"| {stage} | {mean_s * 1000:.1f} | {mean_s / sum(means.values()):.1%} |")


if __name__ == "__main__":
    main()
