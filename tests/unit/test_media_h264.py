"""Parameter sets are read as the standard writes them, and damage makes reading raise Unfit and nothing else."""

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipset.media.h264 import ParameterSets, SequenceSet, Unfit, joined, split_stream, units


def encoder_sets(params: str = "", profile: str = "high", size: tuple[int, int] = (64, 48)) -> ParameterSets:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt, context.framerate = *size, "yuv420p", 25
    context.options = {"profile": profile, "x264-params": params}
    context.flags |= av.codec.context.Flags.global_header
    context.open()
    return ParameterSets.of_stream(context.extradata)


SETS = {
    "high": (encoder_sets(), 100, 0, True),
    "main": (encoder_sets(profile="main"), 77, 0, True),
    "baseline": (encoder_sets("bframes=0", profile="baseline"), 66, 0, True),
    "with a number": (encoder_sets("sps-id=23"), 100, 23, True),
    "interlaced": (encoder_sets("tff=1"), 100, 0, False),
    "large": (encoder_sets(size=(4096, 2160)), 100, 0, True),
}


@pytest.mark.parametrize("kind", SETS)
def test_what_an_encoder_says_of_itself_is_read(kind):
    sets, profile, number, progressive = SETS[kind]
    header = SequenceSet.read(sets.sequence[0])
    assert (header.profile, header.id, header.progressive) == (profile, number, progressive)
    assert sets.ids == {number}


def test_a_record_has_the_sets_of_both_and_promises_what_both_keep():
    ours, theirs = encoder_sets("sps-id=5"), encoder_sets(size=(1280, 720))
    both = theirs.with_those_of(ours, None, ours)
    assert ParameterSets.of_mp4(both.record()) == both
    assert (len(both.sequence), len(both.picture), both.ids) == (2, 2, {0, 5})
    levels = [SequenceSet.read(sets.sequence[0]).level for sets in (ours, theirs)]
    assert both.record()[3] == max(levels) > min(levels)


def test_units_survive_being_stored():
    parts = [b"\x67\x01\x02", b"\x41" + bytes(300)]
    assert list(units(joined(parts))) == parts
    assert split_stream(b"\x00\x00\x00\x01\x67\x01\x02\x00\x00\x01\x41\x05") == [b"\x67\x01\x02", b"\x41\x05"]


DAMAGED = {
    "nothing": b"",
    "a byte stream": b"\x00\x00\x00\x01" + SETS["high"][0].sequence[0],
    "two bytes of length": b"\x01\x64\x00\x0a\xfd" + SETS["high"][0].record()[5:],
    "cut off": SETS["high"][0].record()[:20],
    "no sequence": b"\x01\x64\x00\x0a\xff\xe0\x01\x00\x02\x68\x01",
    "no picture": SETS["high"][0].record()[: 8 + len(SETS["high"][0].sequence[0])] + b"\x00",
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_record_that_is_none_is_unfit(kind):
    with pytest.raises(Unfit):
        ParameterSets.of_mp4(DAMAGED[kind])


@given(st.binary(max_size=40), st.integers(0, 60))
def test_damage_is_unfit_and_nothing_else(noise, position):
    record = SETS["high"][0].record()
    for data in (noise, record[:position] + noise + record[position + len(noise) :]):
        try:
            sets = ParameterSets.of_mp4(data)
            sets.ids, sets.record()
            list(units(data))
        except Unfit:
            pass


@pytest.mark.parametrize("packet", [b"\x00\x00\x00\x05\x65", b"\x00\x00\x00\x00", b"\x00\x00"])
def test_a_packet_that_is_no_row_of_units_is_unfit(packet):
    with pytest.raises(Unfit):
        list(units(packet))
