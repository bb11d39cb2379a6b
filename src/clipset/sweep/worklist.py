"""Which tar is next, and whether going on with one can still bring something. Shared by the streams of a sweep."""

import threading
from collections.abc import Callable, Iterable, Mapping

from clipset.ledger.missing import Group
from clipset.sources.mirror.cvdf import Tar
from clipset.types import Clip


class Worklist:
    """`groups` are the clips that are not there; a tar is useful while one of those it may hold was not met, and no
    more than `room` clips were. After more than `patience` tars in a row that could not be reached, none is.
    """

    def __init__(
        self,
        tars: Iterable[Tar],
        groups: Mapping[Group, int],
        may_hold: Callable[[Tar, Group], bool],
        room: int | None = None,
        patience: int = 1,
    ) -> None:
        self._waiting = list(tars)
        self._left = dict(groups)
        self._groups = {tar.url: [group for group in groups if may_hold(tar, group)] for tar in self._waiting}
        self._claimed = set[Clip]()
        self._room, self._patience = room, patience
        self._silences = 0
        self._lock = threading.Lock()

    def next(self) -> Tar | None:
        """None when nothing is left that could bring a clip."""
        with self._lock:
            while self._waiting:
                tar = self._waiting.pop(0)
                if self._is_useful(tar):
                    return tar
        return None

    def is_useful(self, tar: Tar) -> bool:
        with self._lock:
            return self._is_useful(tar)

    def claim(self, clip: Clip) -> bool:
        """Before the ledger is asked for it: False when another stream is at this clip, or no room is left."""
        with self._lock:
            if clip in self._claimed or self._room == 0:
                return False
            self._claimed.add(clip)
            return True

    def meet(self, groups: Iterable[Group]) -> bool:
        """The clip is wanted and is here. False when the room went to another stream meanwhile."""
        with self._lock:
            if self._room == 0:
                return False
            if self._room is not None:
                self._room -= 1
            for group in groups:
                self._left[group] = self._left.get(group, 1) - 1
            return True

    def release(self, clip: Clip) -> None:
        """It is not wanted, or the ledger knows of it."""
        with self._lock:
            self._claimed.discard(clip)

    def heard(self, *, is_silent: bool) -> None:
        """Whether the mirror answered for a tar."""
        with self._lock:
            self._silences = self._silences + 1 if is_silent else 0
            if self.is_given_up:
                self._room = 0

    @property
    def is_given_up(self) -> bool:
        """The mirror does not answer any more."""
        return self._silences > self._patience

    def close(self) -> None:
        """Nothing is useful any more."""
        with self._lock:
            self._room = 0

    def __len__(self) -> int:
        """The tars that wait, as far as they may bring something."""
        with self._lock:
            return sum(map(self._is_useful, self._waiting))

    def _is_useful(self, tar: Tar) -> bool:
        return self._room != 0 and any(self._left[group] > 0 for group in self._groups[tar.url])
