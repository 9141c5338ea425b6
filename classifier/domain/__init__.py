"""The nouns: articles, tags, decisions, examples, and the files that hold them. Knows nothing of the rest."""
