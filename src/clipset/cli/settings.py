"""`clipset.toml`: a mistyped key must not be passed over in silence."""

import difflib
import tomllib
from collections.abc import Collection
from pathlib import Path

from clipset.config import UserError


def check(path: Path, options: Collection[str]) -> None:
    """Raises UserError unless the file, where there is one, is TOML and names only `options` (without dashes)."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    for key in found:
        if key.replace("_", "-") not in options:
            close = difflib.get_close_matches(key.replace("_", "-"), options, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise UserError(f"{path} has an unknown setting {key!r}{hint}")
