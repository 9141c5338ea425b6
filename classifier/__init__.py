"""Suggest topic tags for news articles: TF-IDF, linear separators, mentions, and the reasons for each tag."""

__version__ = "0.1.0"
