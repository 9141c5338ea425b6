"""Tags that editors miss: a list for whoever keeps the taxonomy, and what their articles get of it."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Connection, Engine, select

from classifier.domain.decisions import GIVES, without_undone
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import NotFound
from classifier.store.log import Draft, add_decision, known, read_log
from classifier.store.rows import article_row, now, reading
from classifier.store.schema import articles, proposals

OPEN, TAKEN, DECLINED = PROPOSAL_STATES = ("open", "taken", "declined")


class Proposals:
    """The proposals of a store.

    A proposal is taken as a tag, by its id. The article on which it was missed gets the tag once the taxonomy has it, as the
    decision of the editor who proposed it: `settled_at` says since when that is settled, `decision` is the decision's id.
    """

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
            "state": OPEN,
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
        query = query.order_by(proposals.c.state != OPEN, proposals.c.at.desc())
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def get(self, proposal_id: str) -> dict[str, Any]:
        """Return a proposal, or raise `NotFound`."""
        with reading(self._engine) as connection:
            return dict(_row(connection, proposal_id))

    def answer(self, proposal_id: str, state: str, editor: str, tag: str | None = None) -> None:
        """Say what became of a proposal: open, declined, or taken as a tag.

        Where another answer had given the article a tag, that is undone, as the decision of the editor who answers now.

        Raises:
            NotFound: if there is no such proposal.
        """
        with self._engine.begin() as connection:
            _hold_article(connection, _row(connection, proposal_id))
            before = _row(connection, proposal_id)
            if (before["state"], before["tag"]) == (state, tag):
                return
            if before["decision"] is not None:
                _undo(connection, before, editor)
            values = {"state": state, "tag": tag, "settled_at": None, "decision": None}
            connection.execute(proposals.update().where(proposals.c.id == proposal_id).values(values))

    def keep_promises(self, taxonomy: Taxonomy) -> int:
        """Give articles the tags that were proposed on them, taken, and that the taxonomy has; return how many got one.

        Each promise is kept once. An article stays as it is where it has the tag, or where somebody has decided against the
        tag since it was proposed.
        """
        waiting = select(proposals).where(
            proposals.c.state == TAKEN, proposals.c.settled_at.is_(None), proposals.c.article_id.is_not(None)
        )
        with reading(self._engine) as connection:
            rows = [dict(row) for row in connection.execute(waiting).mappings()]
        there = [(row, tag) for row in rows if (tag := taxonomy.replacement_of(row["tag"] or "")) is not None]
        return sum(self._keep(row, tag) for row, tag in there)

    def _keep(self, proposal: dict[str, Any], tag: str) -> bool:
        with self._engine.begin() as connection:
            article = _hold_article(connection, proposal)
            still = proposals.c.settled_at.is_(None), proposals.c.tag == proposal["tag"], proposals.c.state == TAKEN
            settling = proposals.update().where(proposals.c.id == proposal["id"], *still).values(settled_at=now())
            if (
                article is None or not connection.execute(settling).rowcount
            ):  # it was deleted, or another process was first
                return False
            log = read_log(connection, [article["id"]]).get(article["id"], [])
            against = any(
                row.tag == tag and row.action not in GIVES and row.at > proposal["at"] for row in without_undone(log)
            )
            if against or tag in article["rejected"] or tag in known(connection, article, log).tags:
                return False
            decision = add_decision(connection, article, log, Draft("add", tag), proposal["editor"])
            given = proposals.update().where(proposals.c.id == proposal["id"]).values(decision=decision.id)
            connection.execute(given)
            return True


def _row(connection: Connection, proposal_id: str) -> Any:
    row = connection.execute(select(proposals).where(proposals.c.id == proposal_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no proposal {proposal_id[:40]!r}.")
    return row


def _hold_article(connection: Connection, proposal: Any) -> Any:
    """Return the row of a proposal's article, which nobody else changes meanwhile; None if it was deleted."""
    article_id = proposal["article_id"]
    return None if article_id is None else article_row(connection, article_id, hold=True)


def _undo(connection: Connection, proposal: Any, editor: str) -> None:
    """Undo the decision by which an article got the tag of a proposal, unless somebody did already."""
    article = _hold_article(connection, proposal)
    log = read_log(connection, [proposal["article_id"]]).get(proposal["article_id"], [])
    if article is not None and any(row.id == proposal["decision"] for row in without_undone(log)):
        add_decision(connection, article, log, Draft("undo", undoes=proposal["decision"]), editor)
