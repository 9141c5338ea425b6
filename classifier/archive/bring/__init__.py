"""An archive that a desk brings through the pages: its files, what was read of them, and what was chosen, step by step."""
