"""The search over articles: what it looks through, kept beside each article, and which articles match a text."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, exists, false, or_, select, union_all

from classifier.domain.decisions import GIVES, TAKES
from classifier.domain.spelling import searchable
from classifier.store.rows import Columns
from classifier.store.schema import articles, decisions, searched
from classifier.store.search_index import with_tags, with_words
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


def is_found(connection: Connection, text: Sought) -> ColumnElement[bool]:
    """Return whether an article matches what is looked for, where all that match are read."""
    queries = _found(connection, text)
    return articles.c.id.in_(union_all(*queries)) if queries else false()


def is_one_of_few(connection: Connection, text: Sought, most: int) -> ColumnElement[bool] | None:
    """Return whether an article is one of those that match what is looked for, or None if these may be more than `most`."""
    ids = set[str]()
    for query in _found(connection, text):
        ids.update(connection.scalars(query.limit(most + 1)))
    return articles.c.id.in_(ids) if len(ids) <= most else None


def _found(connection: Connection, text: Sought) -> list[Select[tuple[str]]]:
    """Return queries for the ids of the articles that match what is looked for, from indexes: an article may come twice."""
    queries = []
    if text.words:
        queries.append(with_words(connection, text.words).where(*_has_words(text)))
    if text.tags:
        queries.append(with_tags(connection, text.tags).where(_has_tags(text)))
        queries.append(select(decisions.c.article_id).where(*_gives(text)))
    return queries


def matches(text: Sought) -> ColumnElement[bool]:
    """Return whether an article matches what is looked for, where articles are read one by one: most may match."""
    kept = exists().where(searched.c.article_id == articles.c.id)
    ways = [kept.where(*_has_words(text))] if text.words else []
    if text.tags:
        ways.append(kept.where(_has_tags(text)))
        ways.append(exists().where(decisions.c.article_id == articles.c.id, *_gives(text)))
    return or_(false(), *ways)


def _has_words(text: Sought) -> list[ColumnElement[bool]]:
    return [searched.c.words.contains(f" {word}") for word in text.words]


def _has_tags(text: Sought) -> ColumnElement[bool]:
    """Return whether the sender of an article lists one of the tags, and nobody has taken one of them off."""
    listed = or_(*(searched.c.tags.contains(f" {tag} ", autoescape=True) for tag in text.tags))
    taken = exists().where(decisions.c.article_id == searched.c.article_id, decisions.c.tag.in_(text.tags), stands())
    return listed & ~taken.where(decisions.c.action.in_(TAKES))


def _gives(text: Sought) -> list[ColumnElement[bool]]:
    return [decisions.c.tag.in_(text.tags), decisions.c.action.in_(GIVES), stands()]
