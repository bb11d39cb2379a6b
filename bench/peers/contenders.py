"""The commands by which each contender makes the same clips."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from bench.peers.rows import CLIP_S, Row

PLUGINS = Path(__file__).parents[1]
_FORMATS = "bestvideo[height<=360][ext=mp4]+bestaudio[ext=m4a]/best[height<=360]"
_JOBS_OF_2019 = 16
_JOBS = (os.cpu_count() or 2) + 2  # what clipset takes by itself


@dataclass(frozen=True, slots=True)
class Site:
    """Where a contender works: `out` for clips, `scratch` for everything else; `origin` stands in for YouTube."""

    origin: str
    out: Path
    scratch: Path

    def run(self, command: Sequence[str]) -> str:
        """Standard output; raises CalledProcessError, whose `stderr` tells why."""
        env = os.environ | {"CLIPSET_BENCH_ORIGIN": self.origin, "no_proxy": "127.0.0.1"}
        return subprocess.run(command, check=True, env=env, capture_output=True, text=True, cwd=self.scratch).stdout

    @property
    def ffmpeg(self) -> str:
        """The wheel's binary under the name that yt-dlp looks for."""
        link = self.scratch / "ffmpeg"
        if not link.exists():
            link.symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
        return str(link)


@dataclass(frozen=True, slots=True)
class Contender:
    name: str
    title: str
    make: Callable[[Sequence[Row], Site], None]


def _one_by_one(make: Callable[[Row, Site], None], at_once: int) -> Callable[[Sequence[Row], Site], None]:
    def run(rows: Sequence[Row], site: Site) -> None:
        _ = site.ffmpeg  # before the threads
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(lambda row: make(row, site), rows))

    return run


def _yt_dlp(site: Site, row: Row, *options: str) -> str:
    command = [sys.executable, "-m", "yt_dlp", "--ignore-config", "--no-update", "--quiet", "--no-warnings"]
    command += ["--plugin-dirs", str(PLUGINS), "--ffmpeg-location", site.ffmpeg, "--format", _FORMATS]
    return site.run([*command, *options, row.url])


def _ffmpeg(site: Site, *options: str) -> None:
    site.run([site.ffmpeg, "-nostdin", "-y", "-loglevel", "error", *options])


def _of_2019(row: Row, site: Site) -> None:
    """The whole video, then a cut that decodes from its beginning; ffmpeg's default encoder settings."""
    whole = site.scratch / f"{row.video_id}.mp4"
    _yt_dlp(site, row, "--output", str(whole), "--merge-output-format", "mp4")
    _ffmpeg(site, "-i", str(whole), "-ss", str(row.start_s), "-t", str(CLIP_S), str(site.out / whole.name))
    whole.unlink()


def _sections(*options: str) -> Callable[[Row, Site], None]:
    def make(row: Row, site: Site) -> None:
        span = f"*{row.start_s}-{row.end_s}"
        _yt_dlp(site, row, "--download-sections", span, "--output", str(site.out / f"{row.video_id}.mp4"), *options)

    return make


def _over_the_url(row: Row, site: Site) -> None:
    """yt-dlp says where the media are, ffmpeg seeks in them."""
    inputs: list[str] = []
    for url in _yt_dlp(site, row, "--get-url").split():
        inputs += ["-ss", str(row.start_s), "-t", str(CLIP_S), "-i", url]
    _ffmpeg(site, *inputs, "-c:v", "libx264", "-preset", "veryfast", str(site.out / f"{row.video_id}.mp4"))


def _clipset(*options: str) -> Callable[[Sequence[Row], Site], None]:
    def make(rows: Sequence[Row], site: Site) -> None:
        rows_file = site.scratch / "list.csv"
        with rows_file.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["label", "youtube_id", "time_start", "time_end", "split"])
            writer.writerows(["x", row.video_id, row.start_s, row.end_s, "train"] for row in rows)
        dataset = site.scratch / "dataset"
        command = [sys.executable, "-m", "clipset", "fetch", str(rows_file), "--out", str(dataset)]
        site.run([*command, "--youtube-origin", site.origin, "--rate", "unlimited", *options])
        for clip in dataset.rglob("*.mp4"):
            shutil.move(clip, site.out / f"{clip.name[:11]}.mp4")

    return make


CONTENDERS = (
    Contender("clipset", "clipset fetch", _clipset()),
    Contender("a", "2019: whole video, ffmpeg -i -ss, 16 at once", _one_by_one(_of_2019, _JOBS_OF_2019)),
    Contender("b", "yt-dlp sections, forced keyframes", _one_by_one(_sections("--force-keyframes-at-cuts"), _JOBS)),
    Contender("c", "yt-dlp sections, no re-encoding", _one_by_one(_sections(), _JOBS)),
    Contender("d", "ffmpeg seeking over the URL", _one_by_one(_over_the_url, _JOBS)),
)
