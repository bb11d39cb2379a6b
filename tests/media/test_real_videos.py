"""Real files of many makers, and readers of the field that have to count the clips alike."""

from pathlib import Path

import cv2
import pytest
from clips import Cuts, look

VIDEOS = Path(__file__).parents[3] / "shared" / "data" / "videos"
pytestmark = pytest.mark.skipif(not VIDEOS.is_dir(), reason="no real videos at ../shared/data/videos")

SPANS = {"video_90.mov": (0, 0.1), "h265_video.mp4": (0.25, 0.95)}


@pytest.mark.parametrize("path", sorted(VIDEOS.glob("*")), ids=lambda path: path.name)
def test_every_reader_counts_the_same_frames(cuts: Cuts, path, tmp_path):
    clip = cuts.cut([path], *SPANS.get(path.name, (1.33, 3.83)))
    file = tmp_path / "clip.mp4"
    file.write_bytes(clip.data)
    counts = {"libav": len(look(clip.data).pictures), "OpenCV": count_in_opencv(file), "facts": clip.facts.frames}
    if decord := pytest.importorskip("decord", reason="decord has no wheel for this system"):
        counts["decord"] = len(decord.VideoReader(str(file)))
    assert len(set(counts.values())) == 1, counts


def test_a_phone_video_is_stored_upright(cuts):
    facts = cuts.cut([VIDEOS / "video_90.mov"], 0, 0.1).facts
    assert (facts.width_px, facts.height_px) == (320, 568)


def count_in_opencv(file):
    capture = cv2.VideoCapture(str(file))
    announced, read = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0
    while capture.read()[0]:
        read += 1
    assert announced == read
    return read
