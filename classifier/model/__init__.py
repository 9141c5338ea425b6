"""A fitted model: what it decides, why, how good it is, and the folder that holds it."""
