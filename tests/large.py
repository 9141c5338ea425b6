"""A store of any size, made within a minute: articles of three sources, with suggestions, decisions and closings.

`python -m tests.large URL [N_ARTICLES]` makes one.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table

from classifier.domain.articles import Article, text_digest
from classifier.store import schema as tables
from classifier.store.database.opening import open_store
from classifier.store.searching import searched_of
from classifier.store.store import Store

WORDS = ("soldiers", "villages", "attack", "claimed", "district", "police", "governor", "market", "convoy", "leader")
EDITORS = tuple(f"editor-{number}" for number in range(10))
DECISIONS_EACH = 4
FIRST_DAY = datetime(2014, 1, 1, tzinfo=UTC)
_BATCH = 1000


@dataclass(frozen=True)
class Size:
    """How large a store is; a third of its articles is open, a part of them started."""

    n_articles: int
    characters: int = 2000
    n_days: int = 3650  # over which the articles were published

    @property
    def n_decisions(self) -> int:
        return self.n_articles * DECISIONS_EACH


def fill(store: Store, size: Size, tags: Sequence[str], seed: int = 0) -> None:
    """Fill an empty store; the same size and tags give the same rows."""
    draw = random.Random(seed)
    for start in range(0, size.n_articles, _BATCH):
        rows = [_article(number, size, tags, draw) for number in range(start, min(start + _BATCH, size.n_articles))]
        with store.engine.begin() as connection:
            _insert(connection, tables.articles, rows)
            if "searched" in tables.metadata.tables:
                _insert(connection, tables.metadata.tables["searched"], [searched_of(row) for row in rows])
            _insert(connection, tables.suggestion_sets, (_set_of(row) for row in rows if row["suggested"]))
            _insert(connection, tables.impressions, (one for row in rows for one in _impressions(row)))
            if "suggested" in tables.metadata.tables:
                _insert(
                    connection, tables.metadata.tables["suggested"], (one for row in rows for one in _suggested(row))
                )
            _insert(connection, tables.decisions, (one for row in rows for one in _decisions(row, tags, draw)))
            _insert(connection, tables.closings, (one for row in rows for one in _closings(row)))


def _insert(connection: Connection, table: Table, rows: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> None:
    kept = [{name: value for name, value in row.items() if name in table.c} for row in rows]
    if kept:
        connection.execute(table.insert(), kept)


def _article(number: int, size: Size, tags: Sequence[str], draw: random.Random) -> dict[str, Any]:
    article_id, day = f"a{number:07}", FIRST_DAY + timedelta(days=number * size.n_days // size.n_articles)
    at = (datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=number)).isoformat(timespec="microseconds")
    body = " ".join(draw.choices(WORDS, k=size.characters // 8))
    imported = draw.random() < 0.6
    listed = draw.sample(tags, 2) if imported else None
    published_at = f"{day:%Y-%m-%d}" if draw.random() < 0.9 else None
    state = "closed" if imported or draw.random() < 0.2 else "started" if draw.random() < 0.3 else "new"
    return {
        "id": article_id,
        "title": f"{number} {draw.choice(WORDS)} {draw.choice(WORDS)}",
        "body": body,
        "body_format": "text",
        "published_at": published_at,
        "dated_at": published_at or at,
        "source": "import" if imported else draw.choices(("cms", "second-desk"), (20, 1))[0],
        "tags": listed,
        "rejected": [],
        "tags_complete": imported,
        "digest": text_digest(Article(article_id, "", body)),
        "created_at": at,
        "updated_at": at,
        "state": state,
        "n_editors": 2 if draw.random() < 0.1 else 1,
        "margin": draw.random() if not imported or draw.random() < 0.5 else None,
        "doubt": draw.random() if not imported else None,
        "text_language": None if imported else "so" if number % 21 == 0 else "en",
        "lot": draw.random(),
        "suggested": [] if imported else draw.sample(tags, 3),
    }


def _set_of(row: dict[str, Any]) -> dict[str, Any]:
    answer = {
        "suggestions": [{"tag": tag, "score": 0.7, "band": "suggest"} for tag in row["suggested"]],
        "mentioned": [],
    }
    versions = {"model_version": "m-1", "taxonomy_version": "t-1"}
    return {
        "id": f"s-{row['id']}",
        "article_id": row["id"],
        "digest": row["digest"],
        "answer": answer,
        "created_at": row["created_at"],
        **versions,
    }


def _impressions(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for tag in row["suggested"]:
        yield {
            "suggestion_set_id": f"s-{row['id']}",
            "tag": tag,
            "shown_at": row["created_at"],
            "score": 0.7,
            "band": "suggest",
        }


def _suggested(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for tag in row["suggested"]:
        yield {"article_id": row["id"], "tag": tag, "score": 0.7, "band": "suggest"}


def _decisions(row: dict[str, Any], tags: Sequence[str], draw: random.Random) -> Iterator[dict[str, Any]]:
    """Yield decisions; all articles but the new ones have some, so that there are four for each article on the whole."""
    if row["state"] == "new":
        return
    for number in range(DECISIONS_EACH + draw.randint(0, 3)):
        suggested = row["suggested"] and number < 3
        yield {
            "id": f"{row['id']}-{number}",
            "article_id": row["id"],
            "tag": row["suggested"][number] if suggested else draw.choice(tags),
            "action": "accept" if number % 3 else "reject",
            "editor": draw.choice(EDITORS),
            "at": row["created_at"],
            "suggestion_set_id": f"s-{row['id']}" if suggested else None,
            "model_version": "m-1",
            "taxonomy_version": "t-1",
            "score": 0.7,
            "band": "suggest",
            "digest": row["digest"],
        }


def _closings(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if row["state"] == "closed" or row["n_editors"] > 1:
        yield {"article_id": row["id"], "editor": EDITORS[int(row["id"][1:]) % len(EDITORS)]}


def main(arguments: list[str]) -> int:
    store = open_store(arguments[0])
    fill(store, Size(int(arguments[1]) if len(arguments) > 1 else 100_000), [f"tag-{n}" for n in range(100)])
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
