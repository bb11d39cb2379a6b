"""What the verbs' parameters have in common."""

from pathlib import Path

from cyclopts import Parameter

from clipset.config import UserError

LISTS = Parameter(negative=(), show_env_var=False)
PLACE = Parameter(show_env_var=False)
SWITCH = Parameter(negative=(), show_env_var=False)


def some(annotations: tuple[Path, ...]) -> tuple[Path, ...]:
    """Raises UserError where there is none."""
    if not annotations:
        raise UserError("name at least one list of annotations")
    return annotations
