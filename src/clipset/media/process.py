"""The parent's side of one media child: starting it, talking to it, and ending it when it hangs or lies."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from signal import Signals

from clipset.media import wire
from clipset.media.cache import READ_BYTES_MAX
from clipset.media.limits import Limits
from clipset.reasons import Reason
from clipset.types import ClipsetError, Cooling, Failure, Interrupted, Recipe, Stage

_TICK_S = 0.1  # how often a wait looks at the stop event
_EXIT_S = 5.0  # for a child whose socket is closed

_UNREAD: wire.Message = ({"op": "unread"}, b"")

Read = Callable[[int, int, int], tuple[bytes, int | None]]  # stream, start, end -> bytes and the stream's size
Take = Callable[[wire.Header, bytes], None]  # a piece of the result, before the answer


class MediaProcess:
    """One child process. On Linux it ends with the thread that made it, so it is made by the thread that uses it."""

    def __init__(self, recipe: Recipe, limits: Limits) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-m", "clipset.media.child", str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=child_environment(),
                process_group=0,  # a Ctrl-C in the terminal is for the parent, which lets the child finish
            )
        ours.settimeout(_TICK_S)
        self._limits = limits
        self._channel = wire.Channel(ours, limits.clip_bytes)
        self._channel.send({"limits": asdict(limits), "recipe": asdict(recipe)})

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def call(
        self, request: wire.Header, read: Read, budget_s: float, stop: threading.Event, take: Take | None = None
    ) -> wire.Message:
        """Send a request and serve the child's reads until it answers.

        Raises ClipsetError (media_timeout, media_crash), Interrupted, and what `take` and `read` raise. Only after
        the last of these the child lives on.
        """
        watch = _Watch(self._limits.silence_s, budget_s, stop)
        try:
            answer, failed = self._converse(request, read, watch, take)
        except wire.Closed as error:
            raise self._died() from error
        except (wire.Garbled, KeyError, TypeError, ValueError) as error:
            self.kill()
            raise _crash("the media child does not keep to the protocol") from error
        except BaseException:
            self.kill()
            raise
        if failed is not None:
            raise failed
        return answer

    def kill(self) -> None:
        self._process.kill()
        self.close()

    def close(self) -> None:
        """Closing the socket ends a child that waits; one that works on is killed."""
        self._channel.close()
        try:
            self._process.wait(_EXIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _converse(
        self, request: wire.Header, read: Read, watch: "_Watch", take: Take | None
    ) -> tuple[wire.Message, Exception | None]:
        failed: Exception | None = None
        self._channel.send(request, on_wait=watch)
        while True:
            message = self._channel.receive(watch)
            watch.heard()
            match message[0]["op"]:
                case "read" if failed is None:
                    reply, failed = _read(message[0], read)
                case "read":
                    reply = _UNREAD
                case "working":
                    continue
                case "piece" if take is not None:
                    take(*message)
                    watch.resume()
                    continue
                case _:
                    return message, failed
            watch.resume()
            self._channel.send(*reply, on_wait=watch)

    def _died(self) -> ClipsetError:
        self.close()
        status = self._process.returncode
        return _crash(f"the media child died of {Signals(-status).name}" if status < 0 else "the media child ended")


class _Watch:
    """Ends a wait for the child: the run stops, it has been silent too long, or it has worked too long."""

    def __init__(self, silence_s: float, budget_s: float, stop: threading.Event) -> None:
        self._silence_s = silence_s
        self._budget_s = budget_s
        self._stop = stop
        self._worked_s = 0.0
        self._since_s = time.monotonic()

    def __call__(self) -> None:
        """Raises Interrupted, ClipsetError (media_timeout)."""
        silent_s = time.monotonic() - self._since_s
        if self._stop.is_set():
            raise Interrupted
        if silent_s > self._silence_s:
            raise _timeout(f"the media child said nothing for {self._silence_s:g} s")
        if self._worked_s + silent_s > self._budget_s:
            raise _timeout(f"the clip took more than {self._budget_s:g} s of work")

    def heard(self) -> None:
        """A message came. Raises as a wait does, for one who always talks never makes us wait."""
        self()
        self._worked_s += time.monotonic() - self._since_s
        self.resume()

    def resume(self) -> None:
        """The child goes on: what passed since its message was our own time."""
        self._since_s = time.monotonic()


def _read(request: wire.Header, read: Read) -> tuple[wire.Message, Exception | None]:
    """Answer a read; a failure stays here and the child only learns that there is one."""
    number, start, end = request["stream"], request["start"], request["end"]
    if not (isinstance(number, int) and 0 <= start < end <= start + READ_BYTES_MAX):
        raise ValueError("no such range")
    try:
        data, size_bytes = read(number, start, end)
    except (ClipsetError, Cooling, Interrupted) as error:
        return _UNREAD, error
    return ({"op": "bytes", "size": size_bytes}, data[: end - start]), None


def _timeout(detail: str) -> ClipsetError:
    return ClipsetError(Failure(Reason.MEDIA_TIMEOUT, detail, Stage.TRIM))


def _crash(detail: str) -> ClipsetError:
    return ClipsetError(Failure(Reason.MEDIA_CRASH, detail, Stage.TRIM))


def child_environment() -> dict[str, str]:
    """Nothing of ours but where the code lies: no proxy, no home, no cookies. One heap, for only one thread works."""
    code = os.pathsep.join(path for path in sys.path if path)
    return {"PYTHONPATH": code, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}
