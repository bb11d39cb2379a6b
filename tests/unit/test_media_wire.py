"""The protocol with the media child: whole messages or a plain refusal, and every wait can be ended."""

import socket
import struct

import pytest

from clipset.media.wire import Channel, Closed, Garbled


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_message_arrives_with_its_body(ends):
    Channel(ends[0], 0).send({"op": "x", "n": 1}, b"\0body")
    assert Channel(ends[1], 100).receive() == ({"op": "x", "n": 1}, b"\0body")


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">IQ", 1 << 31, 0),
        struct.pack(">IQ", 2, 1 << 40),
        struct.pack(">IQ", 2, 0) + b"[]",
        struct.pack(">IQ", 3, 0) + b"{x}",
        struct.pack(">IQ", 2, 0) + b"\xff\xfe",
        struct.pack(">IQ", 100_000, 0) + b"[" * 100_000,
    ],
)
def test_nonsense_is_refused(ends, data):
    ends[0].sendall(data)
    with pytest.raises(Garbled):
        Channel(ends[1], 100).receive()


def test_the_other_sides_end_is_noticed_in_the_middle_of_a_message(ends):
    ends[0].sendall(struct.pack(">IQ", 10, 0) + b"{")
    ends[0].close()
    with pytest.raises(Closed):
        Channel(ends[1], 100).receive()


class EnoughError(Exception):
    pass


def enough():
    raise EnoughError


def test_a_wait_for_a_message_can_be_ended(ends):
    ends[0].settimeout(0.001)
    with pytest.raises(EnoughError):
        Channel(ends[0], 100).receive(enough)


def test_a_wait_to_be_heard_can_be_ended(ends):
    ends[0].settimeout(0.001)
    with pytest.raises(EnoughError):
        Channel(ends[0], 100).send({}, bytes(50_000_000), enough)
