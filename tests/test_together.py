"""Near-duplicates: which articles are nearly the same, how they are answered together, and one undo for all."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.domain.articles import Article
from classifier.serving.tagger import DecisionBatch, Tagger
from classifier.store.arrivals import Shares
from classifier.store.log import Draft
from classifier.store.near import keys_of, likeness
from classifier.text.shingles import shingles_of

STORY = (
    "ISKP said that it was behind the attack on a mosque in Kabul that killed twelve people on Friday, "
    "and the Taliban said that they had arrested four men in the east of the city after the attack, "
    "while the hospital of the province asked for blood and the governor spoke of a cowardly act of war."
)
UPDATE = STORY + " On Saturday the ministry raised the number of the dead to nineteen and named two of the men."
OTHER = "The council of the town spent the evening on the budget for its swimming pool and on nothing else at all."


@pytest.fixture
def wire(tagger: Tagger) -> Tagger:
    """A desk with a story, a copy of it, an update and another story."""
    for article_id, body in (("story", STORY), ("copy", STORY + " (AP)"), ("update", UPDATE), ("other", OTHER)):
        tagger.put_article(Article(article_id, "Blast in Kabul" if body != OTHER else "Pool", body))
    return tagger


def near(client: FlaskClient, article_id: str) -> list[str]:
    return [row["article_id"] for row in client.get(f"/v1/articles/{article_id}/near").get_json()["articles"]]


def answer(client: FlaskClient, article_id: str, *decisions: dict[str, str], **fields: object) -> dict[str, object]:
    response = client.post(f"/v1/articles/{article_id}/decisions", json={"decisions": list(decisions), **fields})
    assert response.status_code == 201, response.text
    found: dict[str, object] = response.get_json()
    return found


def tags(client: FlaskClient, article_id: str) -> list[str]:
    found: list[str] = client.get(f"/v1/articles/{article_id}").get_json()["tags"]
    return found


def state(tagger: Tagger, article_id: str) -> str:
    return tagger.store.article(article_id).state


def test_copies_and_updates_are_found_and_other_stories_are_not(client: FlaskClient, wire: Tagger) -> None:
    assert near(client, "story") == ["copy", "update"]
    assert near(client, "update") == ["copy", "story"] or near(client, "update") == ["story", "copy"]
    assert near(client, "other") == []


def test_an_article_that_is_changed_into_another_story_is_no_near_duplicate_any_more(
    client: FlaskClient, wire: Tagger
) -> None:
    wire.put_article(Article("copy", "Pool", OTHER))
    assert near(client, "story") == ["update"]
    assert near(client, "other") == ["copy"]


def test_closed_blind_and_second_opinions_are_left_out(client: FlaskClient, wire: Tagger) -> None:
    wire.decide("copy", DecisionBatch([], complete=True), "ada")
    blind = Tagger(wire.serving, wire.store, Shares(blind=1.0))
    blind.put_article(Article("blind", "Blast in Kabul", STORY))
    Tagger(wire.serving, wire.store, Shares(second=1.0)).put_article(Article("second", "Blast in Kabul", STORY))
    assert near(client, "story") == ["update"]


def test_texts_that_say_nothing_are_not_the_same_story(client: FlaskClient, tagger: Tagger) -> None:
    for article_id in ("a", "b"):
        tagger.put_article(Article(article_id, "", ""))
    assert near(client, "a") == []


def test_an_answer_gives_each_article_decisions_of_its_own(client: FlaskClient, wire: Tagger) -> None:
    done = answer(
        client, "story", {"tag": "iskp", "action": "accept"}, {"tag": "hamas", "action": "reject"},
        also=["copy", "update"], complete=True,
    )  # fmt: skip
    assert [state(wire, key) for key in ("story", "copy", "update", "other")] == ["closed", "closed", "closed", "new"]
    for article_id in ("story", "copy", "update"):
        log = client.get(f"/v1/articles/{article_id}/decisions").get_json()["decisions"]
        assert [(row["tag"], row["action"]) for row in log] == [
            ("iskp", "accept"),
            ("hamas", "reject"),
            (None, "complete"),
        ]
        assert {row["together"] for row in log} == {done["together"]}
        assert [row["in_bulk"] for row in log[:2]] == [article_id != "story" or None] * 2
        suggested = wire.store.log.read(article_id).rows[0].suggestion_set_id
        assert suggested is not None
        assert tags(client, article_id) == ["iskp"]
    sets = {wire.store.log.read(key).rows[0].suggestion_set_id for key in ("story", "copy", "update")}
    assert len(sets) == 3


def test_one_undo_takes_an_answer_back_everywhere_and_nothing_else(client: FlaskClient, wire: Tagger) -> None:
    answer(client, "copy", {"tag": "attack", "action": "add"})
    done = answer(client, "story", {"tag": "iskp", "action": "add"}, also=["copy", "update"], complete=True)
    answer(client, "story", {"action": "undo", "together": str(done["together"])})
    assert [tags(client, key) for key in ("story", "copy", "update")] == [[], ["attack"], []]
    assert [state(wire, key) for key in ("story", "copy", "update")] == ["new", "started", "new"]
    again = client.post(
        "/v1/articles/story/decisions", json={"decisions": [{"action": "undo", "together": done["together"]}]}
    )
    assert (again.status_code, again.get_json()["errors"][0]["pointer"]) == (422, "/decisions/0/together")


def test_a_part_that_was_taken_back_by_itself_does_not_hinder_the_undo_of_the_rest(
    client: FlaskClient, wire: Tagger
) -> None:
    done = answer(client, "story", {"tag": "iskp", "action": "add"}, also=["copy"])
    row = client.get("/v1/articles/copy/decisions").get_json()["decisions"][0]["id"]
    answer(client, "copy", {"action": "undo", "decision_id": row})
    answer(client, "story", {"action": "undo", "together": str(done["together"])})
    assert (tags(client, "story"), tags(client, "copy")) == ([], [])


def test_another_editor_cannot_take_an_answer_back(client: FlaskClient, wire: Tagger) -> None:
    done = wire.decide("story", DecisionBatch([Draft("add", "iskp")], also=("copy",)), "ada")
    draft = Draft("undo", together=done["together"])
    with pytest.raises(Exception, match="ada's"):
        wire.decide("story", DecisionBatch([draft]), "bo")
    assert tags(client, "copy") == ["iskp"]


def test_a_tag_that_is_not_suggested_on_a_near_duplicate_is_added_there(client: FlaskClient, wire: Tagger) -> None:
    wire.decide("story", DecisionBatch([Draft("accept", "hamas")], also=("other",)), "ada")
    assert [wire.store.log.read(key).rows[0].action for key in ("story", "other")] == ["accept", "add"]


def test_what_somebody_else_closed_or_deleted_meanwhile_is_left_alone(client: FlaskClient, wire: Tagger) -> None:
    wire.decide("copy", DecisionBatch([], complete=True), "bo")
    wire.delete_article("update")
    answer(client, "story", {"tag": "iskp", "action": "add"}, also=["copy", "update"])
    assert tags(client, "copy") == []


def test_an_answer_that_is_sent_twice_counts_once(client: FlaskClient, wire: Tagger) -> None:
    batch = DecisionBatch([Draft("add", "iskp")], also=("copy",))
    first, second = (wire.decide("story", batch, "ada", "ada", "key-1") for _ in range(2))
    assert first == second
    assert len(wire.store.log.read("copy").rows) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"decisions": [{"action": "reopen"}], "also": ["copy"]},
        {"decisions": [{"action": "undo"}]},
        {"decisions": [{"action": "undo", "decision_id": "a", "together": "b"}]},
        {"decisions": [{"action": "add", "tag": "iskp", "together": "b"}]},
        {"decisions": [{"action": "add", "tag": "iskp"}], "also": ["a/b"]},
        {"decisions": [{"action": "undo", "together": "nothing"}]},
    ],
)
def test_answers_that_make_no_sense_are_refused(client: FlaskClient, wire: Tagger, body: dict[str, object]) -> None:
    assert client.post("/v1/articles/story/decisions", json=body).status_code == 422


@given(st.lists(st.sampled_from("abcdefgh"), max_size=30), st.lists(st.sampled_from("abcdefgh"), max_size=30))
@settings(max_examples=50)
def test_likeness_is_the_same_both_ways_and_whole_for_equal_texts(a: list[str], b: list[str]) -> None:
    one, other = shingles_of(" ".join(a)), shingles_of(" ".join(b))
    assert likeness(one, other) == likeness(other, one)
    assert likeness(one, one) == 1.0


def test_keys_are_numbers_that_every_database_takes() -> None:
    keys = keys_of(Article("a", "T", STORY))
    assert len(keys) == len(set(keys)) == 4
    assert all(-(2**63) <= key < 2**63 for key in keys)
