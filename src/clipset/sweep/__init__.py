"""Going through a mirror's tars for what is missing, each streamed once and never stored whole.

A sweep takes the place of a source in the waterfall: it begins with what the sources before it did not give and
leaves the rest to those after it.
"""

from clipset.sweep.listing import Scope
from clipset.sweep.sweep import Means, Sweep
from clipset.sweep.view import SweepObserver, SweepView

__all__ = ["Means", "Scope", "Sweep", "SweepObserver", "SweepView"]
