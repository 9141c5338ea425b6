"""Questions on removals: a term that vanished from a CMS teaches nothing before a person has said what it means."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.decisions import CMS
from classifier.errors import BadDecision, NotFound
from classifier.serving.tagger import Tagger
from classifier.store.log import Draft
from classifier.store.questions import MOST, REMOVED, TERM_CHANGED, Question, Questions
from classifier.store.schema import decisions
from classifier.store.store import Store
from tests.storing import put_article
from tests.test_decisions import STORY

IDS = [f"a{number:02}" for number in range(15)]


def send(store: Store, *tags: str, ids: list[str] = IDS, owner: str | None = "wp") -> None:
    """Let a CMS send articles with these tags."""
    for name in ids:
        put_article(
            store, Article(name, f"Title of {name}", "A body.", tags=tags, tags_complete=False), "cms", owner=owner
        )


def known(store: Store, tag: str = "iskp") -> dict[str, list[str]]:
    """Return on which articles training takes a tag for right, for wrong, and for open."""
    found: dict[str, list[str]] = {"right": [], "wrong": [], "open": []}
    for article in store.exports.examples():
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


def test_a_removal_whose_question_was_not_reached_is_held_back_with_the_next(
    vanished: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(vanished, "iskp", "attack", ids=["killed", "next"])
    with monkeypatch.context() as killed:  # as when the process ends between the article and the question
        killed.setattr(Questions, "follow", lambda *_: False)
        send(vanished, "attack", ids=["killed"])
    send(vanished, "attack", ids=["killed"])  # sent again, nothing has changed
    assert known(vanished)["wrong"] == ["killed"]
    send(vanished, "attack", ids=["next"])
    assert known(vanished) == {"right": [], "wrong": [], "open": [*IDS, "killed", "next"]}
    vanished.questions.answer(asked(vanished).id, TERM_CHANGED, "ana")
    assert known(vanished)["right"] == [*IDS, "killed", "next"]


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
    assert {one.said_by["iskp"] for one in vanished.exports.attributed()} == {"ann"}
    assert vanished.questions.list() == []


def test_a_term_that_was_changed_lets_the_tags_stand_again(vanished: Store) -> None:
    vanished.questions.answer(asked(vanished).id, TERM_CHANGED, "ann")
    assert known(vanished) == {"right": IDS, "wrong": [], "open": []}
    assert {(one.said_by.get("iskp"), one.owner) for one in vanished.exports.attributed()} == {(None, "wp")}
    n_rows = len(list(vanished.log.all()))
    send(vanished, "attack")
    assert len(list(vanished.log.all())) == n_rows  # nothing is logged again for these articles
    assert vanished.log.read("a00").standing().tags == ("attack", "iskp")


def test_what_somebody_gave_before_is_theirs_again(store: Store) -> None:
    send(store, "iskp", "attack")
    store.log.decide("a00", [Draft("accept", "iskp")], "maria", lambda *_: {})
    send(store, "attack")
    store.questions.answer(asked(store).id, TERM_CHANGED, "ann")
    assert {one.article.id: one.said_by.get("iskp") for one in store.exports.attributed()}["a00"] == "maria"


@pytest.mark.slow
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
    put_article(vanished, other, "cms", owner="wp")
    vanished.questions.answer(asked(vanished).id, TERM_CHANGED, "ann")
    assert known(vanished)["right"] == IDS


def test_deleted_articles_leave_the_question(vanished: Store) -> None:
    assert asked(vanished).n_articles == len(IDS)
    for name in IDS:
        vanished.delete_article(name)
    assert vanished.questions.list() == []


# --- removals before there were questions ---


def test_past_removals_are_asked_about_and_healed(store: Store) -> None:
    send(store, "iskp", "attack", owner=None)
    for name in IDS:
        store.log.decide(name, [Draft("remove", "iskp")], CMS, lambda *_: {})
    ((tag, hour, n),) = store.questions.past()
    assert (tag, n) == ("iskp", 15)
    assert known(store)["wrong"] == IDS
    question = store.questions.ask("iskp", hour[:10])
    assert known(store)["open"] == IDS
    assert store.questions.past() == []
    store.questions.answer(question.id, TERM_CHANGED, "ann")
    assert known(store)["right"] == IDS
    with pytest.raises(NotFound, match="No CMS took the tag 'iskp' off an article since 2024-06-06"):
        store.questions.ask("iskp", "2024-06-06")


# --- over HTTP, by command, and what is suggested meanwhile ---


def test_editors_answer_over_http_and_a_cms_does_not(client: FlaskClient, vanished: Store) -> None:
    secrets = {role: vanished.keys.create(role, role) for role in ("editor", "cms", "reader")}

    def call(method: str, role: str, path: str = "", **body: str) -> Any:
        headers = {"Authorization": f"Bearer {secrets[role]}"}
        return client.open(f"/v1/questions{path}", method=method, headers=headers, json=body or None)

    assert call("GET", "cms").status_code == 403
    assert call("GET", "reader").status_code == 403
    (question,) = call("GET", "editor").get_json()["questions"]
    assert (question["key"], question["label"], question["n_articles"]) == (
        "wp",
        label_of(client, secrets["editor"]),
        15,
    )
    assert question["titles"][0] == {"article_id": "a00", "title": "Title of a00"}
    assert call("POST", "cms", f"/{question['id']}", answer="removed").status_code == 403
    answered = call("POST", "editor", f"/{question['id']}", answer="term_changed").get_json()
    assert (answered["answer"], answered["answered_by"], answered["waiting"]) == ("term_changed", "editor", 0)
    assert call("POST", "editor", f"/{question['id']}", answer="removed").status_code == 422
    assert call("GET", "editor").get_json() == {"questions": []}
    assert [one["id"] for one in call("GET", "editor", "?state=all").get_json()["questions"]] == [question["id"]]
    assert call("POST", "editor", f"/{question['id']}", answer="undo").get_json()["waiting"] == 15


def label_of(client: FlaskClient, secret: str) -> str:
    tags = client.get("/v1/tags", headers={"Authorization": f"Bearer {secret}"}).get_json()["tags"]
    return next(str(tag["label"]) for tag in tags if tag["id"] == "iskp")


def test_a_tag_in_question_is_neither_suggested_nor_called_rejected(tagger: Tagger) -> None:
    def put(*tags: str) -> dict[str, Any]:
        for name in IDS:
            answer = tagger.put_article(Article(name, **STORY, tags=tags), owner="wp")
        return answer

    put("iskp", "policy")
    withheld = {one["tag"]: one["reason"] for one in put("policy")["withheld"]}
    assert withheld["iskp"] == "in_question"
    assert "iskp" not in {one["tag"] for one in tagger.article("a00")["suggestions"]}
    assert tagger.article("a00")["tags"] == ["policy"]
    question = asked(tagger.store)
    for answer, reason in ((TERM_CHANGED, "already_tagged"), (REMOVED, "rejected")):
        tagger.store.questions.answer(question.id, answer, "ann")
        assert {one["tag"]: one["reason"] for one in tagger.article("a00")["withheld"]}["iskp"] == reason
        tagger.store.questions.undo(question.id, "ann")


def test_questions_are_answered_by_command(
    vanished: Store, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> Any:
        assert main(["questions", *arguments, "--database", database_url, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    (question,) = run("list")["questions"]
    assert run("answer", question["id"], "term_changed", "--by", "ann")["answered_by"] == "ann"
    assert run("list") == {"questions": []}
    assert [one["id"] for one in run("list", "--all")["questions"]] == [question["id"]]
    assert run("undo", question["id"], "--by", "ann")["waiting"] == 15
    assert run("past") == {"removals": []}
    assert main(["questions", "list", "--database", database_url]) == 0
    assert f"{question['id']}  " in (text := capsys.readouterr().out)
    assert "iskp  15 articles of wp; 15 wait" in text
    assert main(["questions", "answer", "nothing", "removed", "--database", database_url]) == 1
    with pytest.raises(SystemExit, match="2"):
        main(["questions", "ask", "iskp", "--since", "May", "--database", database_url])
