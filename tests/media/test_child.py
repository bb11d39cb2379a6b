"""The media child can die, hang, lie or starve, and that costs one clip one attempt."""

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path

import pytest
from clips import clip_of, look, media_of
from generated import Essence
from serving import Memory

from clipset.media import Limits, MediaEngine, process
from clipset.reasons import Reason
from clipset.types import ClipsetError, Failure, Interrupted, MediaInput, Recipe, Stage

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(scope="module")
def video(library):
    return library.files("mp4", Fraction(25))


class Sabotaged(Memory):
    """Memory that does something to the engine's child at its n-th read."""

    def __init__(self, data, act, at=2):
        super().__init__(data)
        self._act = act
        self._left = at

    def read(self, start, end):
        self._left -= 1
        if self._left == 0:
            self._act()
        return super().read(start, end)


def sabotaged(path, act, at=2):
    return MediaInput(Sabotaged(path.read_bytes(), act, at))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT], ids=lambda n: n.name)
def test_a_child_that_dies_is_a_media_crash_and_the_next_clip_gets_a_new_one(engine_for, video, number):
    engine = engine_for()
    media = sabotaged(video[0], lambda: os.kill(engine.child_pid, number), at=3)
    with engine.open(media) as cutter:
        first = engine.child_pid
        with pytest.raises(ClipsetError) as caught:
            cutter.cut(clip_of(2, 3))
        assert caught.value.failure.reason is Reason.MEDIA_CRASH
        assert number.name in caught.value.failure.detail
        assert look(cutter.cut(clip_of(2, 3)).data).counters == list(range(50, 75))
        assert engine.child_pid != first


def test_a_child_that_hangs_is_killed_after_its_silence(engine_for, video):
    engine = engine_for(limits=Limits(silence_s=3))
    media = sabotaged(video[0], lambda: os.kill(engine.child_pid, signal.SIGSTOP), at=3)
    with engine.open(media) as cutter:
        hung = engine.child_pid
        with pytest.raises(ClipsetError) as caught:
            cutter.cut(clip_of(2, 3))
        assert caught.value.failure.reason is Reason.MEDIA_TIMEOUT
        assert not Path(f"/proc/{hung}").exists()
        assert cutter.cut(clip_of(2, 3)).facts.frames == 25


def test_a_clip_that_takes_too_much_work_is_given_up(engine_for, video):
    engine = engine_for(limits=Limits(clip_s=0.05, per_media_s=0.0))
    with pytest.raises(ClipsetError) as caught, engine.open(media_of(video)) as cutter:
        cutter.cut(clip_of(0, 16))
    assert caught.value.failure.reason is Reason.MEDIA_TIMEOUT


@pytest.mark.slow
def test_time_spent_reading_is_not_the_childs(engine_for, video):
    engine = engine_for(limits=Limits(silence_s=5, clip_s=5, per_media_s=0))
    slow = sabotaged(video[0], lambda: time.sleep(6), at=3)
    with engine.open(slow) as cutter:
        assert cutter.cut(clip_of(2, 3)).facts.frames == 25


def test_a_stopping_run_interrupts_a_clip_in_work(video):
    stop = threading.Event()
    engine = MediaEngine(Recipe(), stop)
    media = sabotaged(video[0], lambda: (os.kill(engine.child_pid, signal.SIGSTOP), stop.set()), at=3)
    with engine.open(media) as cutter, pytest.raises(Interrupted):
        cutter.cut(clip_of(2, 3))
    assert engine.child_pid is None


@pytest.mark.parametrize(
    "error",
    [
        ClipsetError(Failure(Reason.EXPIRED_URL, "HTTP 403", Stage.FETCH, http_status=403)),
        Interrupted(),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("at", [1, 2, 3], ids="read {}".format)
def test_what_a_read_raises_comes_out_as_it_is_and_the_child_lives(engine_for, video, error, at):
    engine = engine_for()

    def fail():
        raise error

    with pytest.raises(type(error)) as caught, engine.open(sabotaged(video[0], fail, at)) as cutter:
        cutter.cut(clip_of(2, 3))
    assert caught.value is error
    pid = engine.child_pid
    with engine.open(media_of(video)) as cutter:
        assert cutter.cut(clip_of(2, 3)).facts.frames == 25
    assert engine.child_pid == pid


def test_a_read_that_failed_once_can_work_in_the_next_clip(engine_for, video):
    def fail():
        raise ClipsetError(Failure(Reason.NETWORK, "reset", Stage.FETCH))

    with engine_for().open(sabotaged(video[0], fail, 3)) as cutter:
        with pytest.raises(ClipsetError):
            cutter.cut(clip_of(2, 3))
        assert cutter.cut(clip_of(2, 3)).facts.frames == 25


def test_memory_has_a_limit_and_reaching_it_is_the_files_fault(engine_for, library):
    path = library.encoded("large.mp4", Essence(Fraction(1), size=(1920, 1080), audio=None, gop=10))
    engine = engine_for(limits=Limits(memory_bytes=230 * 1024 * 1024))
    with pytest.raises(ClipsetError) as caught, engine.open(media_of([path])) as cutter:
        cutter.cut(clip_of(0, 1))
    assert caught.value.failure.reason in (Reason.DAMAGED_MEDIA, Reason.MEDIA_CRASH)


@LINUX
def test_the_child_has_no_files_no_network_no_environment_and_no_core_dumps(engine_for, video, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.example:3128")
    engine = engine_for()
    with engine.open(media_of(video)):
        proc = Path(f"/proc/{engine.child_pid}")
        limits = proc.joinpath("limits").read_text()
        descriptors = [str(link.readlink()) for link in proc.joinpath("fd").iterdir()]
    assert "secret" not in proc.joinpath("environ").read_text()
    assert [line.split()[3:5] for line in limits.splitlines() if line.startswith("Max open files")] == [["0", "0"]]
    assert [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core file size")] == [["0", "0"]]
    assert sum(not name.startswith("/dev/null") for name in descriptors) == 1  # the socket to its parent


LOCKED = """
import socket
from clipset.media.sandbox import lock_down
lock_down(1 << 30)
try:
    {attempt}
except OSError:
    print("refused")
"""


@pytest.mark.parametrize("attempt", ["open('/etc/hosts')", "socket.socket()", "socket.socketpair()"])
def test_after_locking_down_nothing_more_can_be_opened(attempt):
    code = LOCKED.format(attempt=attempt)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"


@LINUX
def test_the_child_ends_with_its_parent(video):
    code = (
        "import sys, threading, signal, os\nfrom clipset.media import MediaEngine\nfrom clipset.types import *\n"
        "class S:\n    size_bytes = None\n    def read(self, a, b):\n"
        "        print(e.child_pid, flush=True)\n        os.kill(os.getpid(), signal.SIGKILL)\n"
        "e = MediaEngine(Recipe(), threading.Event())\nwith e.open(MediaInput(S())): pass\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    child = Path(f"/proc/{int(done.stdout)}")
    deadline = time.monotonic() + 20
    while child.exists() and "(zombie)" not in child.joinpath("status").read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not child.exists() or "(zombie)" in child.joinpath("status").read_text()


LIAR = """
import socket, sys
parent = socket.socket(fileno=int(sys.argv[1]))
parent.sendall({answer!r})
while parent.recv(65536):
    pass
"""


def message(header):
    return struct.pack(">IQ", len(header), 0) + header


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff" * 12,
        message(b"[]"),
        message(b'{"op":"who knows"}'),
        message(b'{"op":"read","stream":0,"start":0,"end":99999999999}'),
        message(b'{"op":"read","stream":"0","start":0,"end":9}'),
        message(b'{"op":"failed","reason":"disk_full","detail":"x"}'),
    ],
)
def test_a_child_that_lies_is_a_media_crash(engine_for, video, monkeypatch, answer):
    """Whatever takes its place and answers nonsense costs the clip an attempt, and not the parent."""
    start = subprocess.Popen

    def start_liar(command, **more):
        return start([sys.executable, "-c", LIAR.format(answer=answer), command[-2]], **more)

    monkeypatch.setattr(process.subprocess, "Popen", start_liar)
    with pytest.raises(ClipsetError) as caught, engine_for().open(media_of(video)):
        pytest.fail("it opened")
    assert caught.value.failure.reason is Reason.MEDIA_CRASH
