"""Videos and engines shared by the tests of the media engine; each video is encoded once a session."""

import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from clips import Cuts
from generated import FORMS, Essence, encode, remux

from clipset.media import Limits, MediaEngine
from clipset.types import Recipe

DASH = {"movflags": "+dash+global_sidx+delay_moov"}


class Library:
    """Encodes on demand, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def encoded(self, name: str, essence: Essence, form: str = "mp4", options: dict[str, str] | None = None) -> Path:
        path = self.folder / name
        return path if path.exists() else encode(path, essence, form, options)

    def files(self, form: str, rate: Fraction, seconds: int = 16) -> list[Path]:
        """The counted video at a rate, in a container: one file, or one for pictures and one for sound."""
        webm = form.startswith("webm")
        label = f"{seconds}s-{rate.numerator}-{rate.denominator}"
        codecs = {"video": "libvpx-vp9", "audio": "libopus", "audio_rate": 48000} if webm else {}
        essence = Essence(Fraction(seconds), rate, gop=60, texture=6, **codecs)
        source = self.encoded(f"{label}.{'webm' if webm else 'mp4'}", essence, "webm" if webm else "mp4")
        muxer, options, parts = FORMS[form]
        paths = [self.folder / f"{label}-{form.replace(' ', '_').replace(',', '')}.{kinds}" for kinds in parts]
        for path, kinds in zip(paths, parts, strict=True):
            if not path.exists():
                fragments = {"frag_duration": "5000000"} if kinds == "a" and not webm else {}
                remux(source, path, muxer, (DASH if fragments else options) | fragments, kinds)
        return paths


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(tmp_path_factory.mktemp("videos"))


@pytest.fixture(scope="session")
def shared_engine() -> Iterator[MediaEngine]:
    engine = MediaEngine(Recipe(), threading.Event())
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def cuts(shared_engine: MediaEngine) -> Cuts:
    """Cuts by the default recipe, all in one child."""
    return Cuts(shared_engine)


@pytest.fixture
def engine_for() -> Iterator[object]:
    """Engines by recipe and limits, closed after the test."""
    made: list[MediaEngine] = []

    def make(recipe: Recipe | None = None, limits: Limits | None = None) -> MediaEngine:
        made.append(MediaEngine(recipe or Recipe(), threading.Event(), limits))
        return made[-1]

    yield make
    for engine in made:
        engine.close()
