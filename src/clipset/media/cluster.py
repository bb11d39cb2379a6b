"""A webm cluster of sound that was fetched from its middle on: its first whole block, and a front to put before that.

A block says only how long after its cluster it sounds. The cluster's own time stands at its beginning, which is not
here, but the cues name it; that they mean this cluster shows where its last block meets the next cluster's first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from clipset.media import ebml
from clipset.media.ebml import Element, element_at, elements_in

FRONT_BYTES_MIN = 64  # more than a front has without its filling
_TIMESTAMP, _SIMPLE_BLOCK, _VOID = 0xE7, 0xA3, 0xEC
_BLOCK_BYTES_MAX = 16 * 1024  # of sound; far more than a packet of any codec has
_TIME_BYTES = 3  # of a block before its flags: one for the track, two for the time


@dataclass(frozen=True, slots=True)
class Rest:
    """The blocks from `offset` to the end of a cluster; ticks after the cluster's time, `end` where the next begins."""

    offset: int
    start: int
    end: Fraction
    spacing: Fraction


def rest_of_cluster(data: bytes) -> Rest | None:
    """What is whole of a cluster that ends where `data` ends; None unless blocks of one track fill it to the last byte.

    The first that looks like a block can be a chance of the bytes inside another, so the one behind it is taken.
    """
    for offset in range(min(len(data), _BLOCK_BYTES_MAX)):
        if data[offset] != _SIMPLE_BLOCK:
            continue
        tail = data[offset:]
        blocks = list(elements_in(tail))[1:]
        if len(blocks) > 1 and blocks[-1].end == len(tail) and len({(b.id, tail[b.body]) for b in blocks}) == 1:
            first, last = _time(tail, blocks[0]), _time(tail, blocks[-1])
            spacing = Fraction(last - first, len(blocks) - 1)
            return Rest(offset + blocks[0].start, first, last + spacing, spacing)
    return None


def first_time(cluster: bytes) -> int | None:
    """The tick of the first block of a cluster, of which these are the first bytes; None where that cannot be read."""
    head = element_at(cluster[: ebml.HEADER_BYTES_MAX], 0)
    if head is None or head.id != ebml.CLUSTER:
        return None
    time = None
    for element in _from(cluster, head.body):
        if element.id == _TIMESTAMP and element.end is not None:
            time = int.from_bytes(cluster[element.body : element.end])
        if element.id == _SIMPLE_BLOCK and len(cluster) >= element.body + _TIME_BYTES:
            return None if time is None else time + _time(cluster, element)
    return None


def front(time: int, front_bytes: int, cluster_bytes: int) -> bytes:
    """The first `front_bytes` of a cluster of this time and size, in which there is nothing else."""
    body = b"\xe7\x88" + time.to_bytes(8) + b"\xec" + _size(front_bytes - 12 - 10 - 9)
    return (ebml.CLUSTER.to_bytes(4) + _size(cluster_bytes - 12) + body).ljust(front_bytes, b"\0")


def _from(data: bytes, position: int) -> Iterator[Element]:
    while (element := element_at(data[position : position + ebml.HEADER_BYTES_MAX], position)) is not None:
        yield element
        if element.end is None:
            return
        position = element.end


def _time(data: bytes, block: Element) -> int:
    return int.from_bytes(data[block.body + 1 : block.body + _TIME_BYTES], signed=True)


def _size(size_bytes: int) -> bytes:
    """A size in the longest form, eight bytes."""
    return (1 << 56 | size_bytes).to_bytes(8)
