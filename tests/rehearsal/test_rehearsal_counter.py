"""The counter in the pictures: what is written is what is read, and nothing else is believed."""

from fractions import Fraction
from math import ceil

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipset.rehearsal.counter import (
    COLUMNS,
    FRAME_BITS,
    KEY_BITS,
    ROWS,
    Counter,
    CounterError,
    decode_bits,
    encode_bits,
    media_key_of,
    opens_second,
    read_flash,
    read_frame,
)
from clipset.rehearsal.media import Picture, VideoCodec
from clipset.rehearsal.media.picture import Painter

counters = st.builds(Counter, st.integers(0, 2**KEY_BITS - 1), st.integers(0, 2**FRAME_BITS - 1))
RATES = [Fraction(25), Fraction(30), Fraction(30_000, 1001), Fraction(24_000, 1001)]


def drawn(height_px: int, frame: int, key: int = 4242, fps: Fraction = RATES[0]) -> np.ndarray:
    """The luma of a picture, never encoded."""
    picture = Picture(VideoCodec.H264, height_px, fps, key)
    half = picture.width_px // 2
    luma, _, _ = Painter(picture, (picture.width_px, half, half)).draw(frame)
    return np.frombuffer(luma, np.uint8).reshape(height_px, picture.width_px)


@given(counters)
def test_every_counter_reads_back(counter):
    assert decode_bits(encode_bits(counter)) == counter


@given(counters, st.integers(0, COLUMNS * ROWS - 1))
def test_one_wrong_block_is_noticed(counter, place):
    bits = list(encode_bits(counter))
    bits[place] = not bits[place]
    with pytest.raises(CounterError):
        decode_bits(bits)


@pytest.mark.parametrize("counter", [Counter(-1, 0), Counter(2**KEY_BITS, 0), Counter(0, 2**FRAME_BITS)])
def test_a_number_that_does_not_fit_is_refused(counter):
    with pytest.raises(ValueError, match="does not fit"):
        encode_bits(counter)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([90, 120, 144, 180, 240, 360, 480]), st.integers(0, 50_000), st.integers(0, 65_535))
def test_a_picture_reads_back_at_every_size(height_px, frame, key):
    assert read_frame(drawn(height_px, frame, key)) == (key, frame)


@pytest.mark.parametrize("shape", [(360, 640), (360, 640, 3)])
def test_a_picture_without_a_counter_is_refused(shape):
    with pytest.raises(CounterError):
        read_frame(np.full(shape, 128, np.uint8))
    with pytest.raises(CounterError):
        read_frame(np.random.default_rng(1).integers(0, 255, shape, np.uint8))


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "nv12", "gray", "rgb24", "bgr24", "yuv420p10le"])
def test_a_frame_of_libav_reads_in_any_pixel_format(pixel_format):
    frame = av.VideoFrame.from_ndarray(drawn(360, 77), format="gray").reformat(format=pixel_format)
    assert read_frame(frame) == (4242, 77)


def test_colour_arrays_read_in_either_order():
    frame = av.VideoFrame.from_ndarray(drawn(360, 77), format="gray")
    assert read_frame(frame.to_ndarray(format="rgb24")) == read_frame(frame.to_ndarray(format="bgr24")) == (4242, 77)


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_the_first_frame_of_each_second_flashes(fps):
    flashes = [frame for frame in range(3000) if opens_second(frame, fps)]
    assert flashes == [ceil(second * fps) for second in range(len(flashes))]
    for frame in (0, 1, flashes[70] - 1, flashes[70], flashes[70] + 1):
        assert read_flash(drawn(180, frame, fps=fps)) == (frame in flashes)


def test_ids_have_different_keys():
    keys = {media_key_of(f"video-{number:05d}") for number in range(300)}
    assert len(keys) >= 297
    assert media_key_of("-rehearsal1") == 62_321
