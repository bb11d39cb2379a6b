"""The same work on many files, in a few threads with a media child each."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from clipset.types import Interrupted, Trimmer


class Closing(Protocol):
    """What a thread works with, such as a media child."""

    def close(self) -> None: ...


Item = TypeVar("Item")
Result = TypeVar("Result")
Tool = TypeVar("Tool", bound=Closing)
MakeTrimmer = Callable[[threading.Event], Trimmer]
"""Called in each thread; the event ends what its trimmer waits for."""


def each(
    items: Iterable[Item], work: Callable[[Item, Tool], Result], make_tool: Callable[[threading.Event], Tool], jobs: int
) -> Iterator[Result]:
    """The results as they come, in any order; `items` is asked in the calling thread, a few ahead.

    Whoever stops asking, or is interrupted, ends the work in hand at once. Raises what `items` and `work` raise.
    """
    pool = _Pool(work, make_tool, jobs)
    try:
        for item in items:
            pool.put(item)
            if pool.is_full:
                yield pool.take()
        while not pool.is_empty:
            yield pool.take()
    finally:
        pool.close()


class _Pool(Generic[Item, Result, Tool]):
    def __init__(
        self, work: Callable[[Item, Tool], Result], make_tool: Callable[[threading.Event], Tool], jobs: int
    ) -> None:
        self._work = work
        self._make_tool = make_tool
        self._jobs = jobs
        self._items: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Result | BaseException] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._stop = threading.Event()
        self._in_hand = 0

    @property
    def is_full(self) -> bool:
        return self._in_hand >= 2 * self._jobs

    @property
    def is_empty(self) -> bool:
        return self._in_hand == 0

    def put(self, item: Item) -> None:
        self._in_hand += 1
        self._items.put(item)
        if len(self._threads) < min(self._in_hand, self._jobs):
            thread = threading.Thread(target=self._run, name=f"clipset-{len(self._threads) + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def take(self) -> Result:
        result = self._results.get()
        self._in_hand -= 1
        if isinstance(result, BaseException):
            raise result
        return result

    def close(self) -> None:
        self._stop.set()
        for _ in self._threads:
            self._items.put(None)
        for thread in self._threads:
            thread.join(timeout=10)

    def _run(self) -> None:
        tool: Tool | None = None
        try:
            while (item := self._items.get()) is not None and not self._stop.is_set():
                tool = tool or self._make_tool(self._stop)
                self._results.put(self._work(item, tool))
        except Interrupted:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            self._results.put(error)
        finally:
            if tool is not None:
                tool.close()
