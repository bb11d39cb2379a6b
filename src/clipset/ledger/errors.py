"""What can be wrong with a ledger or a list that goes into it: for the user, each says what to do next."""

from pathlib import Path


class LedgerError(Exception):
    """The ledger cannot be used as asked; nothing was written."""


class LedgerMissing(LedgerError):  # noqa: N818 - the name says error already
    def __init__(self, directory: Path) -> None:
        super().__init__(f"{directory} is no clipset dataset yet: it has no .clipset/ledger.db")


class LedgerHeld(LedgerError):  # noqa: N818 - the name says error already
    """Another process writes this ledger. `holder` is what the lock file says of it: pid, host, start time."""

    def __init__(self, directory: Path, holder: str) -> None:
        super().__init__(f"{directory} is in use by {holder}; wait until it has stopped, or stop it with Ctrl-C there")
        self.holder = holder


class LedgerCorrupt(LedgerError):  # noqa: N818 - the name says error already
    def __init__(self, path: Path, detail: str) -> None:
        dataset = path.parent.parent
        super().__init__(f"{path} is damaged ({detail}); the clips are not: run clipset rebuild {dataset}")


class LedgerIntact(LedgerError):  # noqa: N818 - the name says error already
    def __init__(self, path: Path) -> None:
        super().__init__(f"nothing is wrong with {path}, so there is nothing to rebuild; --force does it all the same")


class LedgerVersion(LedgerError):  # noqa: N818 - the name says error already
    """The ledger's schema is not the one this version of clipset reads."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        advice = "update clipset" if found > known else "run clipset fetch on it once, which brings it up to date"
        super().__init__(f"{path} has schema {found}, this clipset reads {known}: {advice}")
        self.found = found
