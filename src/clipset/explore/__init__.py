"""A dataset to look around in: pages for a browser on this machine, live while a fetch runs. Only reads."""

from clipset.explore.application import application

__all__ = ["application"]
