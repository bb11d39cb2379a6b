"""Walking a folder of files that nobody vouches for: regular files only, and nothing that leads out of it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path


def files_below(root: Path, skip: Callable[[str], bool], unreadable: list[str]) -> Iterator[str]:
    """The paths of all files, relative to `root`, with `/`, folder by folder in the order of their names.

    A link to a file counts if the file lies below `root` too. Links to folders are not followed: what they lead to
    is found at its own place, or lies outside. `skip` is asked for each folder's relative path. `unreadable` gets the
    folders that cannot be listed.
    """
    real_root = os.path.realpath(root)
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(root / folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            unreadable.append(folder)
            continue
        folders = []
        for entry in found:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                folders += [] if skip(path) else [path]
            elif entry.is_file(follow_symlinks=False) or _leads_inside(entry, real_root):
                yield path
        pending += reversed(folders)


def _leads_inside(entry: os.DirEntry[str], real_root: str) -> bool:
    """Of a link to a regular file."""
    if not (entry.is_symlink() and entry.is_file()):
        return False
    return os.path.realpath(entry.path).startswith(real_root.rstrip("/") + "/")


def shown(path: str) -> str:
    """A path that can be printed and stored, whatever bytes it has."""
    return os.fsencode(path).decode(errors="replace")
