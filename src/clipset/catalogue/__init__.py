"""Datasets by name: what is known of each, where its lists are, and the lists themselves once fetched."""

from clipset.catalogue.dataset import AnnotationList, Dataset
from clipset.catalogue.shelf import datasets, find, names, user_folder

__all__ = ["AnnotationList", "Dataset", "datasets", "find", "names", "user_folder"]
