"""What the model suggests for each article, a row for each tag, whether it was shown or not.

Each answer to an article replaces its rows. Open articles that the present model has not judged, as after an import or a
promotion, wait to be judged. `articles.judged_by` names the model and the taxonomy of an article's rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select, union_all

from classifier.store.rows import Part, StoredArticle, giving_way, stored
from classifier.store.schema import articles, suggested

OPEN = ("new", "started")


class TagScore(NamedTuple):
    """A suggested tag: its score, and its band (auto, suggest)."""

    tag: str
    score: float
    band: str


@dataclass(frozen=True)
class Judged:
    """What a model says of the text of an article with this digest: its margin, and the suggested tags."""

    article_id: str
    digest: str
    margin: float | None
    suggestions: Sequence[TagScore] = ()


class Suggested(Part):
    """The suggestions for the articles of a store."""

    def waiting(self, by: str, limit: int) -> list[StoredArticle]:
        """Return some open articles that `by` has not judged, in the order of an index, so that none is left out."""
        ids = union_all(*(select(part.limit(limit).subquery()) for part in _waiting(by))).subquery()
        query = select(articles).where(articles.c.id.in_(select(ids.c.id))).limit(limit)
        return [stored(row) for row in self._rows(query)]

    def n_waiting(self, by: str) -> int:
        """Return how many open articles `by` has not judged."""
        return sum(self._number(part.with_only_columns(func.count())) for part in _waiting(by))

    def put(self, by: str, judged: Iterable[Judged]) -> None:
        """Keep what was judged, except for articles whose text has changed since."""
        with giving_way(self.engine).begin() as connection:
            for article in judged:
                replace_suggested(connection, by, article)


# --- on an open connection ---


def judged_by(model_version: str, taxonomy_version: str) -> str:
    """Return the name of a model with a taxonomy."""
    return f"{model_version} {taxonomy_version}"


def replace_suggested(connection: Connection, by: str, judged: Judged) -> None:
    """Keep what was judged instead of what was before, unless the article has another text by now."""
    same = (articles.c.id == judged.article_id) & (articles.c.digest == judged.digest)
    values = {"judged_by": by, "margin": judged.margin}
    if not connection.execute(articles.update().where(same).values(values)).rowcount:
        return
    connection.execute(suggested.delete().where(suggested.c.article_id == judged.article_id))
    rows = [{"article_id": judged.article_id, **suggestion._asdict()} for suggestion in judged.suggestions]
    if rows:
        connection.execute(suggested.insert(), rows)


def _waiting(by: str) -> list[Select[Any]]:
    """Return the queries for the ids of open articles that `by` has not judged, each a part of one index."""
    by_others = articles.c.judged_by < by, articles.c.judged_by > by
    return [select(articles.c.id).where(articles.c.state == state, part) for state in OPEN for part in by_others]
