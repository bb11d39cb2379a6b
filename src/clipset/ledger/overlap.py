"""What the splits of datasets share: clips, videos, and clips that they call by other names."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, groupby
from operator import itemgetter
from types import TracebackType
from typing import NamedTuple, Self

from clipset.ledger.staged import CLIP, ROW, VIDEO, Staged, list_of, name_of, span_us
from clipset.types import Annotation, BadRow, Clip, Span

_video, _clip = itemgetter(VIDEO), itemgetter(CLIP)
Labels = frozenset[str]


class Group(NamedTuple):
    """A split of a dataset; '' where the list names none."""

    dataset: str
    split: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two splits and what both of them have. `clips` are the same span of the same video, `videos` at least the video.

    `other_label` are the clips among them that have labels on both sides and none in common.
    """

    first: Group
    second: Group
    clips: int
    videos: int
    other_label: int


@dataclass(frozen=True, slots=True)
class Shared:
    """One clip that two splits share; `clip_id` is '' where they share only the video."""

    video_id: str
    clip_id: str
    first: Group
    first_labels: Labels
    second: Group
    second_labels: Labels


class Overlap:
    """Lists to compare, in constant memory. A context manager that closes."""

    def __init__(self) -> None:
        self._staged = Staged()
        self._datasets: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._staged.__exit__(kind, error, trace)

    def add(self, dataset: str, rows: Iterable[Annotation | BadRow]) -> None:
        """A further list; rows of lists of one dataset belong together. Raises whatever `rows` raises."""
        self._datasets.append(dataset)
        self._staged.add(rows)

    def compare(self, found: Callable[[Shared], None] | None = None) -> tuple[list[Group], list[Pair]]:
        """All splits in the order of the lists, and each pair that shares something; each shared thing to `found`."""
        groups, counts = _Groups(self._datasets, self._staged.names), _Counts()
        for lines in self._videos():
            by_clip = {clip: groups.labels(named) for clip, named in groupby(lines, _clip)}
            of_video = _united(by_clip.values())
            if len(of_video) > 1:
                counts.add(by_clip.values(), of_video)
                if found is not None:
                    for shared in groups.shared(by_clip, of_video):
                        found(shared)
        named = groups.met()
        return list(named.values()), counts.pairs(named)

    def _videos(self) -> Iterator[Iterator[str]]:
        """The lines of each video."""
        for _first, lines in self._staged.parts():
            for _video_id, of_video in groupby(lines, _video):
                yield of_video


def _pairs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    return combinations(sorted(numbers), 2)


def _united(of_clips: Iterable[dict[int, Labels]]) -> dict[int, Labels]:
    """The labels of a video in each split that has it."""
    found: dict[int, Labels] = {}
    for labels in of_clips:
        for number, names in labels.items():
            found[number] = found.get(number, frozenset()) | names
    return found


class _Counts:
    """By pairs of splits."""

    def __init__(self) -> None:
        self._clips: Counter[tuple[int, int]] = Counter()
        self._videos: Counter[tuple[int, int]] = Counter()
        self._other: Counter[tuple[int, int]] = Counter()

    def add(self, of_clips: Iterable[dict[int, Labels]], of_video: dict[int, Labels]) -> None:
        self._videos.update(_pairs(of_video))
        for labels in of_clips:
            for pair in _pairs(labels) if len(labels) > 1 else ():
                first, second = labels[pair[0]], labels[pair[1]]
                self._clips[pair] += 1
                self._other[pair] += bool(first and second and not first & second)

    def pairs(self, groups: dict[int, Group]) -> list[Pair]:
        return [
            Pair(groups[a], groups[b], self._clips[a, b], self._videos[a, b], self._other[a, b])
            for a, b in sorted(self._videos)
        ]


class _Groups:
    """Splits by number, in the order in which the lists first named them."""

    def __init__(self, datasets: list[str], names: list[tuple[str | None, str | None]]) -> None:
        self._names = names
        numbers: dict[Group, int] = {}
        self._of = {
            (place, name): numbers.setdefault(Group(dataset, split or ""), len(numbers))
            for place, dataset in enumerate(datasets)
            for name, (split, _label) in enumerate(names)
        }
        self._groups = list(numbers)
        self._met: set[int] = set()
        self._known: dict[str, tuple[int, Labels]] = {}

    def met(self) -> dict[int, Group]:
        """Those that a row was in."""
        return {number: group for number, group in enumerate(self._groups) if number in self._met}

    def labels(self, lines: Iterable[str]) -> dict[int, Labels]:
        """The labels of a clip in each split that has it."""
        found: dict[int, Labels] = {}
        for line in lines:
            number, label = self._known.get(line[ROW]) or self._look_up(line)
            found[number] = found[number] | label if number in found else label
        return found

    def _look_up(self, line: str) -> tuple[int, Labels]:
        name = name_of(line)
        number, label = self._of[list_of(line), name], self._names[name][1]
        self._met.add(number)
        self._known[line[ROW]] = known = number, frozenset((label,) if label else ())
        return known

    def shared(self, by_clip: dict[str, dict[int, Labels]], of_video: dict[int, Labels]) -> Iterator[Shared]:
        """Each clip that two splits share, and the video for those that share no clip of it."""
        told = set()
        for clip, labels in by_clip.items():
            for pair in _pairs(labels):
                told.add(pair)
                yield self._shared(clip[VIDEO], Clip(clip[VIDEO], Span(*span_us(clip))).id, pair, labels)
        for pair in _pairs(of_video):
            if pair not in told:
                yield self._shared(next(iter(by_clip))[VIDEO], "", pair, of_video)

    def _shared(self, video_id: str, clip_id: str, pair: tuple[int, int], labels: dict[int, Labels]) -> Shared:
        first, second = pair
        return Shared(video_id, clip_id, self._groups[first], labels[first], self._groups[second], labels[second])
