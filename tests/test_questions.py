"""Questions on removals: a term that vanished from a CMS teaches nothing before a person has said what it means."""

from __future__ import annotations

from typing import Any

import pytest

from classifier.articles import Article
from classifier.decisions import CMS
from classifier.errors import BadDecision, NotFound
from classifier.store import REMOVED, TERM_CHANGED, Draft, Question, Store
from classifier.store.questions import MOST
from classifier.store.schema import decisions

IDS = [f"a{number:02}" for number in range(15)]


def send(store: Store, *tags: str, ids: list[str] = IDS, owner: str | None = "wp") -> None:
    """Let a CMS send articles with these tags."""
    for name in ids:
        store.put_article(
            Article(name, f"Title of {name}", "A body.", tags=tags, tags_complete=False), "cms", owner=owner
        )


def known(store: Store, tag: str = "iskp") -> dict[str, list[str]]:
    """Return on which articles training takes a tag for right, for wrong, and for open."""
    found: dict[str, list[str]] = {"right": [], "wrong": [], "open": []}
    for article in store.examples():
        for name, tags in (("right", article.tags or ()), ("wrong", article.rejected), ("open", article.unknown)):
            if tag in tags:
                found[name].append(article.id)
    return found


def asked(store: Store) -> Question:
    (question,) = store.questions.list()
    return question


@pytest.fixture
def vanished(store: Store) -> Store:
    """A store of whose 15 articles the CMS has taken a tag off."""
    send(store, "iskp", "attack")
    send(store, "attack")
    return store


def test_a_term_that_vanished_is_one_question_and_unknown_to_training(vanished: Store) -> None:
    question = asked(vanished)
    assert (question.key, question.tag, question.n_articles, question.waiting) == ("wp", "iskp", 15, 15)
    assert question.titles == {name: f"Title of {name}" for name in IDS[:5]}
    assert known(vanished) == {"right": [], "wrong": [], "open": IDS}
    assert known(vanished, "attack")["right"] == IDS


def test_ten_articles_are_believed_and_the_eleventh_holds_back_all(store: Store) -> None:
    send(store, "iskp", "attack")
    send(store, "attack", ids=IDS[:MOST])
    assert store.questions.list() == []
    assert known(store)["wrong"] == IDS[:MOST]
    send(store, "attack", ids=[IDS[MOST]])
    assert known(store)["open"] == IDS[: MOST + 1]
    assert asked(store).waiting == MOST + 1


def test_removals_of_another_key_another_tag_or_another_hour_are_not_added_up(store: Store) -> None:
    send(store, "iskp", "attack", ids=IDS[:8])
    send(store, "iskp", "attack", ids=IDS[8:], owner="blog")
    send(store, "attack", ids=IDS[:8])
    send(store, "attack", ids=IDS[8:], owner="blog")
    assert store.questions.list() == []
    send(store, "iskp", "attack", ids=["late1", "late2", "late3"])
    with store.engine.begin() as connection:
        connection.execute(decisions.update().values(at="2024-06-06T00:00:00.000000+00:00"))
    send(store, "attack", ids=["late1", "late2", "late3"])
    assert store.questions.list() == []


def test_what_persons_remove_is_not_asked(store: Store) -> None:
    send(store, "iskp", "attack")
    for name in IDS:
        store.log.decide(name, [Draft("remove", "iskp")], "wp/maria", lambda *_: {})
    assert store.questions.list() == []
    assert known(store)["wrong"] == IDS


def test_removed_makes_the_removals_that_persons_word(vanished: Store) -> None:
    question = vanished.questions.answer(asked(vanished).id, REMOVED, "ann")
    assert (question.answer, question.answered_by, question.waiting) == (REMOVED, "ann", 0)
    assert known(vanished) == {"right": [], "wrong": IDS, "open": []}
    assert {one.said_by["iskp"] for one in vanished.attributed()} == {"ann"}
    assert vanished.questions.list() == []


def test_a_term_that_was_changed_lets_the_tags_stand_again(vanished: Store) -> None:
    vanished.questions.answer(asked(vanished).id, TERM_CHANGED, "ann")
    assert known(vanished) == {"right": IDS, "wrong": [], "open": []}
    assert {(one.said_by.get("iskp"), one.owner) for one in vanished.attributed()} == {(None, "wp")}
    n_rows = len(list(vanished.log.all()))
    send(vanished, "attack")
    assert len(list(vanished.log.all())) == n_rows  # nothing is logged again for these articles
    assert vanished.log.standing("a00").tags == ("attack", "iskp")


def test_what_somebody_gave_before_is_theirs_again(store: Store) -> None:
    send(store, "iskp", "attack")
    store.log.decide("a00", [Draft("accept", "iskp")], "maria", lambda *_: {})
    send(store, "attack")
    store.questions.answer(asked(store).id, TERM_CHANGED, "ann")
    assert {one.article.id: one.said_by.get("iskp") for one in store.attributed()}["a00"] == "maria"


def test_an_answer_holds_for_articles_that_come_later_until_the_tag_is_listed_again(store: Store) -> None:
    late = ["late1", "late2"]
    send(store, "iskp", "attack", ids=[*IDS, *late])
    send(store, "attack")
    question = asked(store)
    store.questions.answer(question.id, TERM_CHANGED, "ann")
    send(store, "attack", ids=late[:1])
    assert known(store)["right"] == [*IDS, *late]
    send(store, "iskp", ids=["new"])  # the term is there again
    send(store, "attack", ids=late[1:])
    assert known(store)["wrong"] == ["late2"]


@pytest.mark.parametrize("answer", [REMOVED, TERM_CHANGED])
def test_an_answer_is_taken_back_and_given_otherwise(vanished: Store, answer: str) -> None:
    question = asked(vanished)
    for _ in range(2):
        vanished.questions.answer(question.id, answer, "ann")
        vanished.log.decide("a03", [Draft("accept", "iskp")], "ben", lambda *_: {})
        again = vanished.questions.undo(question.id, "ann")
        assert (again.answer, again.waiting) == (None, 14)
        assert known(vanished) == {"right": ["a03"], "wrong": [], "open": [name for name in IDS if name != "a03"]}
    other = REMOVED if answer == TERM_CHANGED else TERM_CHANGED
    vanished.questions.answer(question.id, other, "ben")
    right = ["a03"] if other == REMOVED else IDS
    assert known(vanished)["right"] == right


def test_whoever_decided_on_an_article_is_not_overruled(vanished: Store) -> None:
    vanished.log.decide("a05", [Draft("accept", "iskp")], "maria", lambda *_: {})
    send(vanished, "iskp", "attack", ids=["a06"])  # the CMS gave it back
    question = asked(vanished)
    assert (question.n_articles, question.waiting) == (15, 13)
    vanished.questions.answer(question.id, REMOVED, "ann")
    assert known(vanished)["right"] == ["a05", "a06"]


def test_what_was_logged_stays_in_the_log(vanished: Store) -> None:
    before = list(vanished.log.all())
    question = asked(vanished)
    vanished.questions.answer(question.id, TERM_CHANGED, "ann")
    vanished.questions.undo(question.id, "ben")
    rows = list(vanished.log.all())
    assert rows[: len(before)] == before
    assert {(row.action, row.editor) for row in rows[len(before) :]} == {
        ("undo", "ann"),
        ("remove", CMS),
        ("unsure", CMS),
    }
    assert {row.question_id for row in rows[len(before) :]} == {question.id}


def test_a_question_is_answered_once_and_undone_once(vanished: Store) -> None:
    question = asked(vanished)
    with pytest.raises(BadDecision, match="waits for an answer"):
        vanished.questions.undo(question.id, "ann")
    vanished.questions.answer(question.id, REMOVED, "ann")
    with pytest.raises(BadDecision, match="ann has answered it; undo that first"):
        vanished.questions.answer(question.id, TERM_CHANGED, "ben")
    with pytest.raises(NotFound):
        vanished.questions.answer("nothing", REMOVED, "ann")


def test_a_text_that_changes_meanwhile_loses_no_answer(vanished: Store) -> None:
    other = Article("a00", "Another story", "Of other words altogether.", tags=("attack",), tags_complete=False)
    vanished.put_article(other, "cms", owner="wp")
    vanished.questions.answer(asked(vanished).id, TERM_CHANGED, "ann")
    assert known(vanished)["right"] == IDS


def test_deleted_articles_leave_the_question(vanished: Store) -> None:
    question: Any = asked(vanished)
    for name in IDS:
        vanished.delete_article(name)
    assert vanished.questions.list() == []
    assert vanished.questions.get(question.id).n_articles == 0
