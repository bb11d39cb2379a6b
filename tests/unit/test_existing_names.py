"""Which clip a file of somebody else's tree is."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipset.existing.names import is_candidate, read_name
from clipset.types import Clip, Recipe, Span

S = 1_000_000
NAMES = {
    "root/train/riding a bike/-abcdefghij_000084_000094.mp4": ("torchvision", "-abcdefghij", 84, 94),
    "val/riding_a_bike/_-_-_-_-_-__000000_000010.MP4": ("torchvision", "_-_-_-_-_-_", 0, 10),
    "videos_val/riding_a_bike/abc_000010__023770_023780.mp4": ("mmaction2", "abc_000010_", 23770, 23780),
    "riding a bike/abcdefghijk_000084_000094.mp4": ("crawler", "abcdefghijk", 84, 94),
    "abcdefghijk_000084_000094.webm": ("archive", "abcdefghijk", 84, 94),
    "k400/part_0/x/abcdefghijk_84_94.5.mkv": ("archive", "abcdefghijk", 84, 94.5),
    "valid/riding_a_bike/abcdefghijk.mp4": ("downloader", "abcdefghijk", None, None),
    "x/y/z/-bcdefghijk.avi": ("bare", "-bcdefghijk", None, None),
    "abcdefghijk_000094_000084.mp4": None,
    "abcdefghijk_000084.mp4": None,
    "abcdefghijk_raw.mkv": None,
    "a title [abcdefghijk].mp4": None,
    "abcdefghijk_000084_000094.part.mp4": None,
    "\x1b[31m.mp4": None,
}


@pytest.mark.parametrize("path", NAMES)
def test_the_path_tells_the_tool_the_video_and_the_times(path):
    found = read_name(path)
    if NAMES[path] is None:
        assert found is None
        return
    layout, video_id, start_s, end_s = NAMES[path]
    span = None if start_s is None else Span(round(start_s * S), round(end_s * S))
    assert found == (layout, video_id, span)


def test_only_videos_are_looked_at_and_no_companions_of_a_mac():
    named = ["a/b.mp4", "a/b.MKV", "b.webm", "b.avi", "a/._b.mp4", "b.jpg", "b", "mp4", "a.mp4/b"]
    assert [path for path in named if is_candidate(path)] == named[:4]


IDS = st.text(string.ascii_letters + string.digits + "-_", min_size=11, max_size=11)
TIMES = st.integers(0, 10**9 - 1) | st.integers(0, 10**6 - 1).map(lambda seconds: seconds * 1000)


@given(IDS, TIMES, st.integers(1, 10**6))
def test_every_clip_is_found_again_by_its_id_and_its_file(video_id, start_ms, length_ms):
    clip = Clip(video_id, Span(start_ms * 1000, (start_ms + length_ms) * 1000))
    assert Clip.from_id(clip.id) == clip
    found = read_name(f"train/x/{clip.id}.mp4")
    assert (found.video_id, found.span) == (clip.video_id, clip.span)


@pytest.mark.parametrize(
    "text", ["", "abcdefghijk", "abcdefghijk_10_20", "abcdefghijk_000010.000_000020", "abcdefghijk_000020_000010"]
)
def test_what_no_clip_is_called_is_no_id(text):
    with pytest.raises(ValueError, match=r"clip.s id|a span needs"):
        Clip.from_id(text)


RECIPES = [
    Recipe(),
    Recipe(short_side_px=256, audio=False, min_share=0.25),
    *(Recipe(precision=precision, max_height_px=240) for precision in type(Recipe().precision)),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
def test_a_recipe_is_found_again_by_its_id(recipe):
    assert Recipe.from_id(recipe.id) == recipe


@pytest.mark.parametrize("text", ["", "exact", "exact-h360-x", "roughly-h360", "exact-h360-s", "exact-s256-h360"])
def test_what_no_recipe_is_called_is_none(text):
    with pytest.raises(ValueError, match=r"."):
        Recipe.from_id(text)
