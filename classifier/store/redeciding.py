"""The queue of a split: the articles that had the whole tag, until somebody decides which of its parts they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, literal, or_, select

from classifier.domain.taxonomy import Taxonomy
from classifier.errors import NotFound
from classifier.store.log import listings, standings_of
from classifier.store.rows import Part, batches
from classifier.store.schema import articles, decisions
from classifier.store.standing import lists
from classifier.store.taxonomy import head_of

ORDERS = ("newest", "teach")


@dataclass(frozen=True)
class Redecision:
    """An article to decide again, with its tags by living ids."""

    article_id: str
    title: str
    tags: tuple[str, ...]


class Redeciding(Part):
    """The articles of a store on which a split has left its parts open."""

    def parts_of(self, tag_id: str) -> tuple[str, ...]:
        """Return the living parts of a split tag. Raise `NotFound` if it was not split."""
        with self.reading() as connection:
            return _parts_of(tag_id, head_of(connection))

    def waiting(self, tag_id: str, order: str = "newest", limit: int = 100) -> tuple[int, list[Redecision]]:
        """Return how many articles wait for a decision between the parts of a tag, and the first of them.

        They are ordered by arrival, the newest first, or by how much the answer teaches. Raise `NotFound` if the tag was
        not split.
        """
        with self.reading() as connection:
            taxonomy = head_of(connection)
            parts = _parts_of(tag_id, taxonomy)
            assert taxonomy is not None
            tags: dict[str, tuple[str, ...]] = {}
            for batch in batches(_candidates(connection, taxonomy.paths.written_as(tag_id))):
                standings = standings_of(connection, listings(connection, batch))
                tags |= {key: found.tags for key, found in standings.items() if _is_open(tag_id, parts, found.tags)}
            rows = [row for batch in batches(sorted(tags)) for row in connection.execute(_described(batch))]
        newest = sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)
        if order == "teach":  # those that were never judged come last
            newest.sort(key=lambda row: (row.margin is None, row.margin or 0.0))
        return len(tags), [Redecision(row.id, row.title, tags[row.id]) for row in newest[:limit]]


def _parts_of(tag_id: str, taxonomy: Taxonomy | None) -> tuple[str, ...]:
    tag = taxonomy.by_id.get(tag_id) if taxonomy is not None else None
    if tag is None or taxonomy is None or not tag.parts:
        raise NotFound(f"The tag {tag_id[:80]!r} was not split.")
    return tuple(dict.fromkeys(living for part in tag.parts for living in taxonomy.paths.living(part)))


def _is_open(tag_id: str, parts: tuple[str, ...], tags: tuple[str, ...]) -> bool:
    return tag_id in tags and not set(parts) & set(tags)


def _candidates(connection: Connection, ids: tuple[str, ...]) -> list[str]:
    """Return the articles of which somebody or the sender has said one of some ids."""
    decided = select(decisions.c.article_id).where(decisions.c.tag.in_(ids))
    listed = select(articles.c.id).where(or_(*(lists(articles.c.id, literal(tag)) for tag in ids)))
    return sorted(set(connection.scalars(decided)) | set(connection.scalars(listed)))


def _described(article_ids: Sequence[str]) -> Select[Any]:
    columns = (articles.c[name] for name in ("id", "title", "created_at", "margin"))
    return select(*columns).where(articles.c.id.in_(article_ids))
