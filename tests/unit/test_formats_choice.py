"""Which renditions the YouTube source fetches."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipset.sources.youtube.formats import choose, estimated_bytes
from clipset.sources.youtube.rendition import Rendition, all_protected, renditions
from clipset.types import Precision, Recipe, Span

TEN_S = (Span(30_000_000, 40_000_000),)
LONG_S, SHORT_S = 1200.0, 60.0


def video(
    format_id: str, width: int, height: int, kbps: float, codec: str = "avc1.4d401e", **more: Any
) -> dict[str, Any]:
    base = {"format_id": format_id, "url": f"https://rr1.googlevideo.com/videoplayback?itag={format_id}", "ext": "mp4"}
    return base | {"width": width, "height": height, "tbr": kbps, "vcodec": codec, "acodec": "none"} | more


def progressive(format_id: str, width: int, height: int, kbps: float, **more: Any) -> dict[str, Any]:
    return video(format_id, width, height, kbps, **({"acodec": "mp4a.40.2"} | more))


def audio(format_id: str, kbps: float, codec: str = "mp4a.40.2", **more: Any) -> dict[str, Any]:
    base = {"format_id": format_id, "url": f"https://rr1.googlevideo.com/videoplayback?itag={format_id}", "ext": "m4a"}
    return base | {"tbr": kbps, "vcodec": "none", "acodec": codec, "language_preference": -1} | more


# A list as YouTube gives it for an ordinary video of 2020, bitrates in kbit/s.
LADDER = [
    {
        "format_id": "sb0",
        "url": "https://i.ytimg.com/sb/x",
        "ext": "mhtml",
        "protocol": "mhtml",
        "vcodec": "none",
        "acodec": "none",
    },
    progressive("18", 640, 360, 600),
    video("160", 256, 144, 60),
    video("133", 426, 240, 150),
    video("134", 640, 360, 350),
    video("243", 640, 360, 280, "vp9"),
    video("396", 640, 360, 230, "av01.0.01M.08"),
    video("135", 854, 480, 600),
    video("137", 1920, 1080, 4000),
    audio("139", 48, "mp4a.40.5"),
    audio("140", 129),
    audio("249", 50, "opus"),
    audio("250", 65, "opus"),
    audio("251", 130, "opus"),
]
WITHOUT = lambda *ids: [item for item in LADDER if item["format_id"] not in ids]  # noqa: E731 - a column of the table
UPRIGHT = [
    progressive("18", 360, 640, 600),
    video("133", 240, 426, 150),
    video("135", 480, 854, 700),
    audio("140", 129),
]
WIDE = [
    video("133", 426, 178, 90),
    video("134", 640, 268, 200),
    video("135", 854, 358, 420),
    video("136", 1280, 536, 900),
    audio("140", 129),
]
PLAIN = [progressive("18", 640, 360, 350), video("134", 640, 360, 300), audio("140", 129)]
DUBBED = [
    progressive("18", 640, 360, 200),
    video("134", 640, 360, 350),
    audio("140-0", 129, language_preference=-1, language="de"),
    audio("140-1", 140, language_preference=10, language="en"),
    audio("140-2", 120, language_preference=-10, language="en-desc"),
]
HLS = {"protocol": "m3u8_native", "url": "https://manifest.googlevideo.com/api/manifest/hls_playlist/index.m3u8"}

CASES = {
    "a long video: the pair is cheaper than a large moov": (LADDER, Recipe(), LONG_S, "396+250"),
    "a short video: one file has a small moov": (PLAIN, Recipe(), SHORT_S, "18"),
    "a long video of the same rates: the moov is large": (PLAIN, Recipe(), LONG_S, "134+140"),
    "without AV1 the pair is VP9": (WITHOUT("396"), Recipe(), LONG_S, "243+250"),
    "without a pair the progressive file": (WITHOUT("139", "140", "249", "250", "251"), Recipe(), LONG_S, "18"),
    "silence is cheaper": (LADDER, Recipe(audio=False), LONG_S, "396"),
    "a smart clip stays H.264 and AAC": (LADDER, Recipe(Precision.SMART), LONG_S, "134+140"),
    "a copy stays H.264 and AAC": (LADDER, Recipe(Precision.COPY), LONG_S, "134+140"),
    "a copy takes what there is": (WITHOUT("18", "134", "133", "160"), Recipe(Precision.COPY), LONG_S, "396+250"),
    "less height": (LADDER, Recipe(max_height_px=240), LONG_S, "133+250"),
    "more height": (LADDER, Recipe(max_height_px=480), LONG_S, "135+250"),
    "between two rungs the lower": (LADDER, Recipe(max_height_px=400), LONG_S, "396+250"),
    "nothing small enough: the smallest above": (LADDER, Recipe(max_height_px=100), LONG_S, "160+250"),
    "an upright video counts by its smaller side": (UPRIGHT, Recipe(), LONG_S, "18"),
    "a wide video too": (WIDE, Recipe(), LONG_S, "135+140"),
    "the original language, though dearer": (DUBBED, Recipe(), LONG_S, "134+140-1"),
    "no track is good enough: the best": (WITHOUT("18", "140", "250", "251"), Recipe(), LONG_S, "396+249"),
    "range-compressed sound only if there is no other": (
        [*WITHOUT("18", "139", "249", "250", "251"), audio("140-drc", 100)],
        Recipe(),
        LONG_S,
        "396+140",
    ),
    "sound before height": ([video("134", 640, 360, 350), progressive("36", 320, 240, 200)], Recipe(), LONG_S, "36"),
    "no sound anywhere": ([video("134", 640, 360, 350), video("133", 426, 240, 150)], Recipe(), LONG_S, "134"),
    "a damaged rendition only if there is no other": (
        [video("134", 640, 360, 100, preference=-10), video("243", 640, 360, 280, "vp9"), audio("140", 129)],
        Recipe(),
        LONG_S,
        "243+140",
    ),
    "enlarged by a model is not recorded": (
        [video("400-sr", 640, 360, 100), video("134", 640, 360, 350), audio("140", 129)],
        Recipe(),
        LONG_S,
        "134+140",
    ),
    "high dynamic range only if there is no other": (
        [video("332", 640, 360, 200, "vp9.2", dynamic_range="HDR10"), video("134", 640, 360, 350), audio("140", 129)],
        Recipe(),
        LONG_S,
        "134+140",
    ),
    "files before playlists": (
        [progressive("93", 640, 360, 300) | HLS, progressive("18", 640, 360, 600)],
        Recipe(),
        LONG_S,
        "18",
    ),
    "playlists if there is nothing else": ([progressive("93", 640, 360, 300) | HLS], Recipe(), LONG_S, "93"),
    "two playlists are no pair": (
        [video("232", 640, 360, 300) | HLS, audio("233", 50) | HLS, progressive("92", 426, 240, 200) | HLS],
        Recipe(),
        LONG_S,
        "92",
    ),
    "a playlist without codecs is taken for both": (
        [{"format_id": "92", "width": 426, "height": 240, "tbr": 200} | HLS],
        Recipe(),
        LONG_S,
        "92",
    ),
    "protected ones are no choice": (
        [progressive("18", 640, 360, 600, has_drm=True), progressive("22", 1280, 720, 900)],
        Recipe(),
        LONG_S,
        "22",
    ),
    "nothing known but the size": (
        [progressive("18", 640, 360, 0, filesize=60_000_000), progressive("59", 640, 360, 0, filesize=90_000_000)],
        Recipe(),
        LONG_S,
        "18",
    ),
    "the length of the video is not known": (LADDER, Recipe(), None, "396+250"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_cheapest_that_serves_the_height_with_sound(case: str) -> None:
    formats, recipe, duration_s, expected = CASES[case]
    choice = choose(renditions(formats), TEN_S, recipe, duration_s)
    assert choice is not None
    assert choice.format_id == expected


@pytest.mark.parametrize(
    "formats",
    [
        [],
        [LADDER[0]],
        [audio("140", 129)],
        [video("134", 640, 360, 350, url=None)],
        [video("134", 640, 360, 350, has_drm=True)],
        [None, "18", 18, {}],
        [video("300", 640, 360, 350, protocol="http_dash_segments")],
    ],
)
def test_there_is_no_choice_without_a_picture_to_fetch(formats: list[Any]) -> None:
    assert choose(renditions(formats), TEN_S, Recipe(), LONG_S) is None


def test_all_protected_tells_drm_from_nothing_at_all() -> None:
    assert all_protected([LADDER[0], video("134", 640, 360, 350, has_drm=True)])
    assert not all_protected([video("134", 640, 360, 350, has_drm=True), video("135", 854, 480, 350)])
    assert not all_protected([LADDER[0]])


def test_a_longer_span_moves_the_choice_to_what_costs_less_a_second() -> None:
    most = (Span(0, 200_000_000),)
    short, long = (choose(renditions(PLAIN), spans, Recipe(), 240.0) for spans in (TEN_S, most))
    assert short is not None
    assert long is not None
    assert (short.format_id, long.format_id) == ("134+140", "18")


def test_dubbed_tracks_do_not_hide_the_only_picture() -> None:
    formats = [progressive("18", 640, 360, 500), *DUBBED[2:]]
    choice = choose(renditions(formats), TEN_S, Recipe(), LONG_S)
    assert choice is not None
    assert choice.format_id == "18"


def test_spans_that_overlap_are_paid_once() -> None:
    choice = choose(renditions([progressive("18", 640, 360, 600)]), TEN_S, Recipe(), LONG_S)
    assert choice is not None
    twice = (*TEN_S, *TEN_S, Span(32_000_000, 39_000_000))
    assert estimated_bytes(choice, twice, LONG_S) == estimated_bytes(choice, TEN_S, LONG_S)


def test_the_estimate_for_a_20_minute_progressive_file_is_what_was_measured() -> None:
    """1,991 KB came for a 10 s clip of a file of 700 kbit/s video and 96 kbit/s sound with a moov of 930 KB."""
    choice = choose(renditions([progressive("18", 640, 360, 690)]), TEN_S, Recipe(), LONG_S)
    assert choice is not None
    assert estimated_bytes(choice, TEN_S, LONG_S) == pytest.approx(1_991_000, rel=0.1)


_formats = st.builds(
    Rendition,
    format_id=st.text("0123456789", min_size=1, max_size=3),
    url=st.just("https://rr1.googlevideo.com/videoplayback"),
    protocol=st.sampled_from(["http", "hls"]),
    has_video=st.booleans(),
    has_audio=st.just(True),
    video_codec=st.sampled_from(["avc1", "vp9", "av01", ""]),
    audio_codec=st.sampled_from(["mp4a.40.2", "opus", ""]),
    short_side_px=st.integers(0, 4320),
    bitrate_bps=st.none() | st.floats(1, 1e9),
    size_bytes=st.none() | st.integers(1, 10**12),
    language_rank=st.integers(-10, 10),
    drc=st.booleans(),
    suspect=st.booleans(),
    high_dynamic_range=st.booleans(),
)


@given(st.lists(_formats, max_size=8), st.integers(1, 2000), st.none() | st.floats(0, 1e6), st.randoms())
def test_a_choice_exists_whenever_a_picture_does_and_the_order_of_the_list_does_not_matter(
    available: list[Rendition], height_px: int, duration_s: float | None, random: Any
) -> None:
    recipe = Recipe(max_height_px=height_px)
    choice = choose(available, TEN_S, recipe, duration_s)
    assert (choice is not None) == any(item.has_video for item in available)
    shuffled = random.sample(available, len(available))
    again = choose(shuffled, TEN_S, recipe, duration_s)
    assert (again and again.format_id) == (choice and choice.format_id)
