"""Real files of many makers, and readers of the field that have to count the clips alike."""

import random
from pathlib import Path

import cv2
import pytest
from clips import Cuts, look

from clipset.types import Precision, Recipe

VIDEOS = Path(__file__).parents[3] / "shared" / "data" / "videos"
pytestmark = pytest.mark.skipif(not VIDEOS.is_dir(), reason="no real videos at ../shared/data/videos")

SPANS = {"video_90.mov": (0, 0.1), "h265_video.mp4": (0.25, 0.95)}


@pytest.mark.parametrize("path", sorted(VIDEOS.glob("*")), ids=lambda path: path.name)
def test_every_reader_counts_the_same_frames(cuts: Cuts, path, tmp_path):
    counts = counted(cuts.cut([path], *SPANS.get(path.name, (1.33, 3.83))), tmp_path)
    assert len(set(counts.values())) == 1, counts


SMART = {
    "SOX5yA1l24A.mp4": (1.33, 8),
    "R6llTwEh07w.mp4": (6, 9.9),
    "nasa_13013.mp4": (6, 10),
    "flipping_a_pancake.mkv": (3, 8),
}


@pytest.mark.parametrize("name", SMART)
def test_every_reader_counts_a_smart_clip_as_it_does_an_exact_one(engine_for, name, tmp_path):
    clip, exact = (
        Cuts(engine_for(Recipe(precision, audio="mkv" not in name))).cut([VIDEOS / name], *SMART[name])
        for precision in (Precision.SMART, Precision.EXACT)
    )
    counts = counted(clip, tmp_path)
    assert (clip.facts.format_id, set(counts.values())) == ("smart", {exact.facts.frames}), counts


def test_any_frame_of_a_smart_clip_can_be_gone_to(engine_for, tmp_path):
    """Loaders seek to a keyframe and decode on from there, across the change of parameter sets or from behind it."""
    clip = Cuts(engine_for(Recipe(Precision.SMART))).cut([VIDEOS / "SOX5yA1l24A.mp4"], 3, 9)
    assert clip.facts.format_id == "smart"
    file = tmp_path / "clip.mp4"
    file.write_bytes(clip.data)
    decord = pytest.importorskip("decord", reason="decord has no wheel for this system")
    in_order, sought = decord.VideoReader(str(file)), decord.VideoReader(str(file))
    frames = [in_order[n].asnumpy() for n in range(len(in_order))]
    for n in random.Random(1).sample(range(len(frames)), 30):
        assert (sought[n].asnumpy() == frames[n]).all(), n


def test_a_phone_video_is_stored_upright(cuts):
    facts = cuts.cut([VIDEOS / "video_90.mov"], 0, 0.1).facts
    assert (facts.width_px, facts.height_px) == (320, 568)


def counted(clip, folder):
    file = folder / "clip.mp4"
    file.write_bytes(clip.data)
    counts = {"libav": len(look(clip.data).pictures), "OpenCV": count_in_opencv(file), "facts": clip.facts.frames}
    if decord := pytest.importorskip("decord", reason="decord has no wheel for this system"):
        counts["decord"] = len(decord.VideoReader(str(file)))
    return counts


def count_in_opencv(file):
    capture = cv2.VideoCapture(str(file))
    announced, read = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0
    while capture.read()[0]:
        read += 1
    assert announced == read
    return read
