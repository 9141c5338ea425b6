"""Leases: who has an article before them, so that no other editor is dealt it.

A lease ends with the closing of the article, when it is given back, or by itself: a browser that crashed holds nothing for long.
All that a process knows of leases is in the database.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from classifier.store.queue import Queue, Wanted
from classifier.store.rows import Columns, Part, ago, existing_row, now
from classifier.store.schema import articles, closings, leases

LEASE_SECONDS = 300
AT_ONCE = 20  # articles that are looked at together for one that is free


@dataclass(frozen=True)
class Holder:
    """Who holds articles: `id` is a session or a key, `editor` the person's name."""

    id: str
    editor: str


class Held(NamedTuple):
    """A lease of somebody else."""

    editor: str
    until: str


class Lease(NamedTuple):
    """Whether somebody holds an article until a time, and who else does."""

    held: bool
    until: str | None
    others: list[Held]


class Leases(Part):
    """The leases of a store."""

    def take(self, article_id: str, holder: Holder) -> Lease:
        """Take an article or hold it longer, unless as many others as have to decide hold it. Raise `NotFound`."""
        with self.engine.begin() as connection:
            return _take(connection, existing_row(connection, article_id, hold=True), holder)

    def give_back(self, article_id: str, holder: Holder) -> None:
        """End a lease. Nothing happens if there is none."""
        with self.engine.begin() as connection:
            connection.execute(leases.delete().where(leases.c.article_id == article_id, leases.c.holder == holder.id))

    def deal(self, queue: Queue, wanted: Wanted, holder: Holder, skip: Sequence[str] = ()) -> str | None:
        """Take the first wanted article that nobody else holds, and return its id, or None where there is none."""
        passed, end = frozenset(skip), None
        while True:
            page, end = queue.ids(wanted, end, AT_ONCE, free_for(holder))
            for article_id in page:
                if article_id not in passed and self._take_open(article_id, holder):
                    return article_id
            if end is None:
                return None

    def others(self, article_ids: Iterable[str], holder: Holder | None) -> dict[str, list[str]]:
        """Return by article the names of those who hold it, without `holder`."""
        query = select(leases.c.article_id, leases.c.editor).order_by(leases.c.until)
        query = query.where(leases.c.article_id.in_(list(article_ids)), *_live(holder))
        names: dict[str, list[str]] = {}
        for article_id, editor in self._tuples(query):
            names.setdefault(article_id, []).append(editor)
        return names

    def _take_open(self, article_id: str, holder: Holder) -> bool:
        """Take an article, unless it was closed or deleted, or taken by somebody else, since it was found."""
        with self.engine.begin() as connection:
            query = select(articles).where(articles.c.id == article_id, articles.c.state != "closed").with_for_update()
            row = connection.execute(query).mappings().first()
            return row is not None and _take(connection, row, holder).held


def end_leases(connection: Connection, article_id: str, editor: str) -> None:
    """End the leases of an editor on an article that they have closed."""
    connection.execute(leases.delete().where(leases.c.article_id == article_id, leases.c.editor == editor))


def free_for(holder: Holder) -> ColumnElement[bool]:
    """Return whether fewer others hold or have closed an article than have to decide on it."""
    of_article = leases.c.article_id == articles.c.id
    held = select(func.count()).select_from(leases).where(of_article, *_live(holder)).scalar_subquery()
    closed = select(func.count()).select_from(closings).where(closings.c.article_id == articles.c.id).scalar_subquery()
    return held + closed < articles.c.n_editors


def _live(holder: Holder | None) -> list[ColumnElement[bool]]:
    return [leases.c.until > now()] + ([leases.c.holder != holder.id] if holder is not None else [])


def _take(connection: Connection, row: Columns, holder: Holder) -> Lease:
    """Take the article of a row that is locked."""
    of_article = leases.c.article_id == row["id"]
    others = select(leases.c.editor, leases.c.until).where(of_article, *_live(holder)).order_by(leases.c.until)
    held = [Held(*other) for other in connection.execute(others)]
    closed = select(func.count()).where(closings.c.article_id == row["id"], closings.c.editor != holder.editor)
    n_wanted = max(1, row["n_editors"] - int(connection.scalar(closed) or 0))
    if len(held) >= n_wanted or holder.editor in {other.editor for other in held}:
        return Lease(False, None, held)
    until = ago(seconds=-LEASE_SECONDS)
    connection.execute(leases.delete().where(of_article, (leases.c.until <= now()) | (leases.c.holder == holder.id)))
    row_of_holder = {"article_id": row["id"], "holder": holder.id, "editor": holder.editor, "until": until}
    connection.execute(leases.insert(), row_of_holder)
    return Lease(True, until, held)
