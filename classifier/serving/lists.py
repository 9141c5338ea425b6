"""Articles in lists: a row each, without their texts."""

import textwrap
from collections.abc import Iterable
from dataclasses import replace

from classifier.domain.articles import Article
from classifier.domain.decisions import Standing
from classifier.serving.views import ArticleRow, article_row
from classifier.store.rows import StoredArticle
from classifier.text.cleaning import clean_fields

BEGINNING = 90  # characters of a text that stand for its title
MAX_READ = 2000  # characters of a body in which its beginning is looked for


class ListedArticle(ArticleRow):
    """A stored article in a list, with who has it before them."""

    beginning: str
    held_by: list[str]


class NearRow(ListedArticle):
    """A near-duplicate of an article."""

    similarity: float


def listed_row(stored: StoredArticle, standing: Standing, held_by: Iterable[str] = ()) -> ListedArticle:
    """Return a stored article for a list, without what one of two editors said before its end."""
    is_apart = stored.n_editors > 1 and stored.state != "closed"
    row = article_row(stored, stored.article.tags or () if is_apart else standing.tags)
    return {**row, "beginning": beginning_of(stored.article), "held_by": list(held_by)}


def beginning_of(article: Article) -> str:
    """Return the first words of an article without a title, "" for others."""
    if article.title.strip():
        return ""
    text = " ".join(field.text for field in clean_fields(replace(article, body=article.body[:MAX_READ])))
    return textwrap.shorten(text, BEGINNING, placeholder=" …")
