"""Why an article has its tags: events are written with what changes, and one page tells them."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import text

from classifier.domain.articles import Article
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import BadDecision
from classifier.serving.publisher import Publisher
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.serving.taxonomy import change, publish
from classifier.store.arrivals import Shares
from classifier.store.assignments import Additions, Scope
from classifier.store.database.engine import make_engine
from classifier.store.database.opening import migrate_to, open_store
from classifier.store.events import CHAMPION, RETRAINED, Event
from classifier.store.log import Draft
from classifier.store.runs import JOB
from classifier.store.store import Store
from classifier.web.app import build_app

ARTICLE = {
    "title": "ISKP bomber kills twelve at Kabul mosque",
    "body": "Islamic State Khorasan Province said its fighter struck the mosque in Kabul. The Taliban blamed the group.",
}
PATH = "/v1/articles/a/history"
ISKP = "islamic-state-khorasan"


def kinds(store: Store, article_id: str = "a") -> list[str]:
    return [event.kind for event in store.events.of_article(article_id)]


def put(client: FlaskClient, **changed: Any) -> None:
    assert client.put("/v1/articles/a", json={**ARTICLE, **changed}).status_code == 200


def decide(client: FlaskClient, editor: str, *decisions: dict[str, str], **more: Any) -> list[str]:
    sent = {"editor": editor, "decisions": list(decisions), **more}
    answer = client.post("/v1/articles/a/decisions", json=sent)
    assert answer.status_code == 201, answer.text
    return [row["id"] for row in answer.get_json()["decisions"]]


def history(client: FlaskClient) -> dict[str, Any]:
    answer = client.get(PATH)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def first_suggestion(client: FlaskClient) -> str:
    tag: str = client.get("/v1/articles/a").get_json()["suggestions"][0]["tag"]
    return tag


def test_what_changes_an_article_is_noted_in_its_order(client: FlaskClient, store: Store) -> None:
    put(client)
    tag = first_suggestion(client)
    put(client, body=f"{ARTICLE['body']} A second blast followed.", tags=["afghanistan"])
    (accepted,) = decide(client, "ana", {"tag": tag, "action": "accept"})
    decide(client, "ana", {"decision_id": accepted, "action": "undo"}, complete=True)
    told = history(client)
    assert [row["kind"] for row in told["events"]] == [
        *("article_stored", "suggested", "article_changed", "suggested", "decided", "decided", "decided"),
    ]
    stored, first, changed, second, *decided = told["events"]
    assert (stored["by"], stored["listed"]) == ("cms", [])
    assert (changed["fields"], changed["listed"], changed["dropped"]) == (["body"], ["afghanistan"], [])
    assert [row["decision"]["action"] for row in decided] == ["accept", "undo", "complete"]
    assert not first["present_text"]
    assert second["present_text"]
    assert {row["tag"] for row in told["tags"]} == {"afghanistan"}
    assert told["labels"]["afghanistan"] == "Afghanistan"


def test_a_suggestion_is_told_with_its_model_its_words_and_whether_it_was_shown(
    client: FlaskClient, registry: Registry
) -> None:
    put(client)
    (row,) = [row for row in history(client)["events"] if row["kind"] == "suggested"]
    champion = registry.champion()
    assert champion is not None
    assert row["model_version"] == row["by"] == champion.version
    assert all(each["shown"] for each in row["suggestions"])
    words = " ".join(word for each in row["suggestions"] for word in each["words"]).lower()
    assert "kabul" in words or "taliban" in words
    assert not any(set(each) - {"tag", "label", "score", "band", "shown", "words"} for each in row["suggestions"])


def test_sending_the_same_again_notes_nothing(client: FlaskClient, store: Store) -> None:
    put(client)
    before = store.events.last()
    put(client)
    assert client.get("/v1/articles/a").status_code == 200
    assert store.events.last() == before


def test_a_change_of_no_text_is_named_too(client: FlaskClient, store: Store) -> None:
    put(client, url="https://desk.example/a", language="en")
    put(client, url="https://desk.example/b", language="fr")
    store.import_articles([replace(store.article("a").article, rejected=("hamas",))], "cms")
    changed = [row for row in history(client)["events"] if row["kind"] == "article_changed"]
    assert [set(row["fields"]) for row in changed] == [{"url", "language"}, {"rejected"}]


def test_what_is_not_done_is_not_noted(
    client: FlaskClient, store: Store, tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(client)
    before = store.events.last()
    with pytest.raises(BadDecision):
        store.log.decide("a", [Draft("add", "x"), Draft("undo", undoes="none")], "ana", lambda rows, log: {})
    monkeypatch.setattr("classifier.store.store.put_answer", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tagger.put_article(Article("a", title="Another title", body="Another body."))
    assert store.events.last() == before


def test_what_an_archive_run_adds_and_takes_back_is_told(client: FlaskClient, store: Store) -> None:
    put(client)
    run = store.runs.begin("archive")
    (candidate,) = store.assignments.candidates(Scope())
    store.assignments.add(run, [Additions("a", candidate.stamp, [("hamas", 0.75)])], lambda _: {})
    assert history(client)["events"][-1]["tags"] == [{"tag": "hamas", "label": "Hamas", "score": 0.75}]
    store.assignments.undo(run.id)
    added, undone = history(client)["events"][-2:]
    assert (added["kind"], undone["kind"]) == ("tags_added", "tags_taken_back")
    assert added["run_id"] == undone["run_id"] == run.id
    assert undone["tags"] == added["tags"]


def test_changes_of_the_taxonomy_are_told_where_they_touch_a_tag_of_the_article(
    client: FlaskClient, store: Store, taxonomy: Taxonomy
) -> None:
    store.taxonomy.import_first(taxonomy, "tests")
    put(client, tags=["afghanistan"])
    lines = ['relabel afghanistan "Afghan affairs"', 'relabel hamas "Hamas Movement"']
    store.taxonomy.apply([operation_from_text(line) for line in lines], "vera")
    store.taxonomy.apply([operation_from_text('relabel pakistan "Pakistani affairs"')], "vera")
    (row,) = [row for row in history(client)["events"] if row["kind"] == "taxonomy_changed"]
    assert row["by"] == "vera"
    assert len(row["lines"]) == 1
    assert "Afghan affairs" in row["lines"][0]


def test_a_blind_article_tells_nothing_that_the_model_said(tagger: Tagger, registry: Registry, store: Store) -> None:
    client = build_app(replace(tagger, shares=Shares(blind=1.0)), registry).test_client()
    put(client)
    keys = {"vera": store.keys.create("vera", "editor")}
    header = {"Authorization": f"Bearer {keys['vera']}"}
    sent = {"decisions": [{"tag": "afghanistan", "action": "add"}]}
    assert client.post("/v1/articles/a/decisions", json=sent, headers=header).status_code == 201
    before = client.get(PATH, headers=header).get_json()["events"]
    assert [row["kind"] for row in before] == ["article_stored", "decided"]
    assert before[1]["decision"]["score"] is None
    assert client.post("/v1/articles/a/decisions", json={"complete": True}, headers=header).status_code == 201
    after = client.get(PATH, headers=header).get_json()["events"]
    assert "suggested" in [row["kind"] for row in after]


def test_one_of_two_editors_does_not_read_what_the_other_decided(
    tagger: Tagger, registry: Registry, store: Store
) -> None:
    client = build_app(replace(tagger, shares=Shares(second=1.0)), registry).test_client()
    put(client)
    for name in ("ana", "bea"):
        header = {"Authorization": f"Bearer {store.keys.create(name, 'editor')}"}
        sent = {"decisions": [{"tag": "afghanistan", "action": "add"}]}
        assert client.post("/v1/articles/a/decisions", json=sent, headers=header).status_code == 201
    seen = client.get(PATH, headers=header).get_json()["events"]
    assert [row["by"] for row in seen if row["kind"] == "decided"] == ["bea"]


def test_events_go_with_their_article(client: FlaskClient, store: Store) -> None:
    put(client)
    assert kinds(store)
    assert client.delete("/v1/articles/a").status_code == 204
    assert kinds(store) == []
    assert client.get(PATH).status_code == 404


def test_runs_of_the_training_and_changes_of_the_champion_are_events(store: Store, registry: Registry) -> None:
    run = store.runs.begin(JOB)
    store.runs.end(run, "held", "It is worse.", version="v")
    publisher = Publisher(registry, store)
    for _ in range(2):
        publisher.work()
    registry.promote(registry.versions()[0], "vera", "It was good.")
    for _ in range(2):
        publisher.work()
    Publisher(registry, store).work()  # a process that starts knows what is noted
    ended = [event for event in store.events.since(0, 100) if event.kind == RETRAINED]
    assert [(event.subject, dict(event.facts or {})["outcome"]) for event in ended] == [(run.id, "held")]
    champions = [event for event in store.events.since(0, 100) if event.kind == CHAMPION]
    assert [(event.by, dict(event.facts or {})["why"]) for event in champions] == [
        (champion.by, champion.why) for champion in registry.history()
    ]


def test_events_are_read_behind_a_number(client: FlaskClient, store: Store) -> None:
    put(client)
    first, *others = store.events.since(0, 10)
    assert store.events.since(first.n, 10) == others
    assert store.events.since(0, 1) == [first]
    assert store.events.last() == others[-1].n
    assert asdict(first).keys() == set(Event.__dataclass_fields__)


def test_a_store_of_an_earlier_version_has_events_of_what_it_kept(
    client: FlaskClient, store: Store, database_url: str
) -> None:
    put(client)
    tag = first_suggestion(client)
    decide(client, "ana", {"tag": tag, "action": "accept"})
    run = store.runs.begin("archive")
    (candidate,) = store.assignments.candidates(Scope())
    store.assignments.add(run, [Additions("a", candidate.stamp, [("hamas", 0.75)])], lambda _: {})
    noted = [(event.kind, event.by, event.subject) for event in store.events.of_article("a")]
    before = history(client)
    store.close()
    migrate_to(make_engine(database_url), DOWN)
    with open_store(database_url).engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM events")).scalar() == len(noted)
    again = open_store(database_url)
    assert [(event.kind, event.by, event.subject) for event in again.events.of_article("a")] == noted
    assert before["events"][-1]["kind"] == "tags_added"
    again.close()


DOWN = "0026"  # the last revision without events


def test_the_page_says_it_in_sentences(client: FlaskClient, store: Store) -> None:
    put(client, tags=["afghanistan"])
    tag = first_suggestion(client)
    decide(client, "ana", {"tag": tag, "action": "reject", "reason": "wrong"})
    hostile = "<script>alert(1)</script>"
    put(client, tags=["afghanistan", hostile])
    client.post("/sign-in", data={"name": "chief"})
    page = client.get("/articles/a/history").text
    assert "ana rejected" in " ".join(page.replace("<bdi>", "").replace("</bdi>", "").split())
    assert "(not shown)" in page  # the article has that tag already
    assert hostile not in page
    assert "&lt;script&gt;" in page
    of_one = client.get(f"/articles/a/history?tag={tag}").text
    assert "Show everything" in of_one
    assert len(of_one) < len(page)


def test_an_editor_takes_back_what_they_decided_and_nothing_of_others(client: FlaskClient, store: Store) -> None:
    put(client)
    tag = first_suggestion(client)
    decide(client, "chief", {"tag": tag, "action": "accept"})
    decide(client, "ana", {"tag": "taliban", "action": "add"})
    client.post("/sign-in", data={"name": "chief"})
    page = html.fromstring(client.get("/articles/a/history").text)
    (form,) = page.xpath("//ol//form")
    fields = {each.get("name"): each.get("value") for each in form.xpath(".//input")}
    answer = client.post(form.get("action"), data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/articles/a/history")
    assert store.log.read("a").standing().tags == ("taliban",)
    page = html.fromstring(client.get("/articles/a/history").text)
    assert page.xpath("//ol//form") == []
    assert len(page.xpath("//li[contains(@class, 'taken-back')]")) == 1
    assert client.post(form.get("action"), data=fields).status_code == 422  # it was taken back before
    of_ana = next(row.id for row in store.log.all() if row.editor == "ana")
    assert client.post(form.get("action"), data=fields | {"decision": of_ana}).status_code == 422
    assert client.post(form.get("action"), data=fields | {"csrf": "x"}).status_code == 403


def test_changes_of_the_taxonomy_are_sentences_and_the_page_leads_to_its_json(
    client: FlaskClient, registry: Registry, store: Store
) -> None:
    publish(registry, store)
    put(client, tags=["hamas"])
    change(registry, store, [operation_from_text('relabel hamas "The movement"')], "chief")
    client.post("/sign-in", data={"name": "chief"})
    page = html.fromstring(client.get("/articles/a/history").text)
    told = " ".join(page.xpath("string(//li[contains(@class, 'taxonomy_changed')])").split())
    assert "chief gave The movement the label “The movement”." in told
    (set_id,) = {row.change_set for row in store.taxonomy.log().rows[1:]}
    assert page.xpath(f"//a[@href='/tags/changes/{set_id}']")
    (link,) = page.xpath("//a[text()='As JSON']/@href")
    assert client.get(link).get_json()["article_id"] == "a"


def test_the_page_needs_somebody_who_is_signed_in(client: FlaskClient, store: Store) -> None:
    put(client)
    store.keys.create("vera", "editor")
    assert client.get("/articles/a/history").status_code in (302, 303, 401)
