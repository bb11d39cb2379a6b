"""Where finished clips go."""

from clipset.sinks.folders import FolderSink
from clipset.sinks.objects import ObjectSink
from clipset.sinks.place import Place, checked_url

__all__ = ["FolderSink", "ObjectSink", "Place", "checked_url"]
