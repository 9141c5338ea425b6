"""A draft of a taxonomy from an untidy archive: which tags to keep, which are one, which to leave out."""
