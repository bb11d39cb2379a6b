"""What is made of clips, beside a dataset: files and folders that appear under their names complete, or not at all."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clipset.durable import plain_os_errors, sync_folder, sync_tree
from clipset.sinks.folders import inside, link_or_copy, make_folder

OWN = ".clipset-"  # what names of this program's own files begin with


class ExportSink:
    """Files and folders of files below `root`; safe to use from several threads.

    Drafts lie in one folder of `root`, for the reasons of FolderSink. Paths are relative with /, and refused as there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._drafts = self.root / f"{OWN}drafts"

    def has(self, path: str) -> bool:
        """Whether a file of this name is there. Asked of every clip, so it asks the system once."""
        return os.path.isfile(f"{self.root}/{path}")  # noqa: PTH113 - a Path more for each of 650,000

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """A new empty folder that is gone afterwards. Raises ClipsetError (disk_full, no_permission)."""
        draft = self._drafts / uuid.uuid4().hex
        with plain_os_errors(draft):
            make_folder(self._drafts)
            draft.mkdir()
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def place(self, made: Path, path: str) -> None:
        """Give a file, or a folder with its files, its name. Atomic and durable; replaces a file.

        Raises ClipsetError (disk_full, no_permission).
        """
        final = inside(self.root, path)
        with plain_os_errors(final):
            sync_tree(made if made.is_dir() else made.parent)
            make_folder(final.parent)
            made.replace(final)
            sync_folder(final.parent)

    def link(self, path: str, target: str) -> None:
        """Put what is there as `target` there as `path` too: hard links, or copies where links do not work.

        Raises ClipsetError (disk_full, no_permission).
        """
        source = inside(self.root, target)
        with self.draft() as draft, plain_os_errors(inside(self.root, path)):
            copy = draft / source.name
            if source.is_dir():
                copy.mkdir()
                for file in sorted(source.iterdir()):
                    link_or_copy(file, copy / file.name)
            else:
                link_or_copy(source, copy)
            self.place(copy, path)

    def sweep(self) -> None:
        """Remove the drafts of a run that died. Only while no other process writes here."""
        with plain_os_errors(self._drafts):
            if self._drafts.is_dir() and not self._drafts.is_symlink():
                for draft in os.scandir(self._drafts):
                    shutil.rmtree(draft.path, ignore_errors=True)
