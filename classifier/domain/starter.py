"""The starter articles that come with the product. Their dates are invented, so they say nothing of when a desk does what."""

from collections.abc import Iterable
from pathlib import Path

from classifier.domain.articles import Article, read_articles

STARTER = Path(__file__).parent.parent.parent / "training_data"


def starter_files() -> list[Path]:
    """Return the files of the starter articles."""
    return sorted((STARTER / "articles").glob("*.jsonl"))


def starter_ids(articles: Iterable[Article]) -> frozenset[str]:
    """Return the ids of those articles that are starter articles, from whatever file they were read."""
    texts = {article.id: article.texts for article in read_articles(starter_files())}
    return frozenset(article.id for article in articles if texts.get(article.id) == article.texts)
