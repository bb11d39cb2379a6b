"""Simulated worlds: what a pace policy would get from a limiter that is known, in virtual time."""

from clipset.simulate.result import Result
from clipset.simulate.run import simulate
from clipset.simulate.world import World, shipped_worlds

__all__ = ["Result", "World", "shipped_worlds", "simulate"]
