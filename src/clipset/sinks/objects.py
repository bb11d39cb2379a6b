"""Clips as objects in a store. An object is there complete or not at all; a store that is busy is waited for.

A put that fails would waste what it took to get the clip, so the wait is long: as long as nothing can be stored, no
worker goes on to ask for another video. When the store does not come back, the run is to end instead of going
through its list for nothing.
"""

import random
import threading
from collections.abc import Callable
from itertools import count
from typing import TypeVar

from clipset.clock import Clock, SystemClock
from clipset.reasons import Reason
from clipset.sinks.folders import parts_of
from clipset.sinks.stores import Store
from clipset.sinks.trouble import Kind, Trouble, trouble_of
from clipset.types import US_PER_S, ByteStream, ClipsetError, Failure, Interrupted, Stage

T = TypeVar("T")

PATIENCE_S = 600.0
"""How long one object is tried for."""

FIRST_READ_BYTES = 4 * 1024 * 1024
"""Most clips are shorter: one request says that a clip is there, how long it is and what is in it."""

_LONGEST_PAUSE_S = 30.0
_TOLD_AFTER_S = 5.0
_REFUSALS = 5  # different objects refused one after the other: it is not about them
_AGAIN = "then run the same command again; no clip was lost"


def pause_s(tries: int, draw: float) -> float:
    """How long to wait after the `tries`-th failure (from 1): doubling, spread over the upper half. `draw` is 0..1."""
    return float(min(_LONGEST_PAUSE_S, 0.5 * 2 ** min(tries - 1, 10)) * (0.5 + draw / 2))


class ObjectSink:
    """Implements `types.Sink` below `root`, a bucket with a prefix; safe to use from many threads.

    `url` names the place in messages. Paths are refused as FolderSink refuses them. Beside what the protocol says
    every method raises Interrupted when the run is aborted, and ClipsetError: store_error when only this object
    could not be had, store_unavailable, no_permission or disk_full when none can; after those every call fails at once.
    """

    def __init__(
        self,
        store: Store,
        root: str,
        url: str,
        abort: threading.Event,
        clock: Clock | None = None,
        patience_s: float | None = None,
    ) -> None:
        self._store, self._root, self.url = store, root.rstrip("/"), url
        self._abort, self._clock = abort, clock or SystemClock()
        self._patience_s = PATIENCE_S if patience_s is None else patience_s
        self._writing, self._reading = _Health(), _Health()

    @property
    def trouble(self) -> str | None:
        """What the store answers while it is waited for, for some seconds already; None while it works."""
        return self._writing.trouble or self._reading.trouble

    def put(self, path: str, data: bytes) -> None:
        """One request. Replaces."""
        self._write(self._key(path), data)

    def link(self, path: str, target: str) -> None:
        """A copy made by the store, one request: stores have no links. Raises FileNotFoundError without `target`."""
        source, key = self._key(target), self._key(path)
        if source != key:
            self._insist(self._writing, lambda: self._store.copy(source, key))

    def get(self, path: str) -> ByteStream | None:
        """The finished clip, or None: one request, one more for a clip that is long or empty."""
        return self._get(self._key(path))

    def probe(self) -> None:
        """Whether clips can be looked for and put here: two requests, and a small object that stays.

        Raises ClipsetError (no_permission, store_unavailable).
        """
        try:
            self._get(f"{self._root}/.clipset/absent")
        except ClipsetError as error:
            if error.failure.reason is not Reason.NO_PERMISSION:
                raise
            hint = "; to look for clips takes s3:GetObject and, to be told that one is not there, s3:ListBucket"
            text = error.failure.detail.replace("; check", f"{hint}; check", 1)
            raise ClipsetError(Failure(Reason.NO_PERMISSION, text, Stage.STORE)) from None
        self._write(f"{self._root}/.clipset/probe", b"clipset puts clips below this prefix\n")

    def read(self, key: str, start: int, end: int) -> bytes:
        """A range of an object that was there. Raises ClipsetError, Interrupted."""
        try:
            return self._insist(self._reading, lambda: self._store.read(key, start, end))
        except FileNotFoundError as error:
            raise ClipsetError(Failure(Reason.STORE_ERROR, f"{self.url}: {error}", Stage.STORE)) from None

    def _key(self, path: str) -> str:
        return "/".join((self._root, *parts_of(path)))

    def _write(self, key: str, data: bytes) -> None:
        try:
            self._insist(self._writing, lambda: self._store.put(key, data))
        except FileNotFoundError as error:  # some stores say no more of a bucket that is not there
            raise self._ended(self._writing, Trouble(Kind.UNUSABLE, str(error)), 0) from None

    def _get(self, key: str) -> ByteStream | None:
        def act() -> "ObjectStream":
            head = self._store.read(key, 0, FIRST_READ_BYTES)
            size_bytes = len(head) if len(head) < FIRST_READ_BYTES else self._store.size_bytes(key)
            return ObjectStream(self, key, head, size_bytes)

        try:
            return self._insist(self._reading, act)
        except FileNotFoundError:
            return None

    def _insist(self, health: "_Health", act: Callable[[], T]) -> T:
        """Do it, again while the store is busy. Raises ClipsetError, Interrupted, FileNotFoundError."""
        began_us, answers = self._clock.now_us(), health.answers
        for tries in count(1):
            health.check()
            try:
                result = act()
            except Exception as error:
                trouble = trouble_of(error)
                if trouble is None:
                    raise
                if trouble.kind is Kind.ABSENT:
                    health.answered()
                    raise FileNotFoundError(trouble.text) from None
                wait_s = pause_s(tries, random.random())  # noqa: S311 - spreading load, not a secret
                elapsed_s = (self._clock.now_us() - began_us) / US_PER_S
                if trouble.kind is not Kind.BUSY or elapsed_s + wait_s > self._patience_s:
                    raise self._ended(health, trouble, answers) from error
            else:
                health.answered()
                return result
            if elapsed_s >= _TOLD_AFTER_S:
                health.trouble = trouble.text
            if self._clock.wait(wait_s, self._abort):
                raise Interrupted
        raise AssertionError("counting has no end")

    def _ended(self, health: "_Health", trouble: Trouble, answers: int) -> ClipsetError:
        """What a failure means that waiting did not help. `answers` are those when the waiting began."""
        refused = health.refused() if trouble.kind is Kind.REFUSED else 0
        is_alone = refused < _REFUSALS if refused else trouble.kind is Kind.BUSY and health.answers > answers
        if is_alone:
            return ClipsetError(Failure(Reason.STORE_ERROR, f"{self.url}: {trouble.text}", Stage.STORE))
        reason, advice = _ADVICE.get(trouble.kind, _UNAVAILABLE)
        error = ClipsetError(Failure(reason, f"{self.url}: {trouble.text}; {advice}, {_AGAIN}", Stage.STORE))
        health.given_up = error.failure
        return error


_UNAVAILABLE = (Reason.STORE_UNAVAILABLE, "wait until the store answers")
_ADVICE = {
    Kind.DENIED: (Reason.NO_PERMISSION, "check the credentials and what they allow there"),
    Kind.FULL: (Reason.DISK_FULL, "make room there"),
    Kind.UNUSABLE: (Reason.STORE_UNAVAILABLE, "mend the address or the store's settings"),
    Kind.REFUSED: (Reason.STORE_UNAVAILABLE, f"{_REFUSALS} clips in a row were refused: mend that"),
}


class _Health:
    """What the store last said to all threads, of one kind of request. Reads may work while writes do not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refusals = 0
        self.answers = 0
        self.trouble: str | None = None
        self.given_up: Failure | None = None

    def check(self) -> None:
        if self.given_up is not None:
            raise ClipsetError(self.given_up)

    def answered(self) -> None:
        with self._lock:
            self.answers += 1
            self._refusals = 0
            self.trouble = None

    def refused(self) -> int:
        """How many in a row, with this one."""
        with self._lock:
            self._refusals += 1
            return self._refusals


class ObjectStream:
    """An object by byte ranges; its beginning is at hand. Raises ClipsetError, Interrupted."""

    def __init__(self, sink: ObjectSink, key: str, head: bytes, size_bytes: int) -> None:
        self._sink, self._key, self._head, self._size_bytes = sink, key, head, size_bytes

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def read(self, start: int, end: int) -> bytes:
        end = min(end, self._size_bytes)
        if start >= end:
            return b""
        if end <= len(self._head):
            return self._head[start:end]
        return self._sink.read(self._key, start, end)
