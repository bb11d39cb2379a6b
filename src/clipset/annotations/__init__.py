"""Annotation lists: read in constant memory, checked row by row, converted without loss."""

from clipset.annotations.conversion import ConvertSummary, convert
from clipset.annotations.formats import READERS, check, read
from clipset.annotations.reader import AnnotationError, Reader, Tally

__all__ = ["READERS", "AnnotationError", "ConvertSummary", "Reader", "Tally", "check", "convert", "read"]
