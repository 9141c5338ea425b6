"""Questions on removals: a key took one tag off so many articles that the CMS may have lost the term.

A CMS that deletes, renames or merges a term sends all its articles without it. Beyond a few articles within an hour, the
removals are held back: a row of the log behind each leaves the tag open until a person has answered, so that training does
not learn from it. The answer adds rows to the log again, and an undo takes them back.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, RowMapping, Select, func, select

from classifier.domain.decisions import CMS, Decision
from classifier.errors import BadDecision, NotFound
from classifier.store.changes import note_change
from classifier.store.log import Changes, append
from classifier.store.rows import Part, ago, batches, hold_articles, new_id, now, one_at_a_time
from classifier.store.schema import articles, decisions, questions
from classifier.store.standing import not_undone, overruled, removals, stands
from classifier.texts import _

MOST, HOURS = 10, 1  # articles off which a key may take a tag within so many hours without being asked
REMOVED = "removed"  # the articles no longer carry the tag
TERM_CHANGED = "term_changed"  # they do, but the term was renamed, merged or deleted
N_TITLES = 5
SHOWN_DAYS = 7  # for which an answered question is listed


@dataclass(frozen=True)
class Question:
    """A question on the removals of a tag. Of its `n_articles`, `waiting` are those that nobody has decided on since.

    `key` is the name of the key that removed the tag, None if no key sent the articles. `answer` is `REMOVED`,
    `TERM_CHANGED` or None. `titles` has a few of the articles' titles by their ids.
    """

    id: str
    key: str | None
    tag: str
    asked_at: str
    answer: str | None
    answered_by: str | None
    answered_at: str | None
    n_articles: int
    waiting: int
    titles: dict[str, str]


class Questions(Part):
    """The questions of a store."""

    def follow(self, key: str | None, article_id: str, changes: Changes) -> bool:
        """Follow what a key has changed of an article's tags. Return whether removals were held back.

        A key that lists a tag again has a term for it again: its later removals of the tag are taken at face value.
        """
        tags = {*changes.dropped, *changes.listed}
        if not tags:
            return False
        with self.reading() as connection:
            active = _active(connection, key, tags)
            held_back = [tag for tag in changes.dropped if tag in active or len(_removed(connection, key, tag)) > MOST]
        for tag in held_back:
            self._hold_back(key, tag, article_id)
        ended = [active[tag]["id"] for tag in changes.listed if tag in active and active[tag]["answer"] is not None]
        if ended:
            with self.engine.begin() as connection:
                connection.execute(questions.update().where(questions.c.id.in_(ended)).values(ended_at=now()))
        return bool(held_back)

    def _hold_back(self, key: str | None, tag: str, article_id: str) -> None:
        """Add an article's removal, and those of the last hour that a writer left behind, to the question of its tag."""
        with self.engine.begin() as connection:
            one_at_a_time(connection, "questions")
            question: Any = _active(connection, key, [tag]).get(tag)
            hold_articles(connection, [article_id, *(row.article_id for row in _removed(connection, key, tag))])
            removed = _removed(connection, key, tag)
            if question is not None:
                removed_from = {row.article_id for row in removed}
                its_own = connection.execute(_removals(tag, decisions.c.article_id == article_id))
                removed = [*removed, *(row for row in its_own if row.article_id not in removed_from)]
            else:
                if len(removed) <= MOST:
                    return
                question = {"id": new_id(), "key": key, "tag": tag, "asked_at": now(), "answer": None}
                connection.execute(questions.insert().values(question))
            if question["answer"] is None:
                append(connection, (_row(question, row, "unsure", CMS) for row in removed))
            else:  # what was answered holds for what the CMS sends later
                append(connection, (_undo(question, row, question["answered_by"]) for row in removed))
            note_change(connection)

    def ask(self, tag: str, since: str) -> Question:
        """Ask about the removals of a tag by CMS since a day of which nobody was asked, or raise `NotFound`."""
        with self.engine.begin() as connection:
            one_at_a_time(connection, "questions")
            query = _removals(tag, decisions.c.at >= since)
            hold_articles(connection, (row.article_id for row in connection.execute(query).all()))
            removed = connection.execute(query).all()
            if not removed:
                raise NotFound(
                    _(
                        "No CMS took the tag %(tag)s off an article since %(since)s, or it was answered.",
                        tag=repr(tag[:60]),
                        since=since,
                    )
                )
            question = {"id": new_id(), "key": None, "tag": tag, "asked_at": now(), "ended_at": now()}
            connection.execute(questions.insert().values(question))
            append(connection, (_row(question, row, "unsure", CMS) for row in removed))
            note_change(connection)
            return _question(connection, _of_id(connection, str(question["id"])))

    def past(self) -> list[tuple[str, str, int]]:
        """Return (tag, hour, number) where a tag was removed from more than ten articles within an hour, unasked."""
        hour, n = func.substr(decisions.c.at, 1, 13), func.count(decisions.c.article_id.distinct())
        query = select(decisions.c.tag, hour, n).where(removals(decisions), stands(stale_texts=True))
        query = query.group_by(decisions.c.tag, hour).having(n > MOST).order_by(hour.desc(), decisions.c.tag)
        return [(tag, hour_text, int(number)) for tag, hour_text, number in self._tuples(query)]

    def list(self, answered: bool = False) -> list[Question]:
        """Return the open questions, newest first. With `answered`, include those answered in the last days."""
        query = select(questions).order_by(questions.c.asked_at.desc())
        since = questions.c.answered_at >= ago(days=SHOWN_DAYS)
        query = query.where(questions.c.answer.is_(None) | since if answered else questions.c.answer.is_(None))
        with self.reading() as connection:
            listed = [_question(connection, row) for row in connection.execute(query).mappings().all()]
        return [question for question in listed if question.waiting or question.answer is not None]

    def answer(self, question_id: str, answer: str, editor: str) -> Question:
        """Answer a question for all articles that wait for it. Raise `NotFound`, or `BadDecision` if it is answered."""
        with self.engine.begin() as connection:
            question = _held(connection, question_id)
            if question["answer"] is not None:
                raise BadDecision(
                    _("%(name)s has answered it; undo that first.", name=question["answered_by"]), "answer"
                )
            waiting = connection.execute(_waiting(question_id)).all()
            if answer == REMOVED:
                append(connection, (_row(question, row, "remove", editor) for row in waiting))
            else:
                held = {row.article_id for row in waiting}
                last = _last_removals(connection, question["tag"], held)
                append(connection, (_undo(question, row, editor) for row in (*waiting, *last)))
            return _note(connection, question_id, answer, editor)

    def undo(self, question_id: str, editor: str) -> Question:
        """Open a question again, but for articles decided on since. Raise `NotFound`, or `BadDecision` if it is open."""
        with self.engine.begin() as connection:
            question = _held(connection, question_id)
            if question["answer"] is None:
                raise BadDecision(_("The question waits for an answer; there is nothing to undo."), "answer")
            of_question = decisions.c.question_id == question_id
            if question["answer"] == REMOVED:
                of_person = of_question & (decisions.c.action == "remove") & (decisions.c.editor != CMS)
                rows = connection.execute(_rows().where(of_person, stands(stale_texts=True))).all()
                append(connection, (_undo(question, row, editor) for row in rows))
            else:
                again = (row for action in ("remove", "unsure") for row in _as_answered(connection, question, action))
                append(connection, list(again))
            return _note(connection, question_id, None, None)


def _held(connection: Connection, question_id: str) -> Any:
    one_at_a_time(connection, "questions")
    question = _of_id(connection, question_id)
    ids = select(decisions.c.article_id).where(decisions.c.question_id == question_id).distinct()
    hold_articles(connection, connection.scalars(ids).all())
    return question


def _of_id(connection: Connection, question_id: str) -> Any:
    query = select(questions).where(questions.c.id == question_id)
    row = connection.execute(query).mappings().first() if question_id.isalnum() else None
    if row is None:
        raise NotFound(_("There is no question %(id)s.", id=repr(question_id[:40])))
    return row


def _active(connection: Connection, key: str | None, tags: Collection[str]) -> dict[str, RowMapping]:
    """Return by their tags the questions to a key that are open, or whose answer holds for its further removals."""
    holds = questions.c.answer.is_(None) | (questions.c.answer == TERM_CHANGED)
    query = select(questions).where(questions.c.tag.in_(tags), questions.c.key == key, questions.c.ended_at.is_(None))
    rows = connection.execute(query.where(holds).order_by(questions.c.asked_at)).mappings()
    return {row["tag"]: row for row in rows}


def _rows() -> Select[Any]:
    """Return the query for rows of the log with what a row behind them needs."""
    wanted = (decisions.c.article_id, decisions.c.id, articles.c.digest, articles.c.title)
    return select(*wanted).join(articles, articles.c.id == decisions.c.article_id).order_by(decisions.c.n)


def _removed(connection: Connection, key: str | None, tag: str) -> Sequence[Any]:
    """Return a key's removals of the last hour on whose tag nobody has decided since."""
    return connection.execute(_removals(tag, decisions.c.at >= ago(hours=HOURS), articles.c.owner == key)).all()


def _removals(tag: str, *where: ColumnElement[bool]) -> Select[Any]:
    """Return the query for the removals of a tag on which nobody has decided since."""
    return _rows().where(decisions.c.tag == tag, removals(decisions), stands(stale_texts=True), *where)


def _waiting(question_id: str) -> Select[Any]:
    """Return the query for the rows that hold a question's tags open and that nobody has overruled."""
    held: ColumnElement[bool] = (decisions.c.question_id == question_id) & (decisions.c.action == "unsure")
    return _rows().where(held, stands(stale_texts=True))


def _last_removals(connection: Connection, tag: str, article_ids: Collection[str]) -> list[Any]:
    """Return of each article the last removal of a tag by the CMS that was not undone."""
    last: dict[str, Row[Any]] = {}
    for batch in batches(sorted(article_ids)):
        of_tag = decisions.c.tag == tag, decisions.c.article_id.in_(batch), removals(decisions), not_undone(decisions)
        last |= {row.article_id: row for row in connection.execute(_rows().where(*of_tag))}
    return list(last.values())


def _as_answered(connection: Connection, question: Any, action: str) -> Iterable[Decision]:
    """Yield anew the rows with this action that an answer undid, where nobody has decided on the tag since."""
    undo = decisions.alias()
    answered = undo.c.question_id == question["id"], undo.c.undoes == decisions.c.id
    query = _rows().join(undo, undo.c.article_id == decisions.c.article_id)
    query = query.where(*answered, decisions.c.action == action, decisions.c.editor == CMS, ~overruled(undo))
    latest = {row.article_id: row for row in connection.execute(query)}
    return (_row(question, row, action, CMS) for row in latest.values())


def _row(question: Any, behind: Any, action: str, editor: str) -> Decision:
    about = {"article_id": behind.article_id, "tag": question["tag"], "digest": behind.digest}
    return Decision(new_id(), action=action, editor=editor, at=now(), question_id=question["id"], **about)


def _undo(question: Any, undone: Any, editor: str) -> Decision:
    return replace(_row(question, undone, "undo", editor), undoes=undone.id)


def _note(connection: Connection, question_id: str, answer: str | None, editor: str | None) -> Question:
    """Note who answered a question and how, and return the question."""
    answered_at = now() if answer is not None else None
    values = {"answer": answer, "answered_by": editor, "answered_at": answered_at}
    connection.execute(questions.update().where(questions.c.id == question_id).values(values))
    note_change(connection)
    return _question(connection, _of_id(connection, question_id))


def _question(connection: Connection, row: Any) -> Question:
    of_question = decisions.c.question_id == row["id"]
    count = select(func.count(decisions.c.article_id.distinct())).where(of_question)
    waiting = _waiting(row["id"]).with_only_columns(func.count()).order_by(None)
    titles = _rows().where(of_question).with_only_columns(articles.c.id, articles.c.title).order_by(None).distinct()
    first = connection.execute(titles.order_by(articles.c.id).limit(N_TITLES)).all()
    return Question(
        **{name: row[name] for name in ("id", "key", "tag", "asked_at", "answer", "answered_by", "answered_at")},
        n_articles=int(connection.scalar(count) or 0),
        waiting=int(connection.scalar(waiting) or 0),
        titles={article.id: article.title for article in first},
    )
