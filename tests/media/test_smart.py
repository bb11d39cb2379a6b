"""A smart clip has the frames of an exact one, most of them the source's own to the bit, and says when it could not."""

import io
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from clips import Cuts, look, stored_times
from generated import Essence, remux

from clipset.types import Precision, Recipe

SMART = Recipe(Precision.SMART)
START, END = Fraction("1.3"), Fraction("4.5")
X264 = "sc_threshold"
STREAMS = {
    "x264 medium": {"preset": "medium"},
    "x264 veryfast": {"preset": "veryfast"},
    "many b-frames": {"bf": "8", "b-pyramid": "normal", "b_strategy": "0", "refs": "5"},
    "temporal direct, weighted": {"preset": "slow", "direct-pred": "temporal", "weightp": "2"},
    "baseline, as hardware has it": {"profile": "baseline", "bf": "0", "refs": "1", "coder": "0"},
    "main, without b-frames": {"profile": "main", "bf": "0"},
    "four slices": {"slices": "4"},
    "with delimiters and counted pictures": {"aud": "1", "nal-hrd": "vbr", "b": "300k", "maxrate": "400k", "bufsize": "800k"},
}
UNFIT = {
    "open groups": {"x264-params": "open-gop=1:bframes=3:b-adapt=0:scenecut=0"},
    "intra refresh": {"x264-params": "intra-refresh=1"},
    "interlaced": {"x264-params": "tff=1"},
    "parameter sets in band": {"x264-params": "repeat-headers=1"},
    "one group": {"g": "500"},
}


@pytest.fixture(scope="module")
def smart(request):
    from clipset.media import MediaEngine
    import threading
    engine = MediaEngine(SMART, threading.Event())
    yield Cuts(engine)
    engine.close()


def source_of(library, name, options, **more):
    essence = Essence(Fraction(6), gop=40, texture=12, video_options=options | {"sc_threshold": "0"}, **more)
    return library.encoded(f"smart {name}.mp4", essence)


@pytest.mark.parametrize("stream", STREAMS)
def test_x(smart, library, stream):
    source = source_of(library, stream, STREAMS[stream])
    clip = smart.cut([source], START, END)
    assert clip.facts.format_id == "smart"
    shown, original = look(clip.data, "yuv420p"), look(source.read_bytes(), "yuv420p")
    times = stored_times(source)
    wanted = [n for n, time in enumerate(times) if START <= time < END]
    assert shown.counters == wanted
    assert shown.times_s == [times[n] - times[wanted[0]] for n in wanted]
    first = min(n for n in keyframes(source) if n >= wanted[0])
    same = [n for n, picture in zip(wanted, shown.pictures, strict=True) if (picture == original.pictures[n]).all()]
    print(stream, first, same[0], same[-1], wanted[-1], len(same))
    assert same == list(range(first, same[-1] + 1))
    anew = [n for n in wanted if n not in same]
    print(min(psnr(shown.pictures[n - wanted[0]], original.pictures[n]) for n in anew) if anew else None)


@pytest.mark.parametrize("stream", UNFIT)
def test_y(smart, library, stream):
    source = source_of(library, stream, UNFIT[stream])
    clip = smart.cut([source], START, END)
    assert clip.facts.format_id == "exact"


def psnr(one, other):
    return 10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2))


def keyframes(path):
    with av.open(str(path)) as container:
        return [round(p.pts * p.time_base * 25) for p in container.demux(video=0) if p.size and p.is_keyframe]
