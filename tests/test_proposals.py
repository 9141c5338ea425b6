"""A tag that an editor misses: proposed on an article, taken, and on the article once the taxonomy has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.model.retagging import retagged
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import DecisionBatch, Tagger
from classifier.serving.taxonomy_changes import apply_taxonomy
from classifier.store.log import Draft
from classifier.store.proposals import Proposal
from classifier.store.store import Store
from tests.desk import in_folder

LABEL = "Jaish al-Adl"
NEW = Tag("jaish-al-adl", LABEL, "group", aliases=(Alias(LABEL),))
ARTICLE = {"title": "Raid on a border post", "body": "Gunmen attacked a border post near Saravan on Sunday."}


@pytest.fixture
def with_new(taxonomy: Taxonomy) -> Taxonomy:
    return replace(taxonomy, tags=(*taxonomy.tags, NEW))


Answering = Callable[..., None]


@pytest.fixture
def answer(client: FlaskClient, store: Store) -> Answering:
    """Answer the one proposal as the page does."""
    client.put("/v1/articles/a", json=ARTICLE)
    store.proposals.add(LABEL, "Baluch, in Iran", "a", "ana")
    client.post("/sign-in", data={"name": "chief"})

    def answer(state: str, tag: str | None = None, status: int = 303) -> None:
        page = client.get("/tags/proposals").text
        token = page.split('name="csrf" value="')[1].split('"')[0]
        (proposal,) = store.proposals.list()
        form = {"csrf": token, "state": state} | ({} if tag is None else {"tag": tag})
        assert client.post(f"/review/proposals/{proposal.id}", data=form).status_code == status

    return answer


def tags(client: FlaskClient) -> list[str]:
    found: list[str] = client.get("/v1/articles/a").get_json()["tags"]
    return found


def log(store: Store) -> list[tuple[str | None, str, str]]:
    return [(row.tag, row.action, row.editor) for row in store.log.read("a").rows]


def proposal(store: Store) -> Proposal:
    (row,) = store.proposals.list()
    return row


def test_article_gets_a_tag_that_exists_when_it_is_taken_from_the_editor_who_proposed_it(
    client: FlaskClient, store: Store, answer: Answering
) -> None:
    answer("taken", "hamas")
    assert tags(client) == ["hamas"]
    assert log(store) == [("hamas", "add", "ana")]
    assert "the article has got it" in client.get("/tags/proposals").text
    (example,) = store.exports.examples()
    assert example.tags == ("hamas",)


def test_article_gets_a_tag_that_comes_after_it_was_taken_as_soon_as_it_serves(
    client: FlaskClient, store: Store, registry: Registry, tagger: Tagger, with_new: Taxonomy, answer: Answering
) -> None:
    answer("taken")  # as the page suggests
    assert (proposal(store).tag, tags(client)) == ("jaish-al-adl", [])
    assert "the article gets it once the taxonomy has it" in client.get("/tags/proposals").text
    apply_taxonomy(registry, with_new, "chief")
    tagger.serving._looked_at = 0.0  # a second later
    tagger.serving.settled()
    assert tags(client) == ["jaish-al-adl"]
    assert log(store) == [("jaish-al-adl", "add", "ana")]
    Tagger(Serving(registry), store).serving.model()  # another worker
    assert log(store) == [("jaish-al-adl", "add", "ana")]


@pytest.mark.slow
def test_retrain_keeps_the_promise_where_no_service_runs(
    registry: Registry, with_new: Taxonomy, tmp_path: Any, taxonomy: Taxonomy
) -> None:
    with in_folder(tmp_path, taxonomy) as desk:
        Tagger(Serving(registry), desk.store).put_article(Article("a", **ARTICLE))
        desk.store.proposals.resolve(desk.store.proposals.add(LABEL, "", "a", "ana"), "taken", "chief", NEW.id)
        apply_taxonomy(registry, with_new, "chief")
        assert not replace(desk, taxonomy=None).retrain().promoted  # of one article nothing is learned
        assert desk.store.log.read("a").standing().tags == ("jaish-al-adl",)


def test_a_tag_that_was_replaced_is_given_as_its_replacement(
    client: FlaskClient, store: Store, registry: Registry, tagger: Tagger, with_new: Taxonomy, answer: Answering
) -> None:
    answer("taken")
    old = replace(NEW, status="retired", replaced_by="jaish")
    newer = replace(with_new, tags=(*with_new.tags[:-1], old, Tag("jaish", "Jaish", "group")))
    registry.promote(registry.save(retagged(registry.load_champion(), newer)), "tests", "a tag was replaced at once")
    store.proposals.keep_promises(newer)
    assert log(store) == [("jaish", "add", "ana")]


@pytest.mark.parametrize("action", ["reject", "remove", "unsure"])
def test_what_somebody_has_decided_since_is_not_overwritten(
    client: FlaskClient, store: Store, tagger: Tagger, answer: Answering, action: str
) -> None:
    tagger.decide("a", DecisionBatch([Draft(action, "hamas")]), "bo")
    answer("taken", "hamas")
    assert (tags(client), log(store)) == ([], [("hamas", action, "bo")])
    assert "the article is left as it is" in client.get("/tags/proposals").text


def test_a_tag_that_the_article_has_is_not_given_again(
    client: FlaskClient, store: Store, tagger: Tagger, answer: Answering
) -> None:
    tagger.decide("a", DecisionBatch([Draft("add", "hamas")]), "bo")
    answer("taken", "hamas")
    assert log(store) == [("hamas", "add", "bo")]


def test_a_decision_that_was_taken_back_does_not_count_and_one_from_before_the_proposal_neither(
    client: FlaskClient, store: Store, tagger: Tagger, answer: Answering
) -> None:
    rejected = tagger.decide("a", DecisionBatch([Draft("reject", "hamas")]), "bo")["decisions"][0]["id"]
    tagger.decide("a", DecisionBatch([Draft("undo", undoes=rejected)]), "bo")
    answer("taken", "hamas")
    assert tags(client) == ["hamas"]
    tagger.decide("a", DecisionBatch([Draft("reject", "taliban")]), "bo")
    again = store.proposals.add("Taliban", "", "a", "ana")
    tagger.resolve_proposal(again, "taken", "chief", "taliban")
    assert tags(client) == ["hamas", "taliban"]


def test_an_article_that_was_closed_or_deleted_meanwhile(
    client: FlaskClient, store: Store, tagger: Tagger, answer: Answering
) -> None:
    tagger.decide("a", DecisionBatch([], complete=True), "ana")  # as whoever proposes a tag goes on to the next article
    answer("taken", "hamas")
    assert (tags(client), store.article("a").state) == (["hamas"], "closed")
    answer("open")
    tagger.delete_article("a")
    answer("taken", "hamas")
    assert proposal(store).decision is None


def test_giving_is_undone_as_any_decision_and_not_repeated(
    client: FlaskClient, store: Store, tagger: Tagger, answer: Answering
) -> None:
    answer("taken", "hamas")
    tagger.decide("a", DecisionBatch([Draft("undo", undoes=proposal(store).decision)]), "ana")
    assert store.proposals.keep_promises(tagger.serving.model().taxonomy) == 0
    assert tags(client) == []


def test_a_proposal_that_was_taken_as_the_wrong_tag_is_opened_again_and_the_tag_goes(
    client: FlaskClient, store: Store, answer: Answering
) -> None:
    answer("taken", "hamas")
    answer("taken", "hamas")  # pressed twice
    answer("open")
    assert (tags(client), proposal(store).tag) == ([], None)
    answer("taken", "taliban")
    assert tags(client) == ["taliban"]
    assert log(store) == [("hamas", "add", "ana"), ("hamas", "undo", "chief"), ("taliban", "add", "ana")]


def test_the_page_offers_the_tag_that_is_called_so_or_a_new_one(
    client: FlaskClient, store: Store, answer: Answering
) -> None:
    store.proposals.add("ISKP", "", None, "ana")
    page = client.get("/tags/proposals").text
    assert 'name="tag" value="iskp"' in page
    assert 'name="label" value="Jaish al-Adl"' in page


def test_the_earlier_address_leads_to_the_page(client: FlaskClient, answer: Answering) -> None:
    assert client.get("/review/proposals").headers["Location"] == "/tags/proposals"


@pytest.mark.slow
def test_a_tag_that_can_be_no_id_is_refused(store: Store, answer: Answering) -> None:
    answer("taken", "Jaish al-Adl", status=400)
    assert proposal(store).state == "open"
