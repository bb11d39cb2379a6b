"""The media engine: finds the bytes of a clip, cuts and trims it in a child process, and verifies what came out."""

from clipset.media.engine import MediaCutter, MediaEngine
from clipset.media.limits import Limits

__all__ = ["Limits", "MediaCutter", "MediaEngine"]
