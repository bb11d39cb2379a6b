"""Beginning in the middle of a cluster: made-up fronts are read like real ones, and doubtful cues are not believed."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipset.media import cluster, ebml
from clipset.media.cache import ByteCache
from clipset.media.entering import enter_cluster

TRACK, SPACING, BLOCKS = 1, 20, 100
FILE_START, FIRST_TIME = 500, 3000


def block(time, size=200, track=TRACK):
    body = bytes([0x80 | track]) + time.to_bytes(2, signed=True) + b"\x80" + bytes([time % 251]) * size
    return b"\xa3" + (0x4000 | len(body)).to_bytes(2) + body


def cluster_of(time, blocks):
    body = b"\xe7\x88" + time.to_bytes(8) + b"".join(blocks)
    return ebml.CLUSTER.to_bytes(4) + (1 << 56 | len(body)).to_bytes(8) + body


def sound(first_time=FIRST_TIME, size=lambda n: 200, clusters=3):
    """A file of clusters of two seconds and its cues."""
    data, cues = bytes(FILE_START), []
    for n in range(clusters):
        cues.append((first_time + n * BLOCKS * SPACING, len(data)))
        data += cluster_of(cues[-1][0], [block(i * SPACING, size(i)) for i in range(BLOCKS)])
    return data, cues


def entered(data, cues, start):
    reads = []
    cache = ByteCache(lambda a, b: (reads.append((a, b)) or data[a:b], len(data)), None, 1 << 30)
    first = enter_cluster(cache, cues, (cues[0][1], cues[1][1] + 5000), start)
    return cache, first, reads


def times(cache, start, end):
    """What a demuxer finds in a cluster."""
    found, position, base = [], start, None
    while position < end:
        element = ebml.element_at(cache.read(position, 12).ljust(12, b"\0"), position)
        if element.id == 0xE7:
            base = int.from_bytes(cache.read(element.body, 8))
        if element.id == 0xA3:
            found.append(base + int.from_bytes(cache.read(element.body + 1, 2)))
        position = element.body if element.id == ebml.CLUSTER else element.end
    assert position == end
    return found


@pytest.mark.parametrize("passed", [600, 1000, 1500, 1990])
def test_a_cluster_is_read_from_a_little_before_the_time_asked_for(passed):
    data, cues = sound()
    cache, first, reads = entered(data, cues, FIRST_TIME + passed)
    found = times(cache, cues[0][1], cues[1][1])
    assert FIRST_TIME + passed - 200 < found[0] <= FIRST_TIME + passed
    assert found == list(range(found[0], FIRST_TIME + BLOCKS * SPACING, SPACING))
    assert len(reads) == 1
    assert reads[0][0] <= first
    assert reads[0][0] - cues[0][1] > (cues[1][1] - cues[0][1]) * (passed / 2000 - 0.05)


DOUBTFUL = {
    "the cue is of another block": (sound(), 20, 1500),
    "the cue is earlier than the cluster": (sound(), -20, 1500),
    "the sizes grow, so the guess is behind the span": (sound(size=lambda n: 100 + 3 * n), 0, 1200),
    "the lead is small": (sound(), 0, 100),
    "the span begins before the cue": (sound(), 0, -100),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_where_it_cannot_be_told_for_certain_nothing_is_left_out(case):
    (data, cues), shift, passed = DOUBTFUL[case]
    cues = [(cues[0][0] + shift, cues[0][1]), *cues[1:]]
    cache, first, _ = entered(data, cues, FIRST_TIME + passed)
    assert first == 0
    assert cache.read(cues[0][1], 12) == data[cues[0][1] :][:12]


def test_other_blocks_than_of_one_track_are_not_believed():
    blocks = [block(n * SPACING, track=1 + n % 2) for n in range(50)]
    assert cluster.rest_of_cluster(b"".join(blocks)[70:]) is None


def test_what_looks_like_a_block_inside_another_is_passed_over():
    inner = b"\xa3\x83\x81\xff\xff"  # its end is the end of the block that it lies in
    data = b"".join([block(0)[:-5] + inner, *(block(n * SPACING) for n in range(1, 30))])
    rest = cluster.rest_of_cluster(data[100:])
    assert rest.start == SPACING
    assert data[100 + rest.offset :].startswith(block(SPACING))


@given(st.binary(max_size=300), st.integers(0, 250))
def test_no_bytes_make_it_raise(data, cut):
    cluster.rest_of_cluster(data)
    cluster.first_time(data)
    cluster.first_time(ebml.CLUSTER.to_bytes(4) + data)
    whole = cluster_of(5, [block(n * SPACING) for n in range(4)])
    cluster.first_time(whole[:cut] + data)
    cluster.rest_of_cluster(whole[cut:] + data)


@given(st.integers(0, 1 << 40), st.integers(64, 5000), st.integers(5000, 1 << 30))
def test_a_made_up_front_is_a_cluster_with_its_time_and_nothing_else(time, front_bytes, cluster_bytes):
    front = cluster.front(time, front_bytes, cluster_bytes)
    head = ebml.element_at(front[:12], 0)
    assert (head.id, head.end, len(front)) == (ebml.CLUSTER, cluster_bytes, front_bytes)
    inside = list(ebml.elements_in(front[head.body :]))
    assert [element.id for element in inside] == [0xE7, 0xEC]
    assert head.body + inside[-1].end == front_bytes
    assert all(after.start == before.end for before, after in itertools.pairwise(inside))
    assert cluster.first_time(front + block(40)) == time + 40
