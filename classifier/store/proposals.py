"""Tags that editors miss: a list for whoever keeps the taxonomy, and what their articles get of it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, func, select

from classifier.domain.decisions import GIVES, without_undone
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import NotFound
from classifier.store.log import Draft, add_decision, log_of, standing_of
from classifier.store.rows import Part, article_row, existing_row, hold_articles, new_id, now
from classifier.store.schema import articles, proposals
from classifier.texts import _

OPEN, TAKEN, DECLINED = PROPOSAL_STATES = ("open", "taken", "declined")


@dataclass(frozen=True)
class Proposal:
    """A tag that an editor missed, on an article or on none.

    `state` is open, taken or declined, and `tag` the id of the tag as which it was taken. The article gets that tag once the
    taxonomy has it, as the `decision` of the editor who proposed it. `settled_at` is when it did, or had to stay as it is.
    """

    id: str
    label: str
    note: str
    article_id: str | None
    editor: str
    at: str
    state: str = OPEN
    tag: str | None = None
    settled_at: str | None = None
    decision: str | None = None
    title: str | None = None  # of the article, in lists


class Proposals(Part):
    """The proposals of a store."""

    def add(self, label: str, note: str, article_id: str | None, editor: str) -> str:
        """Put a tag on the list, with the article that lacks it, and return the proposal's id."""
        row = {"label": label, "note": note, "article_id": article_id, "editor": editor, "at": now(), "state": OPEN}
        row["id"] = proposal_id = new_id()
        with self.engine.begin() as connection:
            if article_id is not None:
                existing_row(connection, article_id)
            connection.execute(proposals.insert().values(row))
        return proposal_id

    def list(self) -> list[Proposal]:
        """Return all proposals with the titles of their articles: the open ones first, each part newest first."""
        query = select(proposals, articles.c.title).outerjoin(articles, proposals.c.article_id == articles.c.id)
        query = query.order_by(proposals.c.state != OPEN, proposals.c.at.desc())
        return [Proposal(**row) for row in self._rows(query)]

    def count(self, state: str) -> int:
        """Return how many proposals are in a state."""
        return self._number(select(func.count()).where(proposals.c.state == state))

    def get(self, proposal_id: str) -> Proposal:
        """Return a proposal, or raise `NotFound`."""
        with self.reading() as connection:
            return _proposal(connection, proposal_id)

    def resolve(self, proposal_id: str, state: str, editor: str, tag: str | None = None) -> None:
        """Say what became of a proposal: open, declined, or taken as a tag.

        Where an earlier resolution gave the article a tag, that is undone, as a decision of the editor who resolves it now.
        Raise `NotFound` if there is no such proposal.
        """
        with self.engine.begin() as connection:
            _resolve(connection, proposal_id, state, editor, tag)

    def keep_promises(self, taxonomy: Taxonomy) -> int:
        """Give articles the proposed tags that were taken and that the taxonomy has. Return how many articles got one.

        Each promise is kept once. An article stays as it is where it has the tag, or where somebody has decided against the
        tag since it was proposed.
        """
        unsettled = proposals.c.settled_at.is_(None), proposals.c.article_id.is_not(None)
        waiting = select(proposals).where(proposals.c.state == TAKEN, *unsettled)
        promises = [Proposal(**row) for row in self._rows(waiting)]
        tags = ((promise, taxonomy.replacement_of(promise.tag or "")) for promise in promises)
        heir = taxonomy.paths.heir
        return sum(self._keep(promise, tag, heir) for promise, tag in tags if tag is not None)

    def _keep(self, proposal: Proposal, tag: str, heir: Callable[[str], str]) -> bool:
        with self.engine.begin() as connection:
            article = _hold_article(connection, proposal)
            is_same = proposals.c.settled_at.is_(None), proposals.c.tag == proposal.tag, proposals.c.state == TAKEN
            settling = proposals.update().where(proposals.c.id == proposal.id, *is_same).values(settled_at=now())
            # The article may be deleted by now, or another process was first.
            if article is None or not connection.execute(settling).rowcount:
                return False
            log = log_of(connection, article["id"])
            on_tags = (row for row in without_undone(log) if row.tag is not None)
            later = (row for row in on_tags if heir(row.tag or "") == tag and row.at > proposal.at)
            against = any(row.action not in GIVES for row in later)
            if against or tag in map(heir, article["rejected"]) or tag in standing_of(connection, article, log).tags:
                return False
            decision = add_decision(connection, article, log, Draft("add", tag), proposal.editor)
            noted = proposals.update().where(proposals.c.id == proposal.id).values(decision=decision.id)
            connection.execute(noted)
            return True


def open_again(connection: Connection, tags: Collection[str], editor: str) -> None:
    """Open the proposals again that were taken as some tags, as `Proposals.resolve` does."""
    taken = proposals.c.state == TAKEN, proposals.c.tag.in_(tags)
    rows = connection.execute(
        select(proposals.c.id, proposals.c.article_id).where(*taken).order_by(proposals.c.id)
    ).all()
    hold_articles(connection, {row.article_id for row in rows if row.article_id is not None})
    for row in rows:
        _resolve(connection, row.id, OPEN, editor, None)


def _resolve(connection: Connection, proposal_id: str, state: str, editor: str, tag: str | None) -> None:
    article = _hold_article(connection, _proposal(connection, proposal_id))
    before = _proposal(connection, proposal_id)
    if (before.state, before.tag) == (state, tag):
        return
    if before.decision is not None and article is not None:
        log = log_of(connection, article["id"])
        if any(row.id == before.decision for row in without_undone(log)):  # nobody has undone it
            add_decision(connection, article, log, Draft("undo", undoes=before.decision), editor)
    values = {"state": state, "tag": tag, "settled_at": None, "decision": None}
    connection.execute(proposals.update().where(proposals.c.id == proposal_id).values(values))


def _proposal(connection: Connection, proposal_id: str) -> Proposal:
    row = connection.execute(select(proposals).where(proposals.c.id == proposal_id)).mappings().first()
    if row is None:
        raise NotFound(_("There is no proposal %(id)s.", id=repr(proposal_id[:40])))
    return Proposal(**row)


def _hold_article(connection: Connection, proposal: Proposal) -> RowMapping | None:
    return None if proposal.article_id is None else article_row(connection, proposal.article_id, hold=True)
