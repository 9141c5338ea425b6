"""What a version in shadow suggests, beside what the champion of that night suggests. Nothing but `retrain` reads it."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import func, select

from classifier.store.queue import STARTER
from classifier.store.rows import Part, hold_articles, now
from classifier.store.schema import articles, shadow_suggestions


class InShadow(NamedTuple):
    """The tags that a version in shadow and the champion suggest for an article, each with its score.

    `digest` is that of the text. Neither had learned from the article.
    """

    article_id: str
    digest: str
    version: str
    suggested: Mapping[str, float]
    champion_version: str
    champion_suggested: Mapping[str, float]


_OF_PRESENT_TEXT = (shadow_suggestions.c.article_id == articles.c.id) & (
    shadow_suggestions.c.digest == articles.c.digest
)


class ShadowSuggestions(Part):
    """The suggestions of the version in shadow, one row for each article."""

    def waiting(self, since: str) -> list[str]:
        """Return the ids of the desk's articles that arrived since a time and whose text is not judged, as they arrived."""
        query = select(articles.c.id).outerjoin(shadow_suggestions, _OF_PRESENT_TEXT)
        arrived = articles.c.source != STARTER, articles.c.created_at >= since
        query = query.where(*arrived, shadow_suggestions.c.article_id.is_(None))
        return self._values(query.order_by(articles.c.created_at, articles.c.id))

    def put(self, judged: Collection[InShadow]) -> None:
        """Keep what was judged, instead of what was said of an earlier text; nothing of articles that are deleted."""
        with self.giving_way() as connection:
            stored = hold_articles(connection, [row.article_id for row in judged])
            rows = [{**row._asdict(), "judged_at": now()} for row in judged if row.article_id in stored]
            connection.execute(shadow_suggestions.delete().where(shadow_suggestions.c.article_id.in_(stored)))
            if rows:
                connection.execute(shadow_suggestions.insert(), rows)

    def of_present_texts(self, version: str) -> list[InShadow]:
        """Return what a version has judged of articles that still have the same text, by id."""
        columns = [shadow_suggestions.c[name] for name in InShadow._fields]
        query = select(*columns).join(articles, _OF_PRESENT_TEXT).where(shadow_suggestions.c.version == version)
        return [InShadow(*row) for row in self._tuples(query.order_by(shadow_suggestions.c.article_id))]

    def n_articles(self, version: str) -> int:
        """Return how many articles a version has judged."""
        return self._number(select(func.count()).where(shadow_suggestions.c.version == version))

    def drop_others(self, version: str | None) -> None:
        """Remove the suggestions of all versions but one, or of all."""
        others = shadow_suggestions.delete()
        with self.engine.begin() as connection:
            connection.execute(others if version is None else others.where(shadow_suggestions.c.version != version))
