"""Examples -> a model, and whether it may take the champion's place."""
