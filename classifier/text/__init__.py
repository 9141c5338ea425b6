"""An article -> what a model reads: clean text, words, boilerplate, mentions, terms."""
