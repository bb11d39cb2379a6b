"""Which tars of a mirror may hold what is missing."""

from collections.abc import Iterable
from dataclasses import dataclass

from clipset.ledger.missing import Group
from clipset.reasons import Reason
from clipset.sources.mirror.cvdf import SPLITS, VERSIONS, Cvdf, Tar, mirror_split, names_a_version, versions_of
from clipset.types import ClipsetError


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look: `versions` as the user named them, or () for what each dataset's name says."""

    versions: tuple[str, ...] = ()

    def versions_of(self, group: Group) -> tuple[str, ...]:
        return self.versions or versions_of(group.dataset)

    def may_hold(self, tar: Tar, group: Group) -> bool:
        return tar.may_hold(self.versions_of(group), group.split, group.label)


@dataclass(frozen=True, slots=True)
class Listed:
    """`is_complete`: what is in none of these tars is not in the mirror."""

    tars: list[Tar]
    warnings: list[str]
    is_complete: bool


def list_tars(mirror: Cvdf, groups: Iterable[Group], scope: Scope) -> Listed:
    """The tars that may hold clips of the groups. Raises Interrupted."""
    groups = list(groups)
    tars, lacking, warnings = list[Tar](), list[str](), _guesses(groups, scope)
    is_guess = bool(warnings)
    for version, split in _needed(groups, scope):
        try:
            found = mirror.tars(version, split)
        except ClipsetError as error:
            if error.failure.reason is not Reason.NOT_FOUND:
                warnings.append(f"the mirror cannot be used now ({error.failure.detail}); the run goes on without it")
                return Listed([], warnings, is_complete=False)
            lacking.append(f"the mirror has no tars of {version}/{split} ({error.failure.detail})")
        else:
            tars += [tar for tar in found if any(scope.may_hold(tar, group) for group in groups)]
    if not (is_guess and tars):  # of versions that were only tried, one is enough
        warnings += lacking
    return Listed(tars, warnings, is_complete=bool(tars) or not lacking)


def _needed(groups: list[Group], scope: Scope) -> list[tuple[str, str]]:
    """Version and split of each list that has to be asked for."""
    wanted = {(version, mirror_split(group.split)) for group in groups for version in scope.versions_of(group)}
    return [
        (version, split)
        for version in scope.versions or VERSIONS
        for split in SPLITS
        if {(version, split), (version, "")} & wanted
    ]


def _guesses(groups: list[Group], scope: Scope) -> list[str]:
    unnamed = sorted({group.dataset for group in groups if not names_a_version(group.dataset)})
    if scope.versions or not unnamed:
        return []
    advice = f"--source {Cvdf.name}:400 (600, 700_2020) looks in one"
    return [f"{unnamed[0]!r} does not say which Kinetics it is, so the mirror's tars of all are gone through; {advice}"]
