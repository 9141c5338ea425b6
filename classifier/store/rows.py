"""Rows of the store as what they stand for, and what all parts of the store need. Works on open connections."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Column, Connection, Engine, RowMapping, Select, func, select

from classifier.domain.articles import TEXT_FIELDS, Article
from classifier.domain.progress import Amount
from classifier.errors import NotFound
from classifier.store.schema import articles, assignments
from classifier.texts import _

BATCH = 500  # articles of a transaction: nobody waits long for it, and a query may name them all


class Columns(Protocol):
    """The values of a row by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any: ...


@dataclass(frozen=True)
class StoredArticle:
    """An article with what the store adds to it.

    `state` is new, started or closed. A blind article shows its suggestions only when it is closed. `n_editors` have to decide
    on it, each without seeing the others' decisions. `owner` is the name of the `cms` key that wrote it. The article's language is
    the `corrected_language`, if an editor has corrected what its sender says.
    """

    article: Article
    source: str
    created_at: str
    updated_at: str
    state: str = "new"
    blind: bool = False
    n_editors: int = 1
    owner: str | None = None
    corrected_language: str | None = None


def now() -> str:
    """Return the time as the store keeps it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def ago(**span: float) -> str:
    """Return the time that lies so many days, hours or seconds back, as the store keeps it."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat(timespec="microseconds")


def new_id() -> str:
    """Return an id for a row that nobody can guess."""
    return secrets.token_hex(16)


def hours_since(moment: str) -> float:
    """Return how many hours ago a time of the store was."""
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds() / 3600.0


def share_of(purpose: str, article_id: str) -> float:
    """Return a number in [0, 1) that is always the same for an article and a purpose."""
    return int.from_bytes(hashlib.sha256(f"{purpose} {article_id}".encode()).digest()[:6], "big") / 2**48


def reading(engine: Engine) -> Connection:
    """Return a connection that takes no write lock."""
    return engine.connect().execution_options(readonly=True)


class Part:
    """A part of a store, which reads and writes some of its tables."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def reading(self) -> Connection:
        """Return a connection that takes no write lock."""
        return reading(self.engine)

    def giving_way(self) -> AbstractContextManager[Connection]:
        """Begin one of many transactions of a job, each of which lets other writers go first."""
        return self.engine.execution_options(gives_way=True).begin()

    def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        with self.reading() as connection:
            return connection.execute(query).mappings().all()

    def _row(self, query: Select[Any]) -> RowMapping | None:
        with self.reading() as connection:
            return connection.execute(query).mappings().first()

    def _tuples(self, query: Select[Any]) -> Sequence[Any]:
        with self.reading() as connection:
            return connection.execute(query).all()

    def _values(self, query: Select[Any]) -> list[Any]:
        """Return the first column of the rows of a query."""
        with self.reading() as connection:
            return list(connection.scalars(query))

    def _number(self, query: Select[Any]) -> int:
        """Return the number that a query counts, 0 for none."""
        with self.reading() as connection:
            return int(connection.scalar(query) or 0)

    def pages(
        self, query: Select[Any], key: Column[Any], last: Any = 0, limit: int = 1000, amount: Amount | None = None
    ) -> Iterator[Sequence[Any]]:
        """Yield the rows of a query behind a key, page by page, so that memory and transactions stay small.

        An `amount` is told how many rows there are, and how many are done.
        """
        if amount is not None:
            counted = query.with_only_columns(func.count(), maintain_column_froms=True)
            amount.whole = self._number(counted.where(key > last))
        while rows := self._tuples(query.where(key > last).order_by(key).limit(limit)):
            yield rows
            last = getattr(rows[-1], key.name)
            if amount is not None:
                amount.done += len(rows)


def article_row(connection: Connection, article_id: str, hold: bool = False) -> RowMapping | None:
    """Return the row of an article, or None. `hold` locks it until the transaction ends."""
    if "\0" in article_id:  # PostgreSQL does not even look for it
        return None
    query = select(articles).where(articles.c.id == article_id)
    return connection.execute(query.with_for_update() if hold else query).mappings().first()


def existing_row(connection: Connection, article_id: str, hold: bool = False) -> RowMapping:
    """Return the row of an article as `article_row` does, or raise `NotFound`."""
    row = article_row(connection, article_id, hold)
    if row is None:
        raise NotFound(_("There is no article %(id)s.", id=repr(article_id[:200])))
    return row


def hold_articles(connection: Connection, article_ids: Iterable[str]) -> set[str]:
    """Lock articles until the transaction ends, once no other holds one. Return the ids of those that are stored."""
    held_ids: set[str] = set()
    for batch in batches(sorted(set(article_ids))):
        rows = select(articles.c.id).where(articles.c.id.in_(batch)).order_by(articles.c.id)
        held_ids |= set(connection.scalars(rows.with_for_update()))
    return held_ids


def batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield ids a few hundred at a time."""
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def one_at_a_time(connection: Connection, job: str) -> None:
    """Wait until no other transaction does the same job. SQLite has only one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({lock_number(job)})")


def lock_number(job: str) -> int:
    """Return the number by which PostgreSQL knows a lock."""
    return int.from_bytes(hashlib.sha256(f"tagger {job}".encode()).digest()[:7], "big")


def came_complete(row: Columns) -> bool:
    """Return whether an article was sent with all of its tags, as imported archives are."""
    return bool(row["tags_complete"]) and row["tags"] is not None


def stored(row: Columns) -> StoredArticle:
    """Return the article of a row."""
    tags = tuple(row["tags"]) if row["tags"] is not None else None
    same = (*TEXT_FIELDS, "body_format", "tags_complete", "published_at", "url")
    rejected = tuple(row["rejected"])
    language = row["corrected_language"] or row["language"]
    article = Article(row["id"], tags=tags, rejected=rejected, language=language, **{name: row[name] for name in same})
    besides = ("source", "created_at", "updated_at", "state", "blind", "n_editors", "owner", "corrected_language")
    return StoredArticle(article, *(row[name] for name in besides))


def tags_of_runs(connection: Connection, article_ids: Iterable[str]) -> dict[str, dict[str, str | None]]:
    """Return by article the tags that runs added, each with when it was undone, or None if it stands."""
    query = select(assignments).where(assignments.c.article_id.in_(list(article_ids))).order_by(assignments.c.n)
    tags: dict[str, dict[str, str | None]] = {}
    for row in connection.execute(query).mappings():
        tags.setdefault(row["article_id"], {})[row["tag"]] = row["undone_at"]
    return tags
