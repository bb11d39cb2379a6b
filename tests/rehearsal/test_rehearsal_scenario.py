"""Scenarios: read from TOML, around a real list, and the demo's."""

import csv
import http.client
import io
import re
import subprocess
import sys
from dataclasses import fields
from fractions import Fraction

import pytest

from clipset.rehearsal import (
    Hls,
    Layout,
    Line,
    MediaFault,
    MediaFaultKind,
    Oversize,
    PlayerFault,
    PlayerFaultKind,
    Scenario,
    Throttle,
    Video,
)
from clipset.rehearsal.covering import FRAME_RATES, covering
from clipset.rehearsal.demo import demo_rows, demo_scenario
from clipset.types import VIDEO_ID

FULL = """
oversize = "refuse"
max_range_bytes = 1000
default = { outcome = "unavailable" }
throttle = { limit = 5, window_s = 60, block_s = 20, answer = "rate_limit", extend_block = true, retry_after_s = 3 }
line = { rtt_s = 0.03, rate_bytes_per_s = 1_000_000 }

[videos."-abcdefghij"]
duration_s = 45
fps = "30000/1001"
itags = [134, 140]
hls = "fmp4"
layout = "no_index"
shrink = 2
media_key = 7
outcome = "premiere"
outcome_times = 2
preroll_s = 5
url_life_s = 60
player_faults = [{ kind = "reset", times = 1 }, { status = 429, retry_after_s = 9 }]
[[videos."-abcdefghij".media_faults]]
kind = "cut"
offset_bytes = 100_000
times = 1
"""


@pytest.fixture
def read(tmp_path):
    def parse(text: str) -> Scenario:
        path = tmp_path / "scenario.toml"
        path.write_text(text, encoding="utf-8")
        return Scenario.from_toml(path)

    return parse


def test_a_scenario_reads_from_toml_with_everything(read):
    assert read(FULL) == Scenario(
        videos={
            "-abcdefghij": Video(
                duration_s=45.0,
                fps=Fraction(30_000, 1001),
                itags=(134, 140),
                hls=Hls.FMP4,
                layout=Layout.NO_INDEX,
                shrink=2,
                media_key=7,
                outcome="premiere",
                outcome_times=2,
                preroll_s=5,
                url_life_s=60.0,
                player_faults=(
                    PlayerFault(kind=PlayerFaultKind.RESET, times=1),
                    PlayerFault(status=429, retry_after_s=9),
                ),
                media_faults=(MediaFault(kind=MediaFaultKind.CUT, offset_bytes=100_000, times=1),),
            )
        },
        default=Video(outcome="unavailable"),
        throttle=Throttle(
            limit=5, window_s=60.0, block_s=20.0, answer="rate_limit", extend_block=True, retry_after_s=3
        ),
        line=Line(rtt_s=0.03, rate_bytes_per_s=1_000_000),
        oversize=Oversize.REFUSE,
        max_range_bytes=1000,
    )


def test_the_table_uses_every_field_of_a_video():
    assert all(item.name in FULL for item in fields(Video))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("videos = 3", "videos: expected dict, not 3"),
        ("nonsense = 1", "unknown key 'nonsense'; known are default"),
        ('[videos."x"]\ncolour = 1', "unknown key 'colour'"),
        ('[videos."x"]\nduration_s = "long"', "duration_s: expected float, not 'long'"),
        ('[videos."x"]\nshrink = true', "shrink: expected int, not True"),
        ('[videos."x"]\nfps = "30/0"', "fps: "),
        ('[videos."x"]\nfps = "fast"', "fps: "),
        ('[videos."x"]\nlayout = "middle"', "layout: 'middle' is not a valid Layout"),
        ('[videos."x"]\nitags = [22]', "itags [22] are not served: choose from 18, "),
        ('[videos."x"]\noutcome = "gone"', "no outcome is called 'gone': choose one of available, "),
        ('[videos."x"]\nduration_s = 0', "needs a duration"),
        ('[videos."x"]\nmedia_faults = [{ times = 1 }]', "kind"),
        ('throttle = { answer = "shrug" }', "a throttle cannot answer 'shrug'"),
        ("[", "scenario.toml: "),
    ],
)
def test_a_mistake_in_a_scenario_is_named(text, message, read):
    with pytest.raises(ValueError, match=re.escape(message)):
        read(text)


def test_a_covering_scenario_reaches_every_clip_in_every_container_and_rate():
    needed = {f"video-{number:05d}": float(3 + number * 7 % 700) for number in range(200)}
    videos = covering(needed).videos
    assert all(videos[video_id].duration_s >= end_s for video_id, end_s in needed.items())
    assert len({(video.itags, video.layout, video.fps) for video in videos.values()}) == 4 * len(FRAME_RATES)
    assert any(videos[video_id].duration_s == end_s for video_id, end_s in needed.items())


def test_the_demo_has_the_shape_of_a_real_list():
    rows = list(csv.DictReader(io.StringIO(demo_rows())))
    ids, labels = [row["youtube_id"] for row in rows], {row["label"] for row in rows}
    assert len(rows) == 24
    assert list(rows[0]) == ["label", "youtube_id", "time_start", "time_end", "split", "is_cc"]
    assert all(VIDEO_ID.fullmatch(video_id) for video_id in ids)
    assert {video_id[:2] for video_id in ids} >= {"-r", "--", "_-"}
    assert {"massaging person's head", "passing American football (not in game)"} <= labels
    assert {row["split"] for row in rows} == {"train", "val", "test"}
    assert len({(row["youtube_id"], row["time_start"], row["time_end"]) for row in rows}) == 23


def test_the_demo_knows_every_video_and_five_are_gone():
    videos = demo_scenario().videos
    assert set(videos) == {row["youtube_id"] for row in csv.DictReader(io.StringIO(demo_rows()))}
    gone = {video.outcome for video in videos.values()} - {"available", "made_for_kids"}
    assert gone == {"removed", "private", "terminated", "copyright", "unavailable"}


def test_the_module_serves_in_the_foreground_and_says_what_it_is(tmp_path):
    path = tmp_path / "scenario.toml"
    path.write_text('[videos."-abcdefghij"]\n', encoding="utf-8")
    command = [sys.executable, "-m", "clipset.rehearsal", "--port", "0", "--scenario", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        origin = re.search(r"http://127\.0\.0\.1:\d+", line).group()
        connection = http.client.HTTPConnection(origin.removeprefix("http://"), timeout=10)
        connection.request("GET", "/__rehearsal__/stats")
        assert b'"counts": {}' in connection.getresponse().read()
        connection.close()
        process.terminate()
    assert line.startswith("An offline YouTube for 1 scripted videos at ")


def test_the_module_names_a_mistake_and_exits_2(tmp_path):
    path = tmp_path / "scenario.toml"
    path.write_text("nonsense = 1", encoding="utf-8")
    command = [sys.executable, "-m", "clipset.rehearsal", "--scenario", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "unknown key 'nonsense'" in done.stderr
    assert "Traceback" not in done.stderr
