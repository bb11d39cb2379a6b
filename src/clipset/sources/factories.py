"""The built-in sources' entry points: from `--source name:argument` to what makes a source in each worker."""

from dataclasses import replace
from pathlib import Path

from clipset.config import UserError
from clipset.sources.folder import FolderSource
from clipset.sources.folder_index import FolderIndex
from clipset.sources.setting import Prepared, Setting
from clipset.sources.youtube.config import YouTubeConfig
from clipset.sources.youtube.resolve import CLIENTS
from clipset.sources.youtube.source import YouTubeSource
from clipset.types import Source


def youtube(argument: str, setting: Setting) -> Prepared:
    """Raises UserError."""
    if argument:
        raise UserError(f"--source youtube takes nothing after a colon, not {argument!r}")
    try:
        config = YouTubeConfig(origin=setting.youtube_origin, space=setting.space)
    except ValueError as error:
        raise UserError(f"--youtube-origin: {error}") from None
    if setting.youtube_clients:
        config = replace(config, lean_clients=_known(setting.youtube_clients))

    def make() -> Source:
        return YouTubeSource(
            config, setting.egresses, setting.gates, setting.abort, setting.recipe, choose_egress=setting.choose
        )

    return Prepared(make, is_paced=True)


def _known(clients: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [client for client in clients if client not in CLIENTS]
    if unknown:
        raise UserError(f"--youtube-client: yt-dlp has no client {unknown[0]!r}; it has {', '.join(sorted(CLIENTS))}")
    return clients


def folder(argument: str, setting: Setting) -> Prepared:
    """Raises UserError. The folder is walked once, whatever the number of workers."""
    del setting
    if not argument:
        raise UserError("--source folder needs a path: folder:PATH")
    try:
        index = FolderIndex(Path(argument).expanduser())
    except ValueError as error:
        raise UserError(str(error)) from None
    return Prepared(lambda: FolderSource(index))
