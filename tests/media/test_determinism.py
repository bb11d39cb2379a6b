"""The same input, recipe and version give the same bytes, in whichever process and from whichever stream."""

from fractions import Fraction

import pytest
from clips import clip_of, media_of
from generated import Essence
from serving import HttpStream, serving

from clipset.media import process
from clipset.types import MediaInput, Precision, Recipe


@pytest.fixture(scope="module")
def uneven(library):
    """28.5 macroblocks a row: with x264's mbtree the bytes would depend on what the heap held before."""
    return library.encoded("uneven.mp4", Essence(Fraction(5), size=(456, 256), texture=12, gop=40))


def cut(engine, media):
    with engine.open(media) as cutter:
        return cutter.cut(clip_of(Fraction("1.3"), Fraction("3.3"))).data


@pytest.mark.skipif("sys.platform != 'linux'", reason="MALLOC_PERTURB_ is glibc's")
@pytest.mark.parametrize("precision", [Precision.EXACT, Precision.SMART])
def test_a_clip_does_not_depend_on_the_process_or_its_memory(engine_for, uneven, monkeypatch, precision):
    recipe = Recipe(precision)
    made = {cut(engine_for(recipe), media_of([uneven]))}
    for perturb in ("1", "85", "165", "255"):
        environment = process.child_environment() | {"MALLOC_PERTURB_": perturb}
        monkeypatch.setattr(process, "child_environment", lambda environment=environment: environment)
        made.add(cut(engine_for(recipe), media_of([uneven])))
    assert len(made) == 1


def test_ranges_over_http_and_a_local_file_give_the_same_clip(engine_for, uneven):
    engine = engine_for()
    with serving(uneven.parent) as server:
        stream = HttpStream(server, uneven.name)
        assert cut(engine, MediaInput(stream)) == cut(engine, media_of([uneven]))
        stream.close()


def test_a_clip_does_not_depend_on_the_clips_cut_before_it(engine_for, library):
    for form in ("mp4", "DASH pair", "webm", "transport stream"):
        paths = library.files(form, Fraction(25))
        with engine_for().open(media_of(paths)) as cutter:
            later = [cutter.cut(clip_of(start, start + 1)).data for start in (9, 3, 3)][1:]
        with engine_for().open(media_of(paths)) as cutter:
            assert set(later) == {cutter.cut(clip_of(3, 4)).data}
