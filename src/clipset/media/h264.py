"""What has to be known of an H.264 stream without decoding it: its NAL units and its parameter sets (ISO/IEC 14496-10,
and -15 for how mp4 stores them).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain

PROFILES = {66: "baseline", 77: "main", 100: "high"}  # of 8 bits and 4:2:0, by the names that x264 gives them
_HIGH = 100
_LENGTH_BYTES = 4
_START_CODE = re.compile(rb"\x00{2,}\x01")
_ESCAPE = re.compile(rb"\x00\x00\x03")


class Unit(IntEnum):
    """Types of NAL units."""

    SLICE = 1
    IDR_SLICE = 5
    SEI = 6
    SPS = 7
    PPS = 8
    DELIMITER = 9
    FILLER = 12


SLICES = frozenset({Unit.SLICE, Unit.IDR_SLICE})
PLAIN = SLICES | {Unit.SEI, Unit.DELIMITER, Unit.FILLER}  # what may stand in a packet besides parameter sets


class Unfit(Exception):  # noqa: N818 - a verdict on the stream
    """The stream is damaged, or of a kind that is not read here."""


def type_of(unit: bytes) -> int:
    return unit[0] & 31


def is_referred(unit: bytes) -> bool:
    """Whether other pictures may refer to this slice."""
    return bool(unit[0] & 0x60)


def units(packet: bytes) -> Iterator[bytes]:
    """The NAL units of a packet as mp4 stores it, each behind its length. Raises Unfit."""
    position = 0
    while position < len(packet):
        start = position + _LENGTH_BYTES
        position = start + int.from_bytes(packet[position:start])
        if position == start or position > len(packet):
            raise Unfit("a NAL unit is longer than its packet")
        yield packet[start:position]


def split_stream(data: bytes) -> list[bytes]:
    """The NAL units of a byte stream, as an encoder gives it."""
    return [unit for unit in _START_CODE.split(data) if unit]


def joined(units: Sequence[bytes]) -> bytes:
    """A packet as mp4 stores it."""
    return b"".join(len(unit).to_bytes(_LENGTH_BYTES) + unit for unit in units)


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The sequence and the picture parameter sets of a stream, as NAL units."""

    sequence: tuple[bytes, ...]
    picture: tuple[bytes, ...]

    @classmethod
    def of_mp4(cls, record: bytes) -> ParameterSets:
        """From an AVCDecoderConfigurationRecord. Raises Unfit."""
        if len(record) < 7 or record[0] != 1 or record[4] & 3 != _LENGTH_BYTES - 1:
            raise Unfit("the stream does not come with its parameter sets as mp4 has them")
        sequence, position = _counted(record, 6, record[5] & 31)
        picture, _ = _counted(record, position + 1, record[position] if position < len(record) else 0)
        return cls(sequence, picture)

    @classmethod
    def of_stream(cls, data: bytes) -> ParameterSets:
        """From what an encoder gives in front of its stream."""
        found = split_stream(data)
        return cls(*(tuple(unit for unit in found if type_of(unit) == kind) for kind in (Unit.SPS, Unit.PPS)))

    @property
    def ids(self) -> set[int]:
        """Numbers that a set is known by, be it one for sequences or for pictures. Raises Unfit."""
        return {SequenceSet.read(unit).id for unit in self.sequence} | {
            _Bits(unit[1:]).golomb() for unit in self.picture
        }

    def with_those_of(self, *others: ParameterSets | None) -> ParameterSets:
        """Each set once."""
        every = [self, *(sets for sets in others if sets is not None)]
        sequence = dict.fromkeys(chain.from_iterable(sets.sequence for sets in every))
        picture = dict.fromkeys(chain.from_iterable(sets.picture for sets in every))
        return ParameterSets(tuple(sequence), tuple(picture))

    def record(self) -> bytes:
        """The AVCDecoderConfigurationRecord; all have the profile of the first. Raises Unfit."""
        headers = [SequenceSet.read(unit) for unit in self.sequence]
        constraints = headers[0].constraints
        for header in headers:
            constraints &= header.constraints  # each flag is a promise that has to hold for all
        profile, level = headers[0].profile, max(header.level for header in headers)
        record = bytes([1, profile, constraints, level, 0xFC | (_LENGTH_BYTES - 1), 0xE0 | len(headers)])
        record += _listed(self.sequence) + bytes([len(self.picture)]) + _listed(self.picture)
        return record + bytes([0xFC | 1, 0xF8, 0xF8, 0]) if profile >= _HIGH else record  # 4:2:0, 8 bits, 8 bits


@dataclass(frozen=True, slots=True)
class SequenceSet:
    """The beginning of a sequence parameter set."""

    profile: int
    constraints: int
    level: int
    id: int
    progressive: bool

    @classmethod
    def read(cls, unit: bytes) -> SequenceSet:
        """Raises Unfit unless it is 8 bits, 4:2:0, in a profile of PROFILES."""
        if len(unit) < 5 or unit[1] not in PROFILES:
            raise Unfit("the profile is none that is read here")
        bits = _Bits(unit[4:])
        number = bits.golomb()
        if unit[1] >= _HIGH:
            _pass_high(bits)
        bits.golomb()  # log2_max_frame_num_minus4
        _pass_order_count(bits)
        bits.golomb()  # max_num_ref_frames
        bits.take(1)  # gaps_in_frame_num_value_allowed_flag
        bits.golomb(), bits.golomb()  # the size in macroblocks
        return cls(unit[1], unit[2], unit[3], number, progressive=bool(bits.take(1)))


class _Bits:
    """Reads a NAL unit's payload bit by bit."""

    def __init__(self, payload: bytes) -> None:
        data = _ESCAPE.sub(b"\x00\x00", payload[:512])
        self._value, self._left = int.from_bytes(data), 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise Unfit("a parameter set is cut off")
        return self._value >> self._left & ((1 << count) - 1)

    def golomb(self) -> int:
        """ue(v), and se(v) as its code number."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)


def _pass_high(bits: _Bits) -> None:
    chroma_format, luma_bits, chroma_bits = bits.golomb(), bits.golomb(), bits.golomb()
    bits.take(1)  # qpprime_y_zero_transform_bypass_flag
    if (chroma_format, luma_bits, chroma_bits) != (1, 0, 0) or bits.take(1):
        raise Unfit("not 8 bits and 4:2:0, or with scaling matrices of its own")


def _pass_order_count(bits: _Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.take(1), bits.golomb(), bits.golomb()
        for _ in range(bits.golomb()):
            bits.golomb()


def _counted(record: bytes, position: int, count: int) -> tuple[tuple[bytes, ...], int]:
    """So many sets, each behind its length, and where they end. Raises Unfit if one is not there."""
    found = []
    for _ in range(count):
        start = position + 2
        position = start + int.from_bytes(record[position:start])
        found.append(record[start:position])
    if not found or position > len(record) or not all(found):
        raise Unfit("a parameter set is missing")
    return tuple(found), position


def _listed(sets: Sequence[bytes]) -> bytes:
    return b"".join(len(unit).to_bytes(2) + unit for unit in sets)
