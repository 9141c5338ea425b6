"""Files -> articles in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from classifier.articles import Article, check_id, placed_articles
from classifier.errors import BadArticle
from classifier.store import Imported, Store

Track = Callable[[Iterable[Any], int, str], Iterable[Any]]


def import_files(store: Store, files: Sequence[Path], source: str, track: Track | None = None) -> Imported:
    """Store the articles of JSON Lines files under a source; a second import of the same changes nothing.

    Raises:
        BadArticle: naming file, line and field; what was read before it is stored, and the message says how much.
    """
    failures: list[BadArticle] = []

    def sound() -> Iterator[Article]:
        try:
            yield from _importable(files)
        except BadArticle as error:  # raised at the end, so that the last transaction is committed
            failures.append(error)

    articles: Iterable[Article] = sound()
    if track is not None:
        articles = track(articles, 0, "importing")
    done = store.import_articles(articles, source)
    for error in failures:
        raise BadArticle(
            f"{error} The {done.new + done.changed + done.unchanged} articles before it are stored "
            f"({done.new} new, {done.changed} changed). Mend it and import again: what is stored stays as it is.",
            error.field,
        )
    return done


def _importable(files: Iterable[Path]) -> Iterator[Article]:
    """Yield the articles of files, each with an id of its own under which it may be stored."""
    places: dict[str, str] = {}
    for place, article in placed_articles(files):
        try:
            check_id(article.id)
        except BadArticle as error:
            raise BadArticle(f"{place}: {error}.", error.field) from None
        first = places.setdefault(article.id, place)
        if first != place:
            raise BadArticle(f"{place}: the id {article.id!r} stands in {first} too.", "id")
        yield article
