"""A ledger from what is on disk: every clip is decoded anew before the new ledger calls it done."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

from clipset.clock import Clock
from clipset.existing.pool import MakeTrimmer, each
from clipset.existing.tree import files_below, shown
from clipset.existing.watching import Finding, Verdict, Watcher
from clipset.ledger import Folder, Rebuilding
from clipset.plan import Layout, label_folder, split_folder
from clipset.plan.layout import NO_SPLIT, SUFFIX
from clipset.reasons import Disposition
from clipset.sinks.folders import FolderSink
from clipset.throttle.state import EgressState
from clipset.types import Annotation, Clip, ClipsetError, Facts, Recipe, Stored, Trimmer

_MARK = re.compile(rb"clipset ([A-Za-z0-9_-]{11}_[0-9.]{6,16}_[0-9.]{6,16}) ([a-z0-9.-]{1,80})")
_VOTERS = 100  # clips that are asked by which recipe they were made, where the old ledger does not say
_NOT_OURS = "nothing says that this is the clip: it has no mark of clipset's, and no table names it"


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """`salvaged` counts the rows of the old ledger by table. `kept` is where that lies now, None if it was gone."""

    salvaged: dict[str, int]
    verdicts: Counter[Verdict]
    recipe_id: str | None
    kept: Path | None


@dataclass(frozen=True, slots=True)
class _Group:
    """The files of one clip: one file, or several for a clip of several annotations."""

    clip: Clip
    paths: tuple[str, ...]
    claimed_bytes: int | None


@dataclass(frozen=True, slots=True)
class _Verified:
    """`stored` is None if no file of the clip is one."""

    group: _Group
    stored: Stored | None
    names: tuple[tuple[str, str, str], ...]
    at_us: int
    findings: tuple[Finding, ...]


def rebuild(
    directory: Path,
    ledger: Rebuilding,
    make_trimmer: Callable[[Recipe], MakeTrimmer],
    jobs: int,
    watcher: Watcher,
    clock: Clock,
) -> RebuildReport:
    """Fill a new ledger and put it in place. Interrupted, it goes on where it was when called again.

    Raises ClipsetError when this machine cannot go on.
    """
    salvaged = {} if ledger.is_begun else ledger.take_over(_path_of)
    for row in ledger.egresses():
        try:
            EgressState.from_json(row.state)
        except ValueError:
            ledger.drop_egress(row.name)
    findings: list[Finding] = []
    clips = _clips(directory, findings)
    watcher.begin(len(clips) + len(findings))
    verdicts = Counter(finding.verdict for finding in findings)
    for finding in findings:
        watcher.found(finding)
    sink = FolderSink(directory)
    recipe = _recipe(ledger, sink, clips)
    groups = _unverified(ledger, clips, watcher, verdicts)
    maker = recipe or Recipe()
    for verified in each(groups, _Verifier(sink, directory, maker.id), make_trimmer(maker), jobs):
        if verified.stored is not None:
            ledger.keep(verified.group.clip, verified.stored, verified.names, verified.at_us)
        for finding in verified.findings:
            verdicts[finding.verdict] += 1
            watcher.found(finding)
    recipe_id = recipe.id if recipe is not None else None
    kept = ledger.finish(recipe_id, list(_folders(ledger)), clock.now_us())
    return RebuildReport(salvaged, verdicts, recipe_id, kept)


def _path_of(ledger: Rebuilding) -> Callable[[Annotation], str]:
    """Where a clip should lie, as far as is known which folder a label has."""
    known = ledger.folders()
    labels = {folder.name: folder.folder for folder in known if folder.kind == "label"}
    splits = {folder.name: folder.folder for folder in known if folder.kind == "split"}
    return Layout(labels, splits).path


def _clips(directory: Path, findings: list[Finding]) -> list[tuple[str, str]]:
    """Clip id and path of each file that can be a clip, sorted; what cannot be one is put into `findings`."""
    clips, unreadable = [], list[str]()
    for path in files_below(directory, lambda folder: folder.rpartition("/")[2].startswith("."), unreadable):
        name = path.rpartition("/")[2]
        if not name.endswith(SUFFIX) or name.startswith("."):
            continue
        try:
            clips.append((_clip_id(path), path))
        except ValueError as error:
            findings.append(Finding(shown(path), Verdict.UNKNOWN, str(error)))
    findings.extend(Finding(shown(folder) or ".", Verdict.UNREADABLE, "it cannot be listed") for folder in unreadable)
    return sorted(clips)


def _clip_id(path: str) -> str:
    """Raises ValueError for a file that no clip of a dataset can be."""
    *folders, name = path.split("/")
    if len(folders) not in {1, 2}:
        raise ValueError("it does not lie where clips do, in <split>/<label>/")
    path.encode()
    return Clip.from_id(name.removesuffix(SUFFIX)).id


def _recipe(ledger: Rebuilding, sink: FolderSink, clips: list[tuple[str, str]]) -> Recipe | None:
    """By which the dataset is made: as the old ledger says, or else as most of the clips do."""
    votes: Counter[Recipe] = Counter()
    known = ledger.get_meta("recipe_id")
    try:
        return Recipe.from_id(known or "")
    except ValueError:
        step = max(1, len(clips) // _VOTERS)
        for clip_id, path in islice(clips, 0, None, step):
            votes.update(_recipes_in(sink, clip_id, path))
    return votes.most_common(1)[0][0] if votes else None


def _recipes_in(sink: FolderSink, clip_id: str, path: str) -> Iterator[Recipe]:
    try:
        mark = _MARK.search(_read(sink, path))
        if mark is not None and mark[1].decode() == clip_id:
            yield Recipe.from_id(mark[2].decode())
    except (OSError, ValueError, ClipsetError):  # it has no vote
        return


def _unverified(
    ledger: Rebuilding, clips: list[tuple[str, str]], watcher: Watcher, verdicts: Counter[Verdict]
) -> Iterator[_Group]:
    """What an interrupted try did not come to."""
    for clip_id, files in groupby(clips, key=lambda file: file[0]):
        paths = tuple(path for _, path in files)
        clip = Clip.from_id(clip_id)
        is_done, size_bytes = ledger.claimed(clip)
        if not is_done:
            yield _Group(clip, paths, size_bytes)
            continue
        for path in paths:
            verdicts[Verdict.VERIFIED] += 1
            watcher.found(Finding(shown(path), Verdict.VERIFIED))


class _Verifier:
    """Decides whether files are the clip of their name; runs in the pool's threads."""

    def __init__(self, sink: FolderSink, directory: Path, recipe_id: str) -> None:
        self._sink = sink
        self._directory = directory
        self._recipe_id = recipe_id

    def __call__(self, group: _Group, trimmer: Trimmer) -> _Verified:
        intact: dict[str, Facts] = {}
        stored: Stored | None = None
        names, findings = [], []
        for path in group.paths:
            try:
                data = _read(self._sink, path)
                digest = hashlib.sha256(data).hexdigest()
                facts = intact.get(digest) or self._verify(group, path, data, trimmer)
            except ClipsetError as error:
                if error.failure.disposition is Disposition.STOP:
                    raise
                findings.append(Finding(shown(path), Verdict.DAMAGED, error.failure.detail))
                continue
            except (OSError, ValueError) as error:
                findings.append(Finding(shown(path), Verdict.UNREADABLE, str(error)))
                continue
            if facts is None:
                findings.append(Finding(shown(path), Verdict.UNKNOWN, _NOT_OURS))
                continue
            intact[digest] = facts
            stored = stored or Stored(path, len(data), digest, facts)
            names.append((*_names(path), path))
            findings.append(Finding(shown(path), Verdict.VERIFIED))
        at_us = (self._directory / stored.path).stat().st_mtime_ns // 1000 if stored is not None else 0
        return _Verified(group, stored, tuple(names), at_us, tuple(findings))

    def _verify(self, group: _Group, path: str, data: bytes, trimmer: Trimmer) -> Facts | None:
        """None for a file of which nobody says what it is. Raises ClipsetError if it is not what its name says."""
        file = self._sink.get(path)
        assert file is not None  # noqa: S101 - it has just been read
        mark = _MARK.search(data)
        is_ours = mark is not None and (mark[1].decode(), mark[2].decode()) == (group.clip.id, self._recipe_id)
        if len(data) == group.claimed_bytes and not is_ours:
            return trimmer.check(file, group.clip)  # a clip that was adopted, or kept as a mirror has it
        return trimmer.inspect(file, group.clip) if mark is not None else None


def _read(sink: FolderSink, path: str) -> bytes:
    """Raises OSError, ClipsetError."""
    file = sink.get(path)
    if file is None:
        raise FileNotFoundError(path)
    return file.read(0, file.size_bytes or 0)


def _names(path: str) -> tuple[str, str]:
    """Split and label as the folders tell."""
    split, *labels = path.split("/")[:-1]
    return "" if split == NO_SPLIT else split, labels[0] if labels else ""


def _folders(ledger: Rebuilding) -> Iterator[Folder]:
    """The folders of the splits and labels that the tables name, where they are the ones that such names get."""
    for split, label, folder in ledger.placed():
        parts = folder.rstrip("/").split("/")
        if split and _is_folder_of(parts[0], split_folder(split)):
            yield Folder("split", split, parts[0])
        if label and len(parts) > 1 and _is_folder_of(parts[1], label_folder(label)):
            yield Folder("label", label, parts[1])


def _is_folder_of(folder: str, plain: str) -> bool:
    """Two names of which one got the plain folder differ by what comes behind a ~."""
    return folder == plain or folder.startswith(plain + "~")
