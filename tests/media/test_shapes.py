"""What a clip looks like: turned, even, scaled down, of 8 bits, with the colours and proportions of its source."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from clips import Cuts, look
from generated import Essence

from clipset.types import Recipe


def stream_of(data):
    with av.open(io.BytesIO(data)) as container:
        return container.streams.video[0], next(container.decode(video=0))


@pytest.mark.parametrize(
    ("size", "even"), [((193, 109), (192, 108)), ((194, 109), (194, 108)), ((193, 110), (192, 110))]
)
def test_an_odd_size_loses_its_last_row_or_column_and_nothing_is_resampled(cuts, library, size, even):
    options = {"qp": "0", "preset": "ultrafast"}
    essence = Essence(Fraction(2), size=size, pixel_format="yuv444p", video_options=options, audio=None, texture=8)
    path = library.encoded(f"odd{size[0]}x{size[1]}.mp4", essence)
    clip = cuts.cut([path], 0, 1)
    assert (clip.facts.width_px, clip.facts.height_px) == even
    with av.open(str(path)) as container:
        original = next(container.decode(video=0)).to_ndarray(format="gray")[: even[1], : even[0]]
    assert peak_signal_to_noise_db(look(clip.data).pictures[0], original) > 35


@pytest.mark.parametrize(
    ("short_side_px", "size"),
    [(None, (320, 180)), (90, (160, 90)), (91, (160, 90)), (100, (178, 100)), (720, (320, 180))],
)
def test_the_short_side_is_scaled_down_but_never_up(engine_for, library, short_side_px, size):
    path = library.encoded("wide.mp4", Essence(Fraction(2), size=(320, 180), audio=None))
    clip = Cuts(engine_for(Recipe(short_side_px=short_side_px))).cut([path], 0, 1)
    assert (clip.facts.width_px, clip.facts.height_px) == size


def test_the_sample_aspect_ratio_is_kept(cuts, library):
    essence = Essence(Fraction(2), sample_aspect=Fraction(16, 11), audio=None)
    stream, _ = stream_of(cuts.cut([library.encoded("anamorphic.mp4", essence)], 0, 1).data)
    assert stream.sample_aspect_ratio == Fraction(16, 11)


@pytest.mark.parametrize(("degrees", "turn"), [(-90, -1), (90, 1), (180, 2)])
def test_a_turned_video_is_stored_upright(cuts, library, tmp_path, degrees, turn):
    source = library.encoded("plain.mp4", Essence(Fraction(2), audio=None, sample_aspect=Fraction(4, 3)))
    path = tmp_path / "turned.mp4"
    with av.open(str(source)) as container, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(container.streams.video[0])
        stream.set_display_rotation(degrees)
        for packet in container.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
        upright = np.rot90(next(av.open(str(source)).decode(video=0)).to_ndarray(format="gray"), turn)
    data = cuts.cut([path], 0, 1).data
    stream, frame = stream_of(data)
    assert frame.rotation == 0
    assert stream.sample_aspect_ratio == (Fraction(4, 3) if turn == 2 else Fraction(3, 4))
    assert peak_signal_to_noise_db(look(data).pictures[0], upright) > 30


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [("libx265", "yuv420p10le"), ("libx264", "yuv422p"), ("libsvtav1", "yuv420p10le")],
)
def test_other_codecs_and_more_bits_become_8_bit_h264(cuts, library, codec, pixel_format):
    options = {"libx265": {"x265-params": "log-level=none", "preset": "ultrafast"}, "libsvtav1": {"preset": "12"}}
    size = (192, 128) if codec == "libsvtav1" else (192, 108)
    essence = Essence(
        Fraction(4), size=size, video=codec, pixel_format=pixel_format, gop=25, video_options=options.get(codec, {})
    )
    path = library.encoded(f"{codec}-{pixel_format}.mkv", essence, "matroska")
    clip = cuts.cut([path], Fraction("1.5"), 3)
    _stream, frame = stream_of(clip.data)
    assert (clip.facts.video_codec, frame.format.name) == ("h264", "yuv420p")
    assert look(clip.data).counters == list(range(38, 75))


def test_colours_keep_their_meaning(cuts, library):
    essence = Essence(
        Fraction(2), audio=None, video_options={"x264-params": "colorprim=bt709:transfer=bt709:colormatrix=bt709"}
    )
    _, source = stream_of(library.encoded("bt709.mp4", essence).read_bytes())
    _, frame = stream_of(cuts.cut([library.encoded("bt709.mp4", essence)], 0, 1).data)
    assert source.colorspace == 1
    for name in ("colorspace", "color_range", "color_primaries", "color_trc"):
        assert getattr(frame, name) == getattr(source, name)


def test_full_range_stays_full_range(cuts, library):
    essence = Essence(Fraction(2), audio=None, pixel_format="yuvj420p", texture=8)
    path = library.encoded("full.mp4", essence)
    data = cuts.cut([path], 0, 1).data
    _, source = stream_of(path.read_bytes())
    _, frame = stream_of(data)
    assert frame.color_range == source.color_range == 2
    assert abs(int(frame.to_ndarray(format="gray").max()) - int(source.to_ndarray(format="gray").max())) < 4


def peak_signal_to_noise_db(picture, original):
    error = ((picture.astype(float) - original.astype(float)) ** 2).mean()
    return 10 * np.log10(255**2 / max(error, 1e-9))
