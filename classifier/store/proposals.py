"""Tags that editors miss: a list for whoever keeps the taxonomy."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Engine, select

from classifier.errors import NotFound
from classifier.store.rows import now, reading
from classifier.store.schema import articles, proposals

PROPOSAL_STATES = ("open", "taken", "declined")


class Proposals:
    """The proposals of a store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, label: str, note: str, article_id: str | None, editor: str) -> str:
        """Put a tag on the list, with the article that lacks it, and return the proposal's id."""
        row = {
            "id": secrets.token_hex(16),
            "label": label,
            "note": note,
            "article_id": article_id,
            "editor": editor,
            "at": now(),
            "state": "open",
        }
        with self._engine.begin() as connection:
            there = select(articles.c.id).where(articles.c.id == article_id)
            if article_id is not None and connection.scalar(there) is None:
                raise NotFound(f"There is no article {article_id[:200]!r}.")
            connection.execute(proposals.insert().values(row))
        return str(row["id"])

    def list(self) -> list[dict[str, Any]]:
        """Return all proposals with the titles of their articles: the open ones first, each part newest first."""
        query = select(proposals, articles.c.title).outerjoin(articles, proposals.c.article_id == articles.c.id)
        query = query.order_by(proposals.c.state != "open", proposals.c.at.desc())
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def set_state(self, proposal_id: str, state: str) -> None:
        """Say what became of a proposal: open, taken or declined; raise `NotFound` if there is none."""
        query = proposals.update().where(proposals.c.id == proposal_id).values(state=state)
        with self._engine.begin() as connection:
            if not connection.execute(query).rowcount:
                raise NotFound(f"There is no proposal {proposal_id[:40]!r}.")
