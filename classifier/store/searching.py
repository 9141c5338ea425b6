"""The search over articles: what it looks through, kept beside each article, and which articles match a text."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, false, or_, select, union

from classifier.domain.decisions import GIVES, TAKES
from classifier.domain.spelling import searchable
from classifier.store.rows import Columns
from classifier.store.schema import articles, decisions, searched
from classifier.store.standing import stands

MAX_WORDS = 8  # of a text that are looked for


class Sought(NamedTuple):
    """What is looked for: beginnings of words of title and id, all of them, or one of some tags, as they were written."""

    words: Sequence[str] = ()
    tags: Sequence[str] = ()


def sought(text: str, tags: Sequence[str] = ()) -> Sought:
    """Return what a text looks for, with the ids of the tags that it names."""
    return Sought(searchable(text).split()[:MAX_WORDS], tags)


def keep_searchable(connection: Connection, row: Columns) -> None:
    """Bring what the search looks through up to the row of an article that is new or was changed."""
    values = searched_of(row)
    of_article = searched.c.article_id == row["id"]
    if not connection.execute(searched.update().where(of_article).values(values)).rowcount:
        connection.execute(searched.insert(), values)


def searched_of(row: Columns) -> dict[str, Any]:
    """Return what the search looks through of an article's row."""
    tags = f" {' '.join(row['tags'] or ())} "
    return {"article_id": row["id"], "words": searchable(row["title"], row["id"]), "tags": tags}


def matches(text: Sought, of_ids: ColumnElement[str] = articles.c.id) -> ColumnElement[bool]:
    """Return whether an article, by its id, matches what is looked for."""
    found = []
    if text.words:
        found.append(select(searched.c.article_id).where(*(searched.c.words.contains(f" {w}") for w in text.words)))
    if text.tags:
        listed = or_(*(searched.c.tags.contains(f" {tag} ", autoescape=True) for tag in text.tags))
        on_tags = decisions.c.tag.in_(text.tags)
        taken = select(decisions.c.n).where(decisions.c.article_id == searched.c.article_id, on_tags, stands())
        found.append(select(searched.c.article_id).where(listed, ~taken.where(decisions.c.action.in_(TAKES)).exists()))
        found.append(select(decisions.c.article_id).where(on_tags, decisions.c.action.in_(GIVES), stands()))
    return of_ids.in_(union(*found)) if found else false()
