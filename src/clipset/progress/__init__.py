"""Showing a run: a live panel on a terminal, plain lines elsewhere, JSON events for programs."""

from clipset.progress.events import JsonEvents
from clipset.progress.lines import PlainLines
from clipset.progress.panel import LivePanel

__all__ = ["JsonEvents", "LivePanel", "PlainLines"]
