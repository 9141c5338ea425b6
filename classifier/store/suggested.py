"""What the model suggests for each article, by tag, whether or not anybody has seen it.

An answer to an article brings its rows up to date. Open articles that the present model has not judged, as after an import or
a promotion, wait until somebody judges them; `judged_by` of an article names the model and the taxonomy of its rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select, union_all

from classifier.store.rows import StoredArticle, giving_way, now, reading, stored
from classifier.store.schema import articles, impressions, suggested, suggestion_sets

OPEN = ("new", "started")
BRIEF = "brief"  # marks the answer of a set that was made for a list: only tags, scores and bands


@dataclass(frozen=True)
class Judged:
    """What a model says of the text of an article with this digest: its margin, and suggestions (tag, score, band)."""

    article_id: str
    digest: str
    margin: float | None
    suggestions: Sequence[dict[str, Any]] = field(default_factory=tuple)


@dataclass(frozen=True)
class ModelAnswer:
    """What a model says of an article's text; `margin` is how far the nearest score is from its threshold."""

    model_version: str
    taxonomy_version: str
    content: dict[str, Any]
    margin: float | None = None

    def set_id(self, article_id: str, digest: str) -> str:
        """Return the id of the suggestion set."""
        return set_id_of(article_id, digest, self.model_version, self.taxonomy_version)

    @property
    def by(self) -> str:
        """The name of the model with its taxonomy."""
        return judged_by(self.model_version, self.taxonomy_version)


class Suggested:
    """The suggestions for the articles of a store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def waiting(self, by: str, limit: int) -> list[StoredArticle]:
        """Return some open articles that `by` has not judged; the order is that of an index, so that all come to it."""
        ids = union_all(*(select(part.limit(limit).subquery()) for part in _waiting(by))).subquery()
        query = select(articles).where(articles.c.id.in_(select(ids.c.id))).limit(limit)
        with reading(self._engine) as connection:
            return [stored(row) for row in connection.execute(query).mappings()]

    def n_waiting(self, by: str) -> int:
        """Return how many open articles `by` has not judged."""
        with reading(self._engine) as connection:
            counted = (connection.scalar(part.with_only_columns(func.count())) for part in _waiting(by))
            return sum(int(n or 0) for n in counted)

    def put(self, by: str, judged: Iterable[Judged]) -> None:
        """Keep what was judged, but for articles whose text is another one by now."""
        with giving_way(self._engine).begin() as connection:
            for one in judged:
                replace_suggested(connection, by, one)


# --- on an open connection ---


def judged_by(model_version: str, taxonomy_version: str) -> str:
    """Return the name of a model with a taxonomy."""
    return f"{model_version} {taxonomy_version}"


def set_id_of(article_id: str, digest: str, model_version: str, taxonomy_version: str) -> str:
    """Return the id of a suggestion set; the same article, text, model and taxonomy give the same one."""
    parts = json.dumps([article_id, digest, model_version, taxonomy_version])
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def replace_suggested(connection: Connection, by: str, judged: Judged) -> None:
    """Keep what was judged instead of what was before, unless the article has another text by now."""
    same = (articles.c.id == judged.article_id) & (articles.c.digest == judged.digest)
    values = {"judged_by": by, "margin": judged.margin}
    if not connection.execute(articles.update().where(same).values(values)).rowcount:
        return
    connection.execute(suggested.delete().where(suggested.c.article_id == judged.article_id))
    rows = [
        {"article_id": judged.article_id, **{name: one[name] for name in ("tag", "score", "band")}}
        for one in judged.suggestions
    ]
    if rows:
        connection.execute(suggested.insert(), rows)


def note_shown(connection: Connection, rows: Sequence[Any], tag: str) -> dict[str, str]:
    """Note that the suggestion of a tag is shown for each of some articles; return the id of the set that it is of.

    An article that waits to be judged anew, and has no set of its text, is left out.

    Args:
        rows: with id, digest and judged_by of an article, score and band of the suggestion.
    """
    ids = [row["id"] for row in rows]
    sets = _sets_of(connection, ids)
    chosen, missing = {}, []
    for row in rows:
        model_version, _, taxonomy_version = row["judged_by"].partition(" ")
        there = sets.get((row["id"], row["digest"]), {})
        set_id = set_id_of(row["id"], row["digest"], model_version, taxonomy_version)
        if row["judged_by"] == "":  # of an older store, or changed since: of no model unless a set says of which
            if not there:
                continue
            set_id = next(reversed(there))
        elif set_id not in there:
            versions = {"model_version": model_version, "taxonomy_version": taxonomy_version}
            missing.append({"id": set_id, "article_id": row["id"], "digest": row["digest"], **versions})
        chosen[row["id"]] = set_id
    _add_sets(connection, missing)
    _add_impressions(connection, chosen, rows, tag)
    return chosen


def _sets_of(connection: Connection, article_ids: Sequence[str]) -> dict[tuple[str, str], dict[str, None]]:
    """Return the ids of the suggestion sets of articles and their texts, the newest last."""
    columns = (suggestion_sets.c.article_id, suggestion_sets.c.digest, suggestion_sets.c.id)
    query = select(*columns).where(suggestion_sets.c.article_id.in_(article_ids)).order_by(suggestion_sets.c.created_at)
    found: dict[tuple[str, str], dict[str, None]] = {}
    for row in connection.execute(query):
        found.setdefault((row.article_id, row.digest), {})[row.id] = None
    return found


def _add_sets(connection: Connection, missing: Sequence[dict[str, Any]]) -> None:
    """Add suggestion sets with brief answers; whoever opens one of the articles has the answer made whole."""
    if not missing:
        return
    query = select(suggested).where(suggested.c.article_id.in_([one["article_id"] for one in missing]))
    of_article: dict[str, list[dict[str, Any]]] = {}
    for row in connection.execute(query.order_by(suggested.c.score.desc(), suggested.c.tag)):
        of_article.setdefault(row.article_id, []).append({"tag": row.tag, "score": row.score, "band": row.band})
    at = now()
    for one in missing:
        suggestions = of_article.get(one["article_id"], [])
        one |= {"created_at": at, "answer": {BRIEF: True, "suggestions": suggestions, "mentioned": []}}
    connection.execute(suggestion_sets.insert(), list(missing))


def _add_impressions(connection: Connection, chosen: dict[str, str], rows: Sequence[Any], tag: str) -> None:
    there = select(impressions.c.suggestion_set_id).where(
        impressions.c.tag == tag, impressions.c.suggestion_set_id.in_(chosen.values())
    )
    before, at = set(connection.scalars(there)), now()
    new = [
        {"suggestion_set_id": set_id, "tag": tag, "shown_at": at, "score": row["score"], "band": row["band"]}
        for row in rows
        if (set_id := chosen.get(row["id"])) is not None and set_id not in before
    ]
    if new:
        connection.execute(impressions.insert(), new)


def _waiting(by: str) -> list[Select[Any]]:
    """Return the queries for the ids of open articles that `by` has not judged; a part of one index answers each."""
    other = articles.c.judged_by < by, articles.c.judged_by > by
    return [select(articles.c.id).where(articles.c.state == state, part) for state in OPEN for part in other]
