"""What every layer needs to know of the user's side: what is their mistake, and where they want things kept."""

import os
from pathlib import Path


class UserError(Exception):
    """The command, the configuration or the annotations make no sense: exit 2, one plain message, no traceback."""


def cache_home() -> Path:
    """`$XDG_CACHE_HOME/clipset`, else `~/.cache/clipset`: what may be deleted and comes back by itself."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if home else Path.home() / ".cache") / "clipset"
