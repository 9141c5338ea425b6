"""Articles that name a new tag: found in the store, given the tag with it, and without it again when it is taken back.

They get it by decisions of the person who made the tag, in the transaction that makes it. These carry a note of their own, by which
they are found again.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select

from classifier.domain.sentences import NAMED
from classifier.store.answering import Answered, carry_out
from classifier.store.log import Draft
from classifier.store.queue import STARTER
from classifier.store.rows import Part, existing_row, hold_articles
from classifier.store.schema import articles, decisions
from classifier.store.standing import not_undone
from classifier.store.taxonomy import Then

_TEXTS = (articles.c.title, articles.c.standfirst, articles.c.body)


class NamedTags(Part):
    """The articles of a store that name a tag."""

    def having(self, words: Collection[str], most: int) -> Sequence[str]:
        """Return the newest articles with one of some words of ASCII letters and digits, in any case and place.

        Blind articles that are still open are left out.
        """
        plain = [word for word in words if word.isascii() and word.isalnum()]
        if not plain:
            return []
        compare = "like" if self.engine.dialect.name == "sqlite" else "ilike"  # the first ignores case there
        has = or_(*(getattr(column, compare)(f"%{word}%") for word in plain for column in _TEXTS))
        is_shown = or_(articles.c.blind.is_(False), articles.c.state == "closed")
        query = select(articles.c.id).where(articles.c.source != STARTER, is_shown, has)
        return self._values(query.order_by(articles.c.dated_at.desc(), articles.c.id).limit(most))


def giving(tag: str, article_ids: Sequence[str], editor: str) -> Then:
    """Return what gives articles a tag that they name, in the transaction that makes the tag."""

    def then(connection: Connection, _log: object, _rows: object) -> None:
        give_named(connection, tag, article_ids, editor)

    return then


def give_named(connection: Connection, tag: str, article_ids: Sequence[str], editor: str) -> int:
    """Give articles a tag that they name, as decisions of an editor. Return how many, without those that were deleted."""
    held = hold_articles(connection, article_ids)
    for article_id in filter(held.__contains__, article_ids):
        _decide(connection, article_id, Draft("add", tag, note=NAMED), editor)
    return len(held)


def take_back_named(connection: Connection, tags: Collection[str], editor: str) -> None:
    """Undo what `give_named` decided on tags."""
    mine = and_(decisions.c.tag.in_(tags), decisions.c.note == NAMED, decisions.c.action == "add")
    rows = connection.execute(select(decisions.c.article_id, decisions.c.id).where(mine, not_undone(decisions))).all()
    held = hold_articles(connection, {row.article_id for row in rows})
    for article_id, decision in rows:
        if article_id in held:
            _decide(connection, article_id, Draft("undo", undoes=decision, note=NAMED), editor)


def give_named_again(connection: Connection, tags: Collection[str], editor: str) -> None:
    """Give articles again the tags that `take_back_named` took."""
    mine = and_(decisions.c.tag.in_(tags), decisions.c.note == NAMED, decisions.c.action == "undo")
    has = {tuple(row) for row in connection.execute(_standing(tags))}
    rows = {tuple(row) for row in connection.execute(select(decisions.c.tag, decisions.c.article_id).where(mine))} - has
    for tag in sorted({tag for tag, _ in rows}):
        give_named(connection, tag, sorted(article_id for other, article_id in rows if other == tag), editor)


def _decide(connection: Connection, article_id: str, draft: Draft, editor: str) -> None:
    """Log a decision on an article that is held."""
    in_bulk = draft.action != "undo"
    answer = Answered([draft], editor, False, None, in_bulk, True, None)
    carry_out(connection, existing_row(connection, article_id), answer, {})


def _standing(tags: Collection[str]) -> Select[Any]:
    given = select(decisions.c.tag, decisions.c.article_id).where(decisions.c.tag.in_(tags), not_undone(decisions))
    return given.where(decisions.c.action.in_(("add", "accept", "remove", "reject")))
