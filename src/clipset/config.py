"""What every layer says to a user who asked for something that makes no sense."""


class UserError(Exception):
    """The command, the configuration or the annotations make no sense: exit 2, one plain message, no traceback."""
