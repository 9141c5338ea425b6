"""Whole archives: suggestion records for files, how good they are, and runs that add tags to all articles."""

from classifier.archive.suggesting import evaluate, write_suggestions

__all__ = ["evaluate", "write_suggestions"]
