"""Small datasets out of the rehearsal, fetched by `clipset fetch` itself."""

import random
from pathlib import Path

import av
from program import clipset, write_list

from clipset.rehearsal import Rehearsal, Scenario, Video

HOSTILE = "<script>alert(1)</script>"
PLAYABLE = "juggling balls"
DONE = [
    (PLAYABLE, "juggling_01", 2, 12, "train"),
    (PLAYABLE, "juggling_01", 5, 7, "val"),
    (PLAYABLE, "juggling_02", 1, 4, "val"),
    (HOSTILE, "scripted_01", 1, 3, "train"),
    ("clapping", "clapping_01", 1, 3, "train"),
]
GONE = {
    "removed_001": "removed",
    "removed_002": "removed",
    "private_001": "private",
    "copyright_1": "copyright",
}
_SMALL = {"shrink": 2, "itags": (18,)}


def explored(folder: Path) -> Path:
    """Five clips that are there and four that are lost; one class is called `HOSTILE`, and it has lost ones too."""
    videos = {name: Video(duration_s=14, **_SMALL) for _, name, *_ in DONE}
    videos |= {name: Video(outcome=outcome) for name, outcome in GONE.items()}
    lost = [(HOSTILE, name, 1, 4, "train") for name in GONE]
    rows = write_list(folder / "list.csv", DONE + lost)
    with Rehearsal(Scenario(videos=videos)) as youtube:
        ran = clipset(*fetching(rows, folder / "set", youtube))
    assert ran.returncode == 0, ran.stderr
    return folder / "set"


def fetching(rows: Path, directory: Path, youtube: Rehearsal, *words: object) -> list[object]:
    return [
        "fetch", rows, "--out", directory, "--youtube-origin", youtube.origin, "--rate", "unlimited", *words
    ]  # fmt: skip


def write_heavy(path: Path, seconds: int) -> None:
    """Noise: megabytes a second and a keyframe each, so that a browser has no reason to read all before it seeks."""
    noise = random.Random(0)
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as target:
        stream = target.add_stream("libx264", rate=25, options={"preset": "ultrafast", "qp": "12", "g": "25"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for _ in range(seconds * 25):
            frame = av.VideoFrame(320, 180, "yuv420p")
            for plane in frame.planes:
                plane.update(noise.randbytes(plane.buffer_size))
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
