"""Articles that are stored without a model's answer, as the service stores none."""

from sqlalchemy import select

from classifier.domain.articles import Article, check_id
from classifier.store.arrivals import NO_SHARES, Arrival, Shares, arrive
from classifier.store.rows import reading
from classifier.store.schema import articles
from classifier.store.sketches import sketches_for
from classifier.store.store import Store, again_if_stored_first


def put_article(
    store: Store, article: Article, source: str, shares: Shares = NO_SHARES, owner: str | None = None
) -> str:
    """Store or change an article, and return "new", "changed" or "unchanged"."""
    check_id(article.id)
    before = _updated_at(store, article.id)
    sketches = sketches_for(store.engine, [article])

    def put() -> Arrival:
        with store.engine.begin() as connection:
            return arrive(connection, article, source, shares, owner, sketches)

    arrival = again_if_stored_first(put)
    store.questions.follow(arrival.owner, article.id, arrival.changes)
    return "new" if before is None else "unchanged" if _updated_at(store, article.id) == before else "changed"


def _updated_at(store: Store, article_id: str) -> str | None:
    with reading(store.engine) as connection:
        return connection.scalar(select(articles.c.updated_at).where(articles.c.id == article_id))
