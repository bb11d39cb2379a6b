"""Threads that tell the loop what happens to them."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence

from clipset.types import Interrupted

TICK_S = 0.2

Tell = Callable[[object], None]


class _Ended:
    """A thread has nothing left to do."""


def working(duties: Sequence[Callable[[Tell], None]], abort: threading.Event) -> Iterator[object]:
    """What the duties tell, each in a thread of its own, until all have ended; None now and then when nothing happens.

    `abort` ends it at once, with the threads left to themselves. Raises what a duty raised (a bug).
    """
    told: queue.SimpleQueue[object] = queue.SimpleQueue()
    for number, duty in enumerate(duties, 1):
        threading.Thread(target=_do, args=(duty, told.put), name=f"clipset-tar-{number}", daemon=True).start()
    left = len(duties)
    while left and not abort.is_set():
        try:
            event = told.get(timeout=TICK_S)
        except queue.Empty:
            event = None
        if isinstance(event, BaseException):
            raise event
        if isinstance(event, _Ended):
            left -= 1
        else:
            yield event


def _do(duty: Callable[[Tell], None], tell: Tell) -> None:
    try:
        duty(tell)
    except Interrupted:
        pass
    except BaseException as bug:  # noqa: BLE001 - handed to the loop, which ends the run with it
        tell(bug)
    tell(_Ended())
