"""The desk report: what editors decided, and how far they agree."""
