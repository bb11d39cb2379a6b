"""A clip at a glance: the same pictures, small, silent and four times as fast; made once, for those who still wait."""

import io
import threading
from contextlib import closing, contextmanager
from fractions import Fraction

import av
import numpy as np
import pytest
from generated import Essence
from serving import Memory

from clipset.explore.cupboard import Cupboard
from clipset.explore.glances import Glances, Order
from clipset.ledger.record import FinishedFile
from clipset.media.export import MediaExporter
from clipset.media.forms import PictureForm, PreviewForm
from clipset.reasons import Reason
from clipset.sinks.folders import FolderSink
from clipset.types import ClipsetError

RATE, SECONDS = Fraction(25), 4
SHA = "ab" * 32


@pytest.fixture(scope="module")
def exporter():
    with closing(MediaExporter(threading.Event())) as one:
        yield one


@pytest.fixture(scope="module")
def clip(library):
    return library.files("mp4", RATE, SECONDS)[0].read_bytes()


def shown(data: bytes, width: int, height: int) -> tuple[list[np.ndarray], list[Fraction]]:
    """Small grey pictures and when each is shown."""
    with av.open(io.BytesIO(data)) as container:
        frames = list(container.decode(video=0))
        pictures = [frame.reformat(width, height, "gray").to_ndarray().astype(int) for frame in frames]
        return pictures, [frame.pts * frame.time_base for frame in frames]


def test_a_preview_shows_the_clip_four_times_as_fast(exporter, clip):
    data = exporter.preview(Memory(clip), PreviewForm(), SECONDS * 1_000_000)
    with av.open(io.BytesIO(data)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert container.duration == 1_000_000
    pictures, times_s = shown(data, 160, 90)
    whole, _ = shown(clip, 160, 90)
    assert times_s == [Fraction(number, 12) for number in range(12)]
    nearest = [min(range(len(whole)), key=lambda n: np.abs(whole[n] - picture).mean()) for picture in pictures]
    assert all(abs(number - 4 * RATE * time_s) <= 2 for number, time_s in zip(nearest, times_s, strict=True))


@pytest.mark.parametrize(("duration_s", "lasts_s"), [(10, 2.5), (60, 7.5)])
def test_a_long_clip_is_over_soon(duration_s, lasts_s):
    assert duration_s / PreviewForm().hurry(duration_s * 1_000_000) == lasts_s


def test_ten_seconds_of_noise_are_small(exporter, library):
    noise = library.encoded("noise.mp4", Essence(Fraction(10), Fraction(25), gop=60, texture=120)).read_bytes()
    data = exporter.preview(Memory(noise), PreviewForm(), 10_000_000)
    assert len(data) < 60_000


def test_a_poster_is_the_first_picture(exporter, clip):
    jpeg = exporter.poster(Memory(clip), PictureForm(), SECONDS * 1_000_000)
    (picture,), _ = shown(jpeg, 96, 54)
    first = shown(clip, 96, 54)[0][0]
    assert np.abs(picture - first).mean() < 6


@pytest.mark.parametrize("kind", ["poster", "preview"])
def test_what_is_damaged_has_none(exporter, clip, kind):
    damaged = clip[: len(clip) // 4]
    form = PictureForm() if kind == "poster" else PreviewForm()
    with pytest.raises(ClipsetError) as caught:
        getattr(exporter, kind)(Memory(b"\0" * 64 + damaged[64:]), form, SECONDS * 1_000_000)
    assert caught.value.failure.reason is Reason.DAMAGED_MEDIA


@contextmanager
def glances(folder, **more):
    one = Glances(FolderSink(folder), Cupboard(folder / "cache"), **more)
    one.start()
    try:
        yield one
    finally:
        one.stop()


def order(kind="preview", path="clip.mp4", sha256=SHA):
    return Order(kind, FinishedFile(path, 0, sha256, SECONDS * 1_000_000, 0))


def test_a_glance_is_made_once_and_kept_on_disk(tmp_path, clip):
    (tmp_path / "clip.mp4").write_bytes(clip)
    with glances(tmp_path) as one:
        assert one.kept(order()) is None
        both = one.ask(order()), one.ask(order())
        assert both[0] is both[1]
        data = both[0].result(60)
        assert one.kept(order()) == data
    assert Cupboard(tmp_path / "cache").get(f"{SHA}.mp4") == data
    (tmp_path / "clip.mp4").unlink()
    with glances(tmp_path) as again:
        assert again.kept(order()) == data
        with pytest.raises(ClipsetError, match="is gone"):
            again.ask(order("poster")).result(60)


def test_what_nobody_waits_for_any_more_is_never_made(tmp_path, clip):
    (tmp_path / "clip.mp4").write_bytes(clip)
    with glances(tmp_path, makers=0) as one:
        first, second = order(sha256="1" * 64), order(sha256="2" * 64)
        one.ask(first)
        one.ask(first)
        one.ask(second)
        one.leave(first)
        assert list(one._waiting) == [first.name, second.name]
        one.leave(first)
        one.leave(second)
        assert one._waiting == {}


def test_what_was_asked_for_last_is_made_first(tmp_path):
    with glances(tmp_path, makers=0) as one:
        names = [order(sha256=digit * 64) for digit in "123"]
        for name in (*names, names[0]):
            one.ask(name)
        assert one._next(lambda: None).order == names[0]
        assert one._next(lambda: None).order == names[2]


def test_the_cupboard_holds_no_more_than_it_may(tmp_path):
    cupboard = Cupboard(tmp_path, memory_bytes=250, disk_bytes=450)
    names = [f"{number:064x}.mp4" for number in range(6)]
    for name in names:
        cupboard.put(name, bytes(100))
    assert list(cupboard._held) == names[-2:]
    cupboard.tidy()
    assert len(list(tmp_path.glob("*/*"))) == 3
    cupboard.put("../../escape", b"x")
    assert not (tmp_path.parent.parent / "escape").exists()


def test_a_cache_that_cannot_be_written_is_no_reason_not_to_show_it(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    cupboard = Cupboard(tmp_path / "file")
    cupboard.put(f"{SHA}.mp4", b"data")
    assert cupboard.get(f"{SHA}.mp4") == b"data"
