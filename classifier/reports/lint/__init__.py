"""What is wrong with a taxonomy, from its archive: aliases that mislead or say nothing, tags that nobody uses or accepts."""
