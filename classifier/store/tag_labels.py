"""What the articles of a store say of some tags, without reading all of them.

Those that speak of one of the tags are found through indexes and the lists of their senders, and are read one by one. All others
say the same: they lack the tags if their tags are complete, and else nobody knows. They are counted by the day on which that
was said.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, null, select

from classifier.domain.dates import in_utc
from classifier.domain.decisions import CMS
from classifier.store.exports import with_starter_articles
from classifier.store.queue import STARTER
from classifier.store.rows import Part, batches
from classifier.store.schema import articles, decisions
from classifier.store.standing import elements

DAY = 10  # characters of a time that are its day


class Tagged(NamedTuple):
    """When articles whose tags are complete were published, and when they were tagged if that is another day."""

    published_at: str | None
    tagged_at: str | None


class Sender(NamedTuple):
    """Who sent articles: the name of a CMS's key, or else the source."""

    name: str
    is_cms: bool


class Speaking(NamedTuple):
    """The articles that speak of some tags, and on how many each sender lists each tag as it is written."""

    article_ids: list[str]
    listed: dict[Sender, Counter[str]]


class TagLabels(Part):
    """What the articles of a store say of some tags."""

    def speaking_of(self, tags: Collection[str]) -> Speaking:
        """Return the articles that may say something of tags, and who lists them. Ids are compared as they were written.

        Articles that were closed in an unusual way are among them: the day of their closing is for `example_of` to say.
        """
        listed: dict[Sender, Counter[str]] = {}
        found: dict[str, None] = {}
        for article_id, tag, owner, source in self._tuples(_naming(articles.c.tags, tags)):
            found[article_id] = None
            sender = Sender(owner or source, owner is not None or source == CMS)
            listed.setdefault(sender, Counter())[tag] += 1
        for article_id, *_ in self._tuples(_naming(articles.c.rejected, tags)):
            found[article_id] = None
        of_tags = select(decisions.c.article_id).where(decisions.c.tag.in_(tags)).distinct()
        for query in (of_tags, _closed_unusually()):
            found.update(dict.fromkeys(self._values(query)))
        return Speaking(list(found), listed)

    def n_articles(self) -> int:
        """Return how many articles there are, with those that come with the product as long as these count."""
        with self.reading() as connection:
            starter = [] if with_starter_articles(connection) else [articles.c.source != STARTER]
            return int(connection.scalar(select(func.count()).select_from(articles).where(*starter)) or 0)

    def complete(self, without: Sequence[str]) -> Counter[Tagged]:
        """Return how many articles have complete tags, by when they were tagged, without some of them."""
        with self.reading() as connection:
            starter = [] if with_starter_articles(connection) else [articles.c.source != STARTER]
            query = _complete().where(*starter)
            counts = _by_day(connection.execute(query))
            for batch in batches(without):
                counts.subtract(_by_day(connection.execute(query.where(articles.c.id.in_(batch)))))
        return +counts


def _naming(column: ColumnElement[Any], tags: Collection[str]) -> Select[Any]:
    element = elements(column)
    query = select(articles.c.id, element.c.value, articles.c.owner, articles.c.source)
    return query.select_from(articles).join(element, element.c.value.in_(tags))


def _closed_unusually() -> Select[Any]:
    """Return the query for articles whose closing was taken back, or was made on another text."""
    of_article = decisions.c.tag.is_(None)
    on_other_text = (decisions.c.action == "complete") & (decisions.c.digest != articles.c.digest)
    joined = select(decisions.c.article_id).join(articles, articles.c.id == decisions.c.article_id)
    return joined.where(of_article, (decisions.c.action != "complete") | on_other_text).distinct()


def _complete() -> Select[Any]:
    """Return the query that counts articles with complete tags by the times that matter."""
    closings = select(decisions.c.article_id, func.max(decisions.c.at).label("at"))
    closings = closings.where(decisions.c.tag.is_(None), decisions.c.action == "complete")
    last = closings.group_by(decisions.c.article_id).subquery()
    dated_at = case((articles.c.published_at.is_not(None), articles.c.dated_at), else_=null())
    closed_on, arrived_on = (func.substr(moment, 1, DAY) for moment in (last.c.at, articles.c.created_at))
    by = (articles.c.published_at, dated_at, closed_on, arrived_on)
    came_complete = articles.c.tags_complete & articles.c.tags.is_not(None)
    joined = select(*by, func.count()).select_from(articles.outerjoin(last, last.c.article_id == articles.c.id))
    return joined.where(came_complete | last.c.at.is_not(None)).group_by(*by)


def _by_day(rows: Any) -> Counter[Tagged]:
    """Sum up rows by when articles were tagged, as `example_of` says."""
    counts: Counter[Tagged] = Counter()
    for published_at, dated_at, closed_on, arrived_on, n in rows:
        was_past = published_at is not None and in_utc(published_at) == dated_at
        tagged_on = closed_on or (None if was_past else arrived_on)
        counts[Tagged(published_at[:DAY] if published_at else None, tagged_on)] += int(n)
    return counts
