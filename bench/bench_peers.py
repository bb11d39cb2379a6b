"""clipset beside what people use today: the same rows from the same modelled line, on this machine.

    python -m bench.bench_peers [--quick] [--minutes N] [--rounds N] [--only NAME...] [--cache DIR]

The offline YouTube answers after 30 ms over a line of 60 Mbit/s that all share; peers are an unmodified yt-dlp with a
plug-in that sends it there, and the ffmpeg of a wheel. Rounds alternate the order. Every clip is decoded and the frame
counter in its pictures read. Bytes and requests are the server's count; CPU is that of all processes of a contender.
"At best" is what bytes and CPU allow on a machine that does nothing else. Beside each rate stands how many times faster
clipset is.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av

from bench.peers.contenders import CONTENDERS, Contender, Site
from bench.peers.rows import LINE, Row, least_bytes, make_rows, scenario
from bench.peers.watch import Watch
from clipset.rehearsal import Rehearsal
from clipset.rehearsal.counter import CounterError, read_frame
from clipset.rehearsal.media import MediaLibrary

LIMIT_S = 600.0
_SETTLE_S = 0.5  # until the server has noticed that a client left
TITLES = (
    *("contender", "clips/min", "x", "at best", "x", "MB/clip", "of least", "requests"),
    *("CPU s/clip", "memory MB", "scratch MB", "exact"),
)


@dataclass(slots=True)
class Score:
    """Sums over rounds; peaks are the largest."""

    clips: int = 0
    exact: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    sent_bytes: int = 0
    least_bytes: int = 0
    requests: int = 0
    peak_bytes: int = 0
    scratch_bytes: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def clips_per_min(self) -> float:
        return self.clips / self.wall_s * 60

    @property
    def best_per_min(self) -> float:
        """What the bytes allow on this line and the CPU seconds on these cores, whichever is less."""
        bound_s = max(self.sent_bytes / (LINE.rate_bytes_per_s or 1), self.cpu_s / (os.cpu_count() or 1))
        return self.clips / bound_s * 60


def measure(contender: Contender, rows: Sequence[Row], cache: Path, score: Score) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="clipset-peers-") as name,
        Rehearsal(scenario(rows), cache=cache) as youtube,
    ):
        site = Site(youtube.origin, Path(name, "out"), Path(name, "scratch"))
        site.out.mkdir()
        site.scratch.mkdir()
        with Watch(site.scratch) as watch:
            try:
                contender.make(rows, site)
            except subprocess.CalledProcessError as error:
                score.faults.append((error.stderr.strip() or str(error)).splitlines()[-1])
        time.sleep(_SETTLE_S)
        log = youtube.log
        frames = [_frames(site.out / f"{row.video_id}.mp4") for row in rows]
    score.clips += sum(map(bool, frames))
    score.exact += sum(row.frames == shown for row, shown in zip(rows, frames, strict=True))
    score.wall_s += watch.wall_s
    score.cpu_s += watch.cpu_s
    score.sent_bytes += sum(entry.bytes_sent for entry in log)
    score.requests += len(log)
    library = MediaLibrary(cache)
    score.least_bytes += sum(least_bytes(row, library) for row in rows)
    score.peak_bytes = max(score.peak_bytes, watch.peak_bytes)
    score.scratch_bytes = max(score.scratch_bytes, watch.scratch_bytes)


def _frames(clip: Path) -> list[int]:
    """The counters of a clip's pictures as a player shows them; -1 for one that does not read."""
    if not clip.exists():
        return []
    with av.open(str(clip)) as container:
        return list(_counters(container))


def _counters(container: av.container.InputContainer) -> Iterator[int]:
    for frame in container.decode(video=0):
        try:
            yield read_frame(frame).frame
        except CounterError:
            yield -1


def show(scores: dict[str, Score], titles: dict[str, str]) -> None:
    print(f"| {' | '.join(TITLES)} |\n|{'---|' * len(TITLES)}")
    ours = scores.get("clipset")
    for name, score in scores.items():
        if not score.clips:
            print(f"| {titles[name]} | failed: {score.faults} |")
            continue
        reference = ours if ours and ours.clips else score
        cells = (
            titles[name],
            f"{score.clips_per_min:.1f}",
            f"{reference.clips_per_min / score.clips_per_min:.1f}",
            f"{score.best_per_min:.1f}",
            f"{reference.best_per_min / score.best_per_min:.1f}",
            f"{score.sent_bytes / score.clips / 1e6:.2f}",
            f"{score.sent_bytes / score.least_bytes:.2f}",
            f"{score.requests / score.clips:.1f}",
            f"{score.cpu_s / score.clips:.2f}",
            f"{score.peak_bytes / 1e6:.0f}",
            f"{score.scratch_bytes / 1e6:.1f}",
            f"{score.exact} of {score.clips}",
        )
        print(f"| {' | '.join(cells)} |")
        for fault in score.faults:
            print(f"  fault: {fault}")
    sys.stdout.flush()


def bench(minutes: int, rows: Sequence[Row], contenders: Sequence[Contender], rounds: int, cache: Path) -> None:
    scores = {contender.name: Score() for contender in contenders}
    began_s = time.monotonic()
    for number in range(rounds):
        for contender in contenders if number % 2 == 0 else contenders[::-1]:
            measure(contender, rows, cache, scores[contender.name])
        taken_s = (time.monotonic() - began_s) / (number + 1)
        if number + 1 < rounds and time.monotonic() - began_s + taken_s > LIMIT_S / 2:
            print(f"({number + 1} of {rounds} rounds: another would take too long)")
            break
    print(f"\n{minutes}-minute videos, {len(rows)} clips, {os.cpu_count()} cores\n")
    show(scores, {contender.name: contender.title for contender in contenders})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="six clips of 5-minute videos, once")
    parser.add_argument("--minutes", type=int, nargs="+", default=[5, 20])
    parser.add_argument("--copies", type=int, default=2, help="times six clips")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="clipset, a, b, c, d")
    parser.add_argument("--cache", type=Path, help="keep generated media here")
    asked = parser.parse_args()
    contenders = [contender for contender in CONTENDERS if not asked.only or contender.name in asked.only]
    with tempfile.TemporaryDirectory(prefix="clipset-peers-media-") as name:
        cache = asked.cache or Path(name)
        print(f"line: {LINE.rtt_s * 1000:.0f} ms, {(LINE.rate_bytes_per_s or 0) * 8 / 1e6:.0f} Mbit/s for all together")
        for minutes in asked.minutes[:1] if asked.quick else asked.minutes:
            rows = make_rows(minutes, 1 if asked.quick else asked.copies)
            with Rehearsal(scenario(rows), cache=cache) as youtube:
                youtube.prepare(row.video_id for row in rows)
            for contender in contenders:  # imports, byte code, the page cache
                measure(contender, rows[:1], cache, Score())
            bench(minutes, rows, contenders, 1 if asked.quick else asked.rounds, cache)


if __name__ == "__main__":
    main()
