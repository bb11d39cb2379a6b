"""Rows of the real Kinetics-400 list, each clip frame-exact by the counter that its pictures carry."""

import csv
import lzma
import os
from fractions import Fraction
from math import ceil

import av
import pytest
from program import clipset, table

from clipset.rehearsal import Rehearsal, Video
from clipset.rehearsal.counter import read_frame
from clipset.rehearsal.covering import FRAME_RATES, covering
from clipset.types import Clip, Span

ROWS = int(os.environ.get("CLIPSET_TEST_ROWS", "80"))  # 200 take two minutes
LONGEST_S = 500
WEBM_TICK = Fraction(1, 1000)  # Matroska times are whole milliseconds


def expected_frames(video: Video, start_s: int, end_s: int) -> list[int]:
    """The numbers of the frames whose stored time lies in the span."""
    tick_s = WEBM_TICK if 243 in video.itags else None

    def time_s(number: int) -> Fraction:
        exact_s = number / video.fps
        return exact_s if tick_s is None else Fraction(round(exact_s / tick_s)) * tick_s

    count = ceil(Fraction(video.duration_s) * video.fps)
    near = range(max(0, int(start_s * video.fps) - 2), min(count, ceil(end_s * video.fps) + 2))
    return [number for number in near if start_s <= time_s(number) < end_s]


def counted(path) -> list[tuple[int, int]]:
    with av.open(str(path)) as container:
        return [tuple(read_frame(frame)) for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def real_rows(real_data):
    """Rows from all over the list, none beyond what is cheap to generate."""
    with lzma.open(real_data / "annotations" / "kinetics400_val.csv.xz", "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if int(row["time_end"]) <= LONGEST_S]
    return rows[:: len(rows) // ROWS][:ROWS]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_clip_has_exactly_the_frames_of_its_span(real_rows, tmp_path):
    annotations = tmp_path / "kinetics400_val.csv"
    with annotations.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, real_rows[0])
        writer.writeheader()
        writer.writerows(real_rows)
    scenario = covering({row["youtube_id"]: float(row["time_end"]) for row in real_rows})
    out = tmp_path / "out"
    with Rehearsal(scenario) as youtube:
        ran = clipset(
            "fetch", annotations, "--out", out, "--youtube-origin", youtube.origin, "--rate", "unlimited",
            timeout_s=550,
        )  # fmt: skip
        assert youtube.counts()["player"] == ROWS
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert len(table(out / "stats.csv")) == ROWS
    wrong = [clip for row in real_rows if (clip := wrongly_made(row, scenario.videos[row["youtube_id"]], out))]
    assert wrong == []
    fetched = {(video.itags, video.fps) for video in scenario.videos.values()}
    assert len(fetched) >= 12  # containers x frame rates


def wrongly_made(row: dict[str, str], video: Video, out) -> str | None:
    """What is wrong with the row's clip, if anything."""
    start_s, end_s = int(row["time_start"]), int(row["time_end"])
    clip = Clip(row["youtube_id"], Span(start_s * 1_000_000, end_s * 1_000_000))
    found = counted(out / "val" / row["label"].replace(" ", "_") / f"{clip.id}.mp4")
    key = 1 + FRAME_RATES.index(video.fps)
    wanted = [(key, number) for number in expected_frames(video, start_s, end_s)]
    if found == wanted:
        return None
    return f"{clip.id} {video.itags} {video.fps}: {found[:2]}..{found[-1:]} for {wanted[:2]}..{wanted[-1:]}"
