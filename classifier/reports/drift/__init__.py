"""The drift report: what changes in an archive, and which new names appear."""
