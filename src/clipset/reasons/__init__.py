"""Why a clip is not there, and what that means for asking again. Pure data: the bottom layer."""

from clipset.reasons.classify import classify
from clipset.reasons.explain import Explanation, advice, meaning, rules
from clipset.reasons.reason import Disposition, Reason
from clipset.reasons.table import TABLE_VERSION
from clipset.reasons.text import normalise

__all__ = [
    "TABLE_VERSION",
    "Disposition",
    "Explanation",
    "Reason",
    "advice",
    "classify",
    "meaning",
    "normalise",
    "rules",
]
