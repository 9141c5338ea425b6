"""The queue: which articles wait for an editor, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, literal, select

from classifier.store.rows import StoredArticle, hold_articles, reading, stored
from classifier.store.schema import articles, closings, suggested
from classifier.store.standing import answered
from classifier.store.suggested import note_shown

STARTER = "starter"  # source of the articles that come with the product; nobody's work to look at
STATES = ("new", "started", "closed")
ORDERS = ("newest", "teach")
CHANCE = 0.1  # share of the articles that come by lot: what the model is sure of must be looked at too
EVERY = 10
LAST = 9.0  # behind every margin: articles that were never asked for suggestions


@dataclass(frozen=True)
class Wanted:
    """Which articles are wanted, and in which order.

    `state` is one of `STATES`, `open` (new and started) or None for all; `tag` wants those for which it is suggested
    and nobody said anything of it, whether or not anybody has seen that. `viewer` leaves out of the open ones what this
    editor has closed.
    """

    state: str | None = None
    source: str | None = None
    tag: str | None = None
    since: str | None = None
    until: str | None = None
    order: str = "newest"
    viewer: str | None = None


# Where a page ended: (created_at, id), or for `teach` (margin, id, lot, id), with None where a stream has not begun.
Place = tuple[Any, ...]


class Queue:
    """The articles of a store as work."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, wanted: Wanted, after: Place | None, limit: int) -> tuple[list[StoredArticle], Place | None]:
        """Return a page of articles and the place of the next one, None at the end."""
        with reading(self._engine) as connection:
            if wanted.order == "teach":
                return _teaching(connection, wanted, after, limit)
            rows = connection.execute(_newest(wanted, after).limit(limit + 1)).mappings().all()
        last = rows[limit - 1] if len(rows) > limit else None
        return [stored(row) for row in rows[:limit]], (last["created_at"], last["id"]) if last else None

    def counts(self, wanted: Wanted) -> dict[str, int]:
        """Return how many of the wanted articles are in each state, whatever state is wanted."""
        whole = _wanted(Wanted(None, wanted.source, wanted.tag, wanted.since, wanted.until))
        query = whole.with_only_columns(articles.c.state, func.count()).group_by(articles.c.state)
        with reading(self._engine) as connection:
            found = {state: int(n) for state, n in connection.execute(query)}
        return {state: found.get(state, 0) for state in STATES}

    def show(self, wanted: Wanted, limit: int) -> list[dict[str, Any]]:
        """Return the articles for which `wanted.tag` is suggested without an answer, the best score first.

        That they are shown is noted. Each has article_id, title, published_at, score, band and suggestion_set_id.
        """
        names = ("id", "title", "published_at", "digest", "judged_by")
        columns: list[Any] = [*(articles.c[name] for name in names), suggested.c.score, suggested.c.band]
        query = _wanted(wanted).join(suggested, suggested.c.article_id == articles.c.id)
        query = query.where(suggested.c.tag == wanted.tag).with_only_columns(*columns)
        query = query.order_by(suggested.c.score.desc(), articles.c.id).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        if not rows:
            return []
        with self._engine.begin() as connection:
            there = hold_articles(connection, [row["id"] for row in rows])
            rows = [row for row in rows if row["id"] in there]
            sets = note_shown(connection, rows, wanted.tag or "")
        kept = ("title", "published_at", "score", "band")
        return [
            {"article_id": row["id"], **{name: row[name] for name in kept}, "suggestion_set_id": sets[row["id"]]}
            for row in rows
        ]

    def sources(self) -> list[str]:
        """Return where the articles of the queue come from."""
        query = select(articles.c.source).distinct().where(articles.c.source != STARTER).order_by(articles.c.source)
        with reading(self._engine) as connection:
            return list(connection.scalars(query))


def _wanted(wanted: Wanted) -> Select[Any]:
    query: Select[Any] = select(articles).where(articles.c.source != STARTER)
    if wanted.state == "open":
        query = query.where(articles.c.state.in_(("new", "started")))
        if wanted.viewer is not None:
            mine = select(closings.c.article_id).where(closings.c.editor == wanted.viewer)
            query = query.where(articles.c.id.not_in(mine))
    elif wanted.state is not None:
        query = query.where(articles.c.state == wanted.state)
    if wanted.source is not None:
        query = query.where(articles.c.source == wanted.source)
    if wanted.since is not None:
        query = query.where(articles.c.dated_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(
            articles.c.dated_at < f"{wanted.until}~"
        )  # the whole day: "~" sorts behind every digit and letter
    if wanted.tag is not None:
        query = query.where(_unanswered(wanted.tag))
    return query


def _unanswered(tag: str) -> ColumnElement[bool]:
    """Return whether a tag is suggested and nobody said anything of it; of a blind article nobody may know before its end."""
    ids = select(suggested.c.article_id).where(suggested.c.tag == tag)
    hidden = articles.c.blind & (articles.c.state != "closed")
    return articles.c.id.in_(ids) & ~hidden & ~answered(articles.c.id, literal(tag))


def _newest(wanted: Wanted, after: Place | None) -> Select[Any]:
    query = _wanted(wanted).order_by(articles.c.created_at.desc(), articles.c.id.desc())
    if after is not None:
        at, article_id = after
        earlier = (articles.c.created_at == at) & (articles.c.id < article_id)
        query = query.where((articles.c.created_at < at) | earlier)
    return query


def _teaching(
    connection: Connection, wanted: Wanted, after: Place | None, limit: int
) -> tuple[list[StoredArticle], Place | None]:
    """Return a page of two streams: what teaches most, and in every tenth place what comes by lot."""
    place = after or (None, None, None, None)
    margin = func.coalesce(articles.c.margin, LAST)
    chosen = _stream(connection, _wanted(wanted).where(articles.c.lot >= CHANCE), margin, place[:2], limit)
    lots = _stream(connection, _wanted(wanted).where(articles.c.lot < CHANCE), articles.c.lot, place[2:], limit)
    rows: list[Any] = []
    left, taken = limit, [0, 0]
    while left and (taken[0] < len(chosen) or taken[1] < len(lots)):
        by_lot = taken[1] < len(lots) and (len(rows) % EVERY == EVERY - 1 or taken[0] >= len(chosen))
        rows.append((lots if by_lot else chosen)[taken[by_lot]])
        taken[by_lot] += 1
        left -= 1
    if taken[0] == len(chosen) and taken[1] == len(lots):
        return [stored(row) for row in rows], None
    one, other = chosen[taken[0] - 1] if taken[0] else None, lots[taken[1] - 1] if taken[1] else None
    ends = (one["key"], one["id"]) if one else place[:2]
    return [stored(row) for row in rows], (*ends, *((other["key"], other["id"]) if other else place[2:]))


def _stream(connection: Connection, query: Select[Any], key: ColumnElement[Any], after: Place, limit: int) -> list[Any]:
    """Return one row more than a page may take."""
    if after[0] is not None:
        query = query.where((key > after[0]) | ((key == after[0]) & (articles.c.id > after[1])))
    query = query.add_columns(key.label("key")).order_by(key, articles.c.id).limit(limit + 1)
    return list(connection.execute(query).mappings().all())
