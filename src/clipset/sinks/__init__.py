"""Where finished clips go."""

from clipset.sinks.folders import FolderSink

__all__ = ["FolderSink"]
