"""The queue of what people have to decide again: articles with a tag that was split, or whose merge was undone, since then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, literal, or_, select

from classifier.domain.redeciding import Choice, choices_between, choices_of
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import NotFound
from classifier.store.log import listings, standings_of
from classifier.store.rows import Part, batches
from classifier.store.schema import articles, decisions, suggested
from classifier.store.standing import lists
from classifier.store.taxonomy import head_of
from classifier.texts import _

NEWEST, TEACH, DOUBTFUL = ORDERS = ("newest", "teach", "doubtful")


@dataclass(frozen=True)
class Redecision:
    """An article to decide again: its tags by living ids, the tags to decide between, and the cause."""

    article_id: str
    title: str
    tags: tuple[str, ...]
    between: tuple[str, ...]
    cause: str


class Redeciding(Part):
    """The articles of a store on which changes of the taxonomy have left open which tags they have."""

    def choices_of(self, tag_id: str) -> tuple[str, ...]:
        """Return the living tags between which people decide where an article has a tag, () if they are one again.

        Raise `NotFound` if the tag was not split and no merge into it was undone.
        """
        with self.reading() as connection:
            return choices_between(tag_id, _taxonomy_with(tag_id, connection))

    def waiting(self, tag_id: str, order: str = NEWEST, limit: int = 100) -> tuple[int, list[Redecision]]:
        """Return how many articles wait for a decision instead of a tag, and the first of them.

        They are ordered by arrival, the newest first, by how much the answer teaches, or by how little the last suggestions
        tell between the tags. Raise `NotFound` as `choices_of` does.
        """
        with self.reading() as connection:
            found = _found(connection, tag_id)
            rows = [row for batch in batches(sorted(found)) for row in connection.execute(_described(batch))]
            leads = _leads(connection, found) if order == DOUBTFUL else {}
        rows.sort(key=lambda row: (row.created_at, row.id), reverse=True)
        if order != NEWEST:  # those that were never judged teach last
            rows.sort(key=lambda row: (row.margin is None, row.margin or 0.0))
        rows.sort(key=lambda row: leads.get(row.id, 0.0))
        of_article = ((row.id, row.title, *found[row.id]) for row in rows[:limit])
        first = [Redecision(key, title, tags, choice.between, choice.cause) for key, title, choice, tags in of_article]
        return len(found), first


def waiting_ids(connection: Connection, tag_id: str) -> list[str]:
    """Return the articles that wait for a decision instead of a tag. Raise `NotFound` as `Redeciding.waiting` does."""
    return sorted(_found(connection, tag_id))


def _found(connection: Connection, tag_id: str) -> dict[str, tuple[Choice, tuple[str, ...]]]:
    """Return what has to be chosen on each article that waits instead of a tag, and the tags that it has."""
    taxonomy = _taxonomy_with(tag_id, connection)
    found: dict[str, tuple[Choice, tuple[str, ...]]] = {}
    for batch in batches(_candidates(connection, taxonomy.paths.written_as(tag_id))):
        for key, said in standings_of(connection, listings(connection, batch), as_written=True).items():
            for choice in choices_of(said, taxonomy):
                if choice.tag == tag_id:
                    found[key] = choice, said.through(taxonomy).tags
    return found


def _taxonomy_with(tag_id: str, connection: Connection) -> Taxonomy:
    taxonomy = head_of(connection)
    tag = taxonomy.by_id.get(tag_id) if taxonomy is not None else None
    if taxonomy is None or not (taxonomy.paths.were_merged_into(tag_id) or (tag is not None and tag.parts)):
        raise NotFound(_("The tag %(tag)s was not split, and no merge into it was undone.", tag=repr(tag_id[:80])))
    return taxonomy


def _candidates(connection: Connection, ids: tuple[str, ...]) -> list[str]:
    """Return the articles of which somebody or the sender has said one of some ids."""
    decided = select(decisions.c.article_id).where(decisions.c.tag.in_(ids))
    listed = select(articles.c.id).where(or_(*(lists(articles.c.id, literal(tag)) for tag in ids)))
    return sorted(set(connection.scalars(decided)) | set(connection.scalars(listed)))


def _described(article_ids: Sequence[str]) -> Select[Any]:
    columns = (articles.c[name] for name in ("id", "title", "created_at", "margin"))
    return select(*columns).where(articles.c.id.in_(article_ids))


def _leads(connection: Connection, found: Mapping[str, tuple[Choice, Any]]) -> dict[str, float]:
    """Return by how much the best score of the tags to decide between stands before the next one, 0 if none is suggested."""
    scores: dict[str, list[float]] = {}
    for batch in batches(sorted(found)):
        query = select(suggested.c.article_id, suggested.c.tag, suggested.c.score)
        for row in connection.execute(query.where(suggested.c.article_id.in_(batch))):
            if row.tag in found[row.article_id][0].between:
                scores.setdefault(row.article_id, [0.0, 0.0]).append(row.score)
    ordered = {key: sorted(values, reverse=True) for key, values in scores.items()}
    return {key: best - second for key, (best, second, *_) in ordered.items()}
