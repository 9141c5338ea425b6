"""The data report: what to mend in an archive before it is learned from."""
