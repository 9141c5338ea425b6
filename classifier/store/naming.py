"""Articles that name a new tag: found in the store, given the tag with it, and without it again when it is taken back.

They get it by decisions of the person who made the tag. These carry a note of their own, by which they are found again.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, and_, or_, select

from classifier.store.decision_log import DecisionLog
from classifier.store.log import Draft
from classifier.store.queue import STARTER
from classifier.store.rows import Part
from classifier.store.schema import articles, decisions
from classifier.store.standing import not_undone

NOTE = "The article names the tag."
_TEXTS = (articles.c.title, articles.c.standfirst, articles.c.body)


class NamedTags(Part):
    """The articles of a store that got a tag because they name it."""

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

    def give(self, tag: str, article_ids: Sequence[str], editor: str) -> None:
        """Give articles a tag that they name, as decisions of an editor. Raises `NotFound` if one was deleted."""
        for article_id in article_ids:
            self._decide(article_id, Draft("add", tag, note=NOTE), editor)

    def take_back(self, tags: Collection[str], editor: str) -> int:
        """Undo what `give` decided on tags, and return on how many articles."""
        mine = and_(decisions.c.tag.in_(tags), decisions.c.note == NOTE, decisions.c.action == "add")
        rows = self._tuples(select(decisions.c.article_id, decisions.c.id).where(mine, not_undone(decisions)))
        for article_id, decision in rows:
            self._decide(article_id, Draft("undo", undoes=decision, note=NOTE), editor)
        return len(rows)

    def give_again(self, tags: Collection[str], editor: str) -> int:
        """Give articles again the tags that `take_back` took, and return how many get one."""
        mine = and_(decisions.c.tag.in_(tags), decisions.c.note == NOTE, decisions.c.action == "undo")
        has = {tuple(row) for row in self._tuples(_standing(tags))}
        rows = {tuple(row) for row in self._tuples(select(decisions.c.article_id, decisions.c.tag).where(mine))} - has
        for article_id, tag in sorted(rows):
            self.give(tag, [article_id], editor)
        return len(rows)

    def _decide(self, article_id: str, draft: Draft, editor: str) -> None:
        DecisionLog(self.engine).decide(
            article_id, [draft], editor, lambda *_: {}, in_bulk=draft.action != "undo", may_undo_all=True
        )


def _standing(tags: Collection[str]) -> Select[Any]:
    given = select(decisions.c.article_id, decisions.c.tag).where(decisions.c.tag.in_(tags), not_undone(decisions))
    return given.where(decisions.c.action.in_(("add", "accept", "remove", "reject")))
