"""The report of a retraining."""
