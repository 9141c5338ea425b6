"""Files -> articles in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from classifier.articles import Article, read_articles
from classifier.store import Imported, Store

Track = Callable[[Iterable[Any], int, str], Iterable[Any]]


def import_files(store: Store, files: Sequence[Path], source: str, track: Track | None = None) -> Imported:
    """Store the articles of JSON Lines files under a source; a second import of the same changes nothing.

    Raises:
        BadArticle: naming file, line and field; what was read before it is stored.
    """
    articles: Iterable[Article] = read_articles(files)
    if track is not None:
        articles = track(articles, 0, "importing")
    return store.import_articles(articles, source)
