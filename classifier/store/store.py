"""Reading and writing articles and suggestion sets. Knows no model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Engine, func, select

from classifier.articles import Article, check_id
from classifier.errors import BadStore, NotFound
from classifier.store.engine import make_engine
from classifier.store.keys import Keys
from classifier.store.schema import articles, impressions, suggestion_sets

_MIGRATION_LOCK = 7_203_391
_BATCH = 500
STARTER = "starter"  # source of the articles that come with the product


@dataclass(frozen=True)
class StoredArticle:
    """An article with what the store knows besides."""

    article: Article
    source: str
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class Imported:
    """What an import did."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


def open_store(url: str, migrate: bool = True) -> Store:
    """Return the store of a database URL, creating and migrating the database as needed.

    Raises:
        BadStore: if the database cannot be used, or is newer than this program.
    """
    if url.startswith("sqlite:///"):
        folder = Path(url.removeprefix("sqlite:///")).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadStore(f"The folder {folder} of the database cannot be made: {error.strerror}.") from None
    engine = make_engine(url)
    if migrate:
        migrate_to(engine, "head")
    _check_revision(engine)
    return Store(engine)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def migrate_to(engine: Engine, revision: str) -> None:
    """Bring the tables to a revision, one process at a time."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # A batch change on SQLite copies the table; with foreign keys on it would delete the rows that point to it.
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    _migrate(connection, revision)
                    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                    if broken:
                        raise BadStore(f"The migration would leave {len(broken)} rows without their parents; not done.")
            finally:
                driver.execute("PRAGMA foreign_keys=ON")
        else:
            with connection.begin():
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
                _migrate(connection, revision)


def _migrate(connection: Connection, revision: str) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise BadStore(f"The database has revision {current}, which this program does not know. Upgrade the program.")
    command.upgrade(_config(connection), revision)


def _check_revision(engine: Engine) -> None:
    with engine.connect().execution_options(readonly=True) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if current != head:
        known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
        advice = "Start the service: it brings it up to date." if current in {None, *known} else "Upgrade the program."
        raise BadStore(f"The database has revision {current}, this program needs {head}. {advice}")


def now() -> str:
    """Return the time as the store keeps it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def content_digest(article: Article) -> str:
    """Return the digest of what is judged: title, body and format."""
    return hashlib.sha256(json.dumps([article.title, article.body, article.body_format]).encode()).hexdigest()


class Store:
    """Articles and suggestion sets; `keys` are the keys of the same database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.keys = Keys(engine)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    # --- articles ---

    def put_article(self, article: Article, source: str) -> str:
        """Store or change an article; return "new", "changed" or "unchanged".

        What the sender says nothing of (tags, rejected tags, date, URL) stays as it was.
        """
        with self.engine.begin() as connection:
            before = _row(connection, article.id)
            known = _with_known(article, _stored(before).article) if before else article
            return self._put(connection, known, source, before)

    def import_articles(self, incoming: Iterable[Article], source: str) -> Imported:
        """Store many articles, a few hundred in one transaction; a second import of the same changes nothing.

        A record replaces all that was known of its article, but for tags of which it says nothing: silence is not a no.
        """
        done = {"new": 0, "changed": 0, "unchanged": 0}
        waiting = iter(incoming)
        while some := list(islice(waiting, _BATCH)):
            with self.engine.begin() as connection:
                for article in some:
                    before = _row(connection, article.id)
                    known = replace(article, tags=_known_tags(article, _stored(before).article)) if before else article
                    done[self._put(connection, known, source, before)] += 1
        return Imported(**done)

    @staticmethod
    def _put(connection: Connection, article: Article, source: str, before: Any) -> str:
        check_id(article.id)
        row = {
            "title": article.title,
            "body": article.body,
            "body_format": article.body_format,
            "published_at": article.published_at,
            "url": article.url,
            "tags": list(article.tags) if article.tags is not None else None,
            "rejected": list(article.rejected),
            "tags_complete": article.tags_complete,
            "source": source,
            "digest": content_digest(article),
        }
        if before is None:
            row |= {"id": article.id, "created_at": now(), "updated_at": now()}
            connection.execute(articles.insert().values(row))
            return "new"
        if all(before[name] == value for name, value in row.items()):
            return "unchanged"
        connection.execute(articles.update().where(articles.c.id == article.id).values(**row, updated_at=now()))
        return "changed"

    def article(self, article_id: str) -> StoredArticle:
        """Return an article, or raise `NotFound`."""
        with self._reading() as connection:
            row = _row(connection, article_id)
        if row is None:
            raise NotFound(f"There is no article {article_id[:200]!r}.")
        return _stored(row)

    def articles(self, after: tuple[str, str] | None = None, limit: int = 100) -> list[StoredArticle]:
        """Return the desk's articles from the newest to the oldest, those behind the place `after` (created_at, id).

        Starter articles are there to learn from; they are nobody's work to look at.
        """
        query = select(articles).where(articles.c.source != STARTER)
        query = query.order_by(articles.c.created_at.desc(), articles.c.id.desc()).limit(limit)
        if after is not None:
            at, article_id = after
            query = query.where(
                (articles.c.created_at < at) | ((articles.c.created_at == at) & (articles.c.id < article_id))
            )
        with self._reading() as connection:
            return [_stored(row) for row in connection.execute(query).mappings()]

    def all_articles(self) -> Iterator[StoredArticle]:
        """Yield every article in the order of ids, without holding them all in memory."""
        last = ""
        while True:
            query = select(articles).where(articles.c.id > last).order_by(articles.c.id).limit(_BATCH)
            with self._reading() as connection:
                rows = connection.execute(query).mappings().all()
            if not rows:
                return
            yield from map(_stored, rows)
            last = rows[-1]["id"]

    def delete_article(self, article_id: str) -> None:
        """Delete an article with its suggestion sets, or raise `NotFound`."""
        with self.engine.begin() as connection:
            if not connection.execute(articles.delete().where(articles.c.id == article_id)).rowcount:
                raise NotFound(f"There is no article {article_id[:200]!r}.")

    def titles(self, article_ids: Iterable[str]) -> dict[str, str]:
        """Return the titles of those of the articles that are stored."""
        query = select(articles.c.id, articles.c.title).where(articles.c.id.in_(list(article_ids)))
        with self._reading() as connection:
            return {row.id: row.title for row in connection.execute(query)}

    def count_articles(self) -> dict[str, int]:
        """Return how many articles there are from each source."""
        query = select(articles.c.source, func.count()).group_by(articles.c.source).order_by(articles.c.source)
        with self._reading() as connection:
            return {source: int(n) for source, n in connection.execute(query)}

    # --- suggestion sets ---

    def put_suggestion_set(
        self, article: Article, model_version: str, taxonomy_version: str, answer: dict[str, Any]
    ) -> str:
        """Keep an answer and return its id; the same article, text, model and taxonomy give the same one.

        Raises:
            NotFound: if the article was deleted meanwhile.
        """
        digest = content_digest(article)
        parts = json.dumps([article.id, digest, model_version, taxonomy_version])
        set_id = hashlib.sha256(parts.encode()).hexdigest()[:32]
        with self.engine.begin() as connection:
            _hold(connection, articles.c.id, article.id)
            if connection.scalar(select(suggestion_sets.c.id).where(suggestion_sets.c.id == set_id)) is None:
                connection.execute(
                    suggestion_sets.insert().values(
                        id=set_id,
                        article_id=article.id,
                        digest=digest,
                        model_version=model_version,
                        taxonomy_version=taxonomy_version,
                        answer=answer,
                        created_at=now(),
                    )
                )
        return set_id

    def suggestion_set(self, article_id: str) -> tuple[str, dict[str, Any]] | None:
        """Return the newest suggestion set of an article as (id, answer)."""
        query = (
            select(suggestion_sets)
            .where(suggestion_sets.c.article_id == article_id)
            .order_by(suggestion_sets.c.created_at.desc(), suggestion_sets.c.id)
            .limit(1)
        )
        with self._reading() as connection:
            row = connection.execute(query).mappings().first()
        return (row["id"], row["answer"]) if row else None

    def put_impressions(self, set_id: str, tags: Iterable[str]) -> None:
        """Note that these suggestions of a set were shown; each once."""
        with self.engine.begin() as connection:
            _hold(connection, suggestion_sets.c.id, set_id)
            there = set(connection.scalars(select(impressions.c.tag).where(impressions.c.suggestion_set_id == set_id)))
            rows = [{"suggestion_set_id": set_id, "tag": tag, "shown_at": now()} for tag in tags if tag not in there]
            if rows:
                connection.execute(impressions.insert(), rows)

    def impressions(self, article_id: str) -> list[dict[str, Any]]:
        """Return what was shown of an article: tag, suggestion set and time."""
        query = (
            select(impressions)
            .join(suggestion_sets)
            .where(suggestion_sets.c.article_id == article_id)
            .order_by(impressions.c.shown_at, impressions.c.tag)
        )
        with self._reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _reading(self) -> Connection:
        return self.engine.connect().execution_options(readonly=True)


def _hold(connection: Connection, column: Column[str], value: str) -> None:
    """Keep the row that others will point to until the transaction ends; raise `NotFound` if it is gone."""
    if connection.scalar(select(column).where(column == value).with_for_update()) is None:
        raise NotFound(f"There is no {column.table.name[:-1].replace('_', ' ')} {value!r} any more.")


def _row(connection: Connection, article_id: str) -> Any:
    return connection.execute(select(articles).where(articles.c.id == article_id)).mappings().first()


def _known_tags(article: Article, before: Article) -> tuple[str, ...] | None:
    """Return the tags of an article, where its sender says nothing of them those from before that it does not reject."""
    if article.tags is not None or before.tags is None:
        return article.tags
    return tuple(tag for tag in before.tags if tag not in article.rejected)


def _with_known(article: Article, before: Article) -> Article:
    """Return the article with what its sender left out filled in; what is said now counts more than what stays."""
    rejected = article.rejected
    if not rejected:
        rejected = tuple(tag for tag in before.rejected if tag not in (article.tags or ()))
    return replace(
        article,
        tags=_known_tags(article, before),
        rejected=rejected,
        published_at=article.published_at or before.published_at,
        url=article.url or before.url,
    )


def _stored(row: Any) -> StoredArticle:
    tags = tuple(row["tags"]) if row["tags"] is not None else None
    article = Article(
        row["id"],
        row["title"],
        row["body"],
        row["body_format"],
        tags,
        tuple(row["rejected"]),
        row["tags_complete"],
        row["published_at"],
        row["url"],
    )
    return StoredArticle(article, row["source"], row["created_at"], row["updated_at"])
