"""Why a clip is not there, and what that means for asking again. Pure data: the bottom layer."""

from clipset.reasons.reason import Disposition, Reason

__all__ = ["Disposition", "Reason"]
