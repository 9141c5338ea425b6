"""Which decision stands: the fold of the log and its SQL say the same, and a text that changed counts everywhere alike."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import literal, select

from classifier.domain.articles import Article, text_digest
from classifier.domain.decisions import CMS, Decision, fold
from classifier.serving.tagger import DecisionBatch, Tagger
from classifier.store.database.opening import _config, migrate_to, open_store
from classifier.store.log import Draft
from classifier.store.queue import Wanted
from classifier.store.schema import decisions
from classifier.store.standing import settled, stands
from classifier.store.store import Store
from classifier.text.shingles import SIMILAR, resemblance, sketch_of
from tests.everything import put_set
from tests.storing import put_article
from tests.test_decisions import STORY, log, put, shown
from tests.test_decisions import done as decide_http

WORDS = [f"word{number}" for number in range(120)]
TEXTS = (" ".join(WORDS), " ".join([*WORDS, "more"]), " ".join(reversed(WORDS)))  # the first two are much alike
TAGS, EDITORS = ("x", "y", "z"), ("ann", "ben", CMS)

_ON_TAG = st.tuples(st.sampled_from(["accept", "reject", "add", "remove", "unsure"]), st.sampled_from(TAGS))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("decide"), _ON_TAG, st.sampled_from(EDITORS), st.sampled_from(["now", *TEXTS])),
        st.tuples(st.just("decide"), st.tuples(st.sampled_from(["complete", "reopen"]), st.none()), st.just("ann")),
        st.tuples(st.just("undo"), st.integers(0, 20)),
        st.tuples(st.just("send"), st.sampled_from(TEXTS), st.lists(st.sampled_from(TAGS), unique=True)),
    ),
    max_size=14,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store for many examples, each with an article of its own."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('standing') / 'tagger.db'}")
    yield store
    store.close()


def decide(store: Store, article: str, editor: str, *drafts: Draft, set_id: str | None = None) -> list[Decision]:
    rows: list[Decision] = []
    store.log.decide(article, drafts, editor, lambda *its: rows.extend(its[0]) or {}, suggestion_set_id=set_id)
    return rows


def set_of(store: Store, article: str, body: str) -> str:
    """Return the suggestion set of a text that the article has, or had."""
    answer = {"suggestions": [], "mentioned": []}
    return put_set(store, Article(article, "Title", body), "m", "t", answer)


def act(store: Store, article: str, step: tuple[Any, ...]) -> None:
    match step:
        case ("decide", (action, tag), editor, *text):
            old = text and text[0] != "now"
            decide(store, article, editor, Draft(action, tag), set_id=set_of(store, article, text[0]) if old else None)
        case ("undo", number):
            log = store.log.read(article).rows
            undone = {row.undoes for row in log}
            free = [row for row in log if row.action != "undo" and row.id not in undone]
            if free:
                row = free[number % len(free)]
                decide(store, article, row.editor, Draft("undo", undoes=row.id))
        case ("send", body, tags):
            put_article(store, Article(article, "Title", body, tags=tuple(tags), tags_complete=False), "cms")


def in_sql(store: Store, article: str, stale_texts: bool) -> dict[str, str]:
    query = select(decisions.c.tag, decisions.c.id).where(decisions.c.article_id == article)
    with store.engine.connect() as connection:
        return {row.tag: row.id for row in connection.execute(query.where(stands(stale_texts=stale_texts)))}


def answered_in_sql(store: Store, article: str) -> set[str]:
    with store.engine.connect() as connection:
        return {tag for tag in TAGS if connection.scalar(select(settled(literal(article), literal(tag))))}


def by_fold(store: Store, article: str, body: str | None) -> dict[str, str]:
    """Return what stands by the fold alone; texts are compared anew, whatever the store has noted of them."""
    present = body and sketch_of(f"Title\n{body}")
    alike = {text for text in TEXTS if present and resemblance(sketch_of(f"Title\n{text}"), present) >= SIMILAR}
    current = {text_digest(Article(article, "Title", text)) for text in alike} if body else None
    return {tag: row.id for tag, row in fold(store.log.read(article).rows, current).decisions.items()}


@pytest.mark.slow
@given(STEPS, st.uuids())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_fold_and_its_sql_agree_on_any_log(shared: Store, steps: list[Any], name: Any) -> None:
    article = str(name)
    put_article(shared, Article(article, "Title", TEXTS[0], tags=("y",), tags_complete=False), "cms")
    known_texts = {TEXTS[0]}
    for step in steps:
        if step[0] == "decide" and step[3:] and step[3] not in {"now", *known_texts}:
            continue  # nobody was shown a text that the article never had
        if step[0] == "send":
            known_texts.add(step[1])
        act(shared, article, step)
    present = shared.article(article).article
    assert in_sql(shared, article, stale_texts=False) == by_fold(shared, article, present.body)
    assert in_sql(shared, article, stale_texts=True) == by_fold(shared, article, None)
    standing = shared.log.read(article).standing()
    assert {tag: row.id for tag, row in standing.decisions.items()} == by_fold(shared, article, present.body)
    assert answered_in_sql(shared, article) == {*standing.decisions, *standing.listed}


# --- a text that changed ---


OTHER = {**STORY, "body": " ".join(random.Random(1).sample(STORY["body"].split(), len(STORY["body"].split())))}


@pytest.fixture
def rejected(tagger: Tagger) -> str:
    """A tag that was rejected for a text that the article has no more, and that the model suggests again."""
    answer = tagger.put_article(Article("a", **STORY))
    tag = shown(answer)[0]
    tagger.decide("a", DecisionBatch([Draft("reject", tag)]), "ann")
    assert tag in shown(tagger.put_article(Article("a", **OTHER)))
    return tag


def test_a_rejection_of_another_text_leaves_the_tag_unanswered_in_queue_and_impressions(
    tagger: Tagger, rejected: str
) -> None:
    store = tagger.store
    assert [one.article.id for one in store.queue.page(Wanted(tag=rejected), None, 9)[0]] == ["a"]
    assert [row.article_id for row in store.queue.show(Wanted(tag=rejected), 9)] == ["a"]
    assert store.queue.counts(Wanted(tag=rejected))["started"] == 1
    assert {one.answered for one in store.log.impressions("a") if one.tag == rejected} == {False}
    tagger.put_article(Article("a", **STORY))  # the text is the old one again, and so is the answer
    assert store.queue.page(Wanted(tag=rejected), None, 9)[0] == []
    assert {one.answered for one in store.log.impressions("a") if one.tag == rejected} == {True}


def test_a_tag_that_its_sender_lists_is_settled(tagger: Tagger) -> None:
    tag = shown(tagger.put_article(Article("a", **STORY)))[0]
    assert [one.article.id for one in tagger.store.queue.page(Wanted(tag=tag), None, 9)[0]] == ["a"]
    tagger.put_article(Article("a", **STORY, tags=(tag,)))
    assert tagger.store.queue.page(Wanted(tag=tag), None, 9)[0] == []


def test_the_api_says_what_stands(client: FlaskClient) -> None:
    tag, other = shown(put(client, tags=["policy"]))[:2]
    rejected = decide_http(client, {"tag": tag, "action": "reject"}, editor="ann")["decisions"][0]
    told = decide_http(client, {"tag": other, "action": "accept"}, {"tag": "policy", "action": "remove"}, editor="ben")
    standing = log(client)["standing"]
    assert standing | {"own": []} == told["standing"] | {"own": []}
    assert [row["tag"] for row in told["standing"]["own"]] == [other, "policy"]
    assert standing["decisions"][0] == {
        name: rejected[name] for name in ("tag", "id", "action", "reason", "editor", "at", "question_id", "in_bulk")
    }
    assert (standing["tags"], standing["listed"], standing["n_rows"]) == ([other], ["policy"], 3)
    put(client, **{**OTHER, "tags": ["policy"]})
    assert [row["tag"] for row in log(client)["standing"]["decisions"]] == [other]


def test_an_upgrade_compares_the_texts_that_were_decided_on(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'tagger.db'}"
    store = open_store(url)
    for name, body in (("alike", TEXTS[1]), ("other", TEXTS[2])):
        put_article(store, Article(name, "Title", TEXTS[0]), "cms")
        decide(store, name, "ann", Draft("reject", "x"))
        put_article(store, Article(name, "Title", body), "cms")
    with store.engine.connect() as connection:
        connection.connection.driver_connection.execute(
            "PRAGMA foreign_keys=OFF"
        )  # a table made anew keeps its children
        with connection.begin():
            command.downgrade(_config(connection), "0007")
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")
    migrate_to(store.engine, "head")
    assert store.log.read("alike").standing().rejected == ("x",)
    assert store.log.read("other").standing().rejected == ()
    store.close()
