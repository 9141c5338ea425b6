"""The champion in memory, the answers that it gives, and the store together."""
