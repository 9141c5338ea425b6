"""Work that is shared out to processes or to a cluster."""
