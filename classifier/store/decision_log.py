"""The decisions of a store: what editors decide is added, and read in several ways."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import func, select

from classifier.domain.decisions import CMS, Decision, Impression, Standing
from classifier.domain.progress import Amount
from classifier.store.answering import Answered, answered_together, carry_out, carry_out_also, check_stands
from classifier.store.changes import note_change
from classifier.store.log import FIELDS, ArticleLog, Draft, article_log, listings, log_of, standings_of
from classifier.store.requests import Request, keep, reply_to
from classifier.store.rows import Part, existing_row, hold_articles, new_id
from classifier.store.schema import decisions, impressions, suggestion_sets
from classifier.store.sketches import Sketches, sketches_for_decision
from classifier.store.standing import not_undone, settled
from classifier.store.taxonomy import head_of

_OF_SUGGESTION = [impressions.c[name] for name in ("tag", "suggestion_set_id", "shown_at", "score", "band")]
_SHOWN = select(suggestion_sets.c.article_id, *_OF_SUGGESTION).select_from(impressions.join(suggestion_sets))


class DecisionLog(Part):
    """The decisions of a store."""

    def decide(
        self,
        article_id: str,
        drafts: Sequence[Draft],
        editor: str,
        make_reply: Callable[[list[Decision], ArticleLog], Mapping[str, object]],
        *,
        complete: bool = False,
        suggestion_set_id: str | None = None,
        in_bulk: bool = False,
        may_undo_all: bool = False,
        request: Request | None = None,
        also: Sequence[str] = (),
    ) -> Mapping[str, object]:
        """Add decisions to the log, all or none, and return the reply that `make_reply` makes of them.

        Without a suggestion set, the newest one of the article's present text is meant. A request is carried out once: whoever
        repeats it gets the same reply.

        Args:
            make_reply: called with the new rows, and with the article's log as it is with them.
            complete: close the article, unless this editor has.
            in_bulk: whether the editor decided over a list of articles.
            also: near-duplicates that are answered in the same way, but for those that are closed by now. Each gets rows of
                its own, which are `in_bulk`. All rows of the answer carry one name, by which an undo takes them back.

        Raises:
            NotFound: if there is no such article.
            BadDecision: naming the draft: its set is another article's, or what it would undo cannot be undone.
            Busy: if another request with the same key is being carried out.
        """
        sketches: Sketches = {}
        if suggestion_set_id is not None and "\0" not in article_id:
            sketches = sketches_for_decision(self.engine, article_id, suggestion_set_id)
        token = new_id() if also else None
        answer = Answered(drafts, editor, complete, suggestion_set_id, in_bulk, may_undo_all, token)
        with self.engine.begin() as connection:
            taken_back = answered_together(connection, drafts)
            if others := set(also).union(*taken_back.values()) - {article_id}:
                hold_articles(connection, {article_id, *others})  # in the order of their ids
            row = existing_row(connection, article_id, hold=True)
            if request is not None and (reply := reply_to(connection, request)) is not None:
                return reply
            check_stands(taken_back)
            added, log = carry_out(connection, row, answer, sketches)
            for other in sorted(others):
                carry_out_also(connection, other, answer)
            reply = make_reply(added, article_log(connection, row, log))
            if request is not None:
                keep(connection, request, reply)
            note_change(connection)
            return reply

    def reply(self, request: Request) -> Mapping[str, object] | None:
        """Return the reply to a request, or None if it was not carried out yet."""
        with self.reading() as connection:
            return reply_to(connection, request)

    def keep_reply(self, request: Request, reply: Mapping[str, object]) -> None:
        """Keep the reply to a request that was carried out in a transaction of its own."""
        with self.engine.begin() as connection:
            keep(connection, request, reply)

    def read(self, article_id: str) -> ArticleLog:
        """Return the log of an article, or raise `NotFound`."""
        with self.reading() as connection:
            return article_log(connection, existing_row(connection, article_id), log_of(connection, article_id))

    def all(self, amount: Amount | None = None) -> Iterator[Decision]:
        """Yield the whole log in its order, without holding it in memory. An `amount` is told how much is read."""
        for rows in self.pages(select(decisions.c.n, *FIELDS), decisions.c.n, amount=amount):
            yield from (Decision(*row[1:]) for row in rows)

    def standings(self, article_ids: Sequence[str]) -> dict[str, Standing]:
        """Return what is known of the tags of some articles."""
        with self.reading() as connection:
            return standings_of(connection, listings(connection, article_ids))

    def impressions(self, article_id: str) -> list[Impression]:
        """Return the impressions of an article in their order."""
        query = _SHOWN.add_columns(settled(suggestion_sets.c.article_id, impressions.c.tag), impressions.c.editor)
        order = impressions.c.shown_at, impressions.c.suggestion_set_id, impressions.c.tag
        query = query.where(suggestion_sets.c.article_id == article_id).order_by(*order)
        rows = self._tuples(query)
        return [replace(Impression(*row[:-2]), answered=bool(row[-2]), editor=row[-1]) for row in rows]

    def all_impressions(self) -> Iterator[Impression]:
        """Yield all impressions, in no order and without `answered`."""
        with self.reading() as connection:
            for row in connection.execute(_SHOWN):
                yield Impression(*row)

    def last(self) -> int:
        """Return the number of the newest decision, 0 if there is none."""
        return self._number(select(func.max(decisions.c.n)))

    def since(self, number: int, limit: int) -> list[Decision]:
        """Return up to `limit` decisions behind a number, in their order."""
        query = select(*FIELDS).where(decisions.c.n > number).order_by(decisions.c.n).limit(limit)
        return [Decision(*row) for row in self._tuples(query)]

    def decision(self, decision_id: str) -> Decision | None:
        """Return a decision, or None if there is none of this id."""
        rows = self._tuples(select(*FIELDS).where(decisions.c.id == decision_id))
        return Decision(*rows[0]) if rows else None

    def n_articles(self) -> int:
        """Return on how many articles people have decided."""
        query = select(func.count(decisions.c.article_id.distinct())).where(decisions.c.editor != CMS)
        return self._number(query)

    def counts_of(self, tags: Sequence[str]) -> dict[str, dict[str, int]]:
        """Return by tag and action how many decisions there are that were not undone, by the ids as they were written."""
        of_tags = select(decisions.c.tag, decisions.c.action, func.count()).where(decisions.c.tag.in_(tags))
        query = of_tags.where(not_undone(decisions)).group_by(decisions.c.tag, decisions.c.action)
        counts: dict[str, dict[str, int]] = {}
        for tag, action, n in self._tuples(query.order_by(decisions.c.tag, decisions.c.action)):
            counts.setdefault(tag, {})[action] = int(n)
        return counts

    def shown_tags(self) -> tuple[dict[str, int], int]:
        """Return how often each tag was suggested, by living tags, and on how many articles anything was."""
        of_tags = select(impressions.c.tag, func.count()).group_by(impressions.c.tag)
        on = select(func.count(suggestion_sets.c.article_id.distinct())).select_from(suggestion_sets.join(impressions))
        with self.reading() as connection:
            heir = taxonomy.paths.heir if (taxonomy := head_of(connection)) is not None else str
        shown: Counter[str] = Counter()
        for tag, n in self._tuples(of_tags):
            shown[heir(tag)] += int(n)
        return dict(shown), self._number(on)
