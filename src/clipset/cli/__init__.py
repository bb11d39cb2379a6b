"""The command line. Nothing below imports it."""

from clipset.cli.app import main

__all__ = ["main"]
