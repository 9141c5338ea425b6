"""What a desk lives through: articles in date order, each judged before its labels are known, models retrained overnight."""
