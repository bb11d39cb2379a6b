"""The power can fail at any moment: the next run ends with the same tree, byte for byte."""

import os
import random
import signal
import subprocess
import time

import pytest
from program import clipset, clipset_command, environment, status, table, tree, write_list

from clipset.rehearsal import Rehearsal, Scenario, Video

KILLS = int(os.environ.get("CLIPSET_TEST_KILLS", "20"))  # 200 take half an hour
VIDEOS = 2 * KILLS
ROWS = [("riding a bike", f"video{number:06d}", 1 + number % 3, 4 + number % 3, "train") for number in range(VIDEOS)]
ROWS += [("cycling", f"video{number:06d}", 1 + number % 3, 4 + number % 3, "val") for number in range(0, VIDEOS, 5)]


@pytest.mark.slow
@pytest.mark.timeout(600 + 20 * KILLS)
def test_kills_at_random_moments_change_nothing_in_the_end(tmp_path):
    draw = random.Random(7)
    annotations = write_list(tmp_path / "list.csv", ROWS)
    video = Video(duration_s=10, shrink=2, itags=(18,), media_key=7)
    with Rehearsal(Scenario(default=video)) as youtube:
        words = ("--youtube-origin", youtube.origin, "--rate", "unlimited")
        assert clipset("fetch", annotations, "--out", tmp_path / "whole", *words).returncode == 0
        killed = 0
        while killed < KILLS:
            command = clipset_command("fetch", annotations, "--out", tmp_path / "killed", *words)
            with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as run:
                time.sleep(draw.uniform(0.1, 2.0))
                run.send_signal(signal.SIGKILL)
                killed += 1
        ran = clipset("fetch", annotations, "--out", tmp_path / "killed", *words)
    assert ran.returncode == 0, ran.stderr
    assert tree(tmp_path / "killed") == tree(tmp_path / "whole")
    assert status(tmp_path / "killed")["clips"] == {"wanted": 0, "done": VIDEOS, "lost": 0}
    assert len(table(tmp_path / "killed" / "stats.csv")) == VIDEOS
    assert not list((tmp_path / "killed").rglob("*tmp*/*"))
