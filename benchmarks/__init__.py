"""Reproducible measurements; `python -m benchmarks.run`."""
