"""Lists from one form to another without loss."""

from clipset.annotations.conversion.convert import ConvertSummary, convert

__all__ = ["ConvertSummary", "convert"]
